/**
 * When no more questions come: the end card, made by the server; or in words, without a network.
 */

import { gettext, ngettext } from "../words.js";
import { showEnd, showNote } from "./screen.js";

/** Why nothing more comes, for when the server cannot be asked. */
const PLAINLY = {
  nothing_left: () => gettext("That was the last one"),
  paused: () => gettext("This campaign is paused"),
  closed: () => gettext("This campaign is closed"),
  paused_you: () => gettext("You are paused here"),
  quiz: () => gettext("A short quiz first"),
  consent: () => gettext("The terms have changed"),
  study_done: () => gettext("You have finished the study"),
  welcome: () => gettext("Instructions first"),
  headphones: () => gettext("Headphones first"),
};

/**
 * @param {object} config content of #rate-config.
 * @param {{reason: string, detail: string, url: string}} ended as the claim told it.
 * @param {number} given answers of this sitting.
 * @param {string} className the class that was asked about, "" where there were several.
 */
export async function finish(config, ended, given, className) {
  const next = ended.url || config.pages[ended.reason] || "";
  try {
    showEnd(await fetchCard(config, { reason: ended.reason, given, class: className }));
  } catch {
    const thanks = given ? ngettext("You answered {count} question in this sitting. Thank you!", "You answered {count} questions in this sitting. Thank you!", given) : "";
    const title = (PLAINLY[ended.reason] ?? PLAINLY.nothing_left)();
    showNote("ended", title, [thanks, ended.detail].filter(Boolean).join(" "), next);
    return;
  }
  const card = document.getElementById("rate-end");
  const first = card.querySelector("[data-first]");
  if (first && ended.url) first.href = ended.url;
  if (ended.detail) card.querySelector(".lead").append(" ", ended.detail);
}

async function fetchCard(config, about) {
  const response = await fetch(`${config.end_url}?${new URLSearchParams(about)}`, { credentials: "same-origin", redirect: "error" });
  if (!response.ok) throw new Error(String(response.status));
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  return page.body.children;
}
