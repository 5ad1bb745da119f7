/**
 * Copy buttons: `[data-copy]` inside `.code` copies the <pre>; with a value, the text of that selector.
 */

import { gettext } from "./words.js";

const SHOWN_MS = 1600;

async function copy(button) {
  const source = button.dataset.copy ? document.querySelector(button.dataset.copy) : button.closest(".code").querySelector("pre");
  const label = button.querySelector("[data-copy-text]") ?? button;
  const before = button.copyLabel ??= label.textContent;
  try {
    await navigator.clipboard.writeText(source.textContent.trim());
    label.textContent = gettext("Copied");
  } catch {
    // No clipboard over plain http: select it, so that the person's own key does it.
    getSelection().selectAllChildren(source);
    label.textContent = gettext("Selected");
  }
  clearTimeout(button.copyTimer);
  button.copyTimer = setTimeout(() => { label.textContent = before; }, SHOWN_MS);
}

export function setUp(root) {
  for (const button of root.querySelectorAll("[data-copy]")) {
    if (button.copyReady) continue;
    button.copyReady = true;
    button.hidden = false;
    button.setAttribute("aria-live", "polite");
    button.addEventListener("click", () => copy(button));
  }
}
