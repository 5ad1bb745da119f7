/**
 * Keys of the rating page. Single keys can be switched off (WCAG 2.1.4) and never act while one types.
 */

import { recall, remember } from "./settings.js";

export function keysAreOn() {
  return recall("keys", "on") !== "off";
}

export function setKeys(on) {
  remember("keys", on ? "on" : "off");
}

const TYPING = "textarea, select, audio, input:not([type=range]):not([type=checkbox]):not([type=button])";
const PRESSABLE = "button, a, summary, input[type=checkbox]";

/**
 * @param {Record<string, () => void>} actions by key; letters in lower case.
 */
export function bindKeys(actions) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (!keysAreOn() || document.querySelector("dialog[open]")) return;
    if (event.target.closest(TYPING)) return;
    const { key } = event;
    // Space and Enter on a button are that button's.
    if ((key === " " || key === "Enter") && event.target.closest(PRESSABLE)) return;
    // The volume slider keeps its arrows.
    if (key.startsWith("Arrow") && event.target.matches("[data-volume]")) return;
    const action = actions[key.length === 1 ? key.toLowerCase() : key];
    if (!action) return;
    event.preventDefault();
    const seeking = key.startsWith("Arrow");
    if (!event.repeat || seeking) action();
  });
}
