/**
 * Keys of the page where curators decide, the player's as on the rating page. Everything works without.
 */

import { bindKeys } from "./rate/keys.js";

const page = document.querySelector("#adjudication");
const press = (selector) => page?.querySelector(selector)?.click();
const decide = (value) => press(`.deciding__button[value="${value}"]`);
const audio = page?.querySelector(".deciding audio");

/** One press, one decision: a second one would only load the page twice. */
for (const form of page?.querySelectorAll("form[method=post]") ?? []) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
}
addEventListener("pageshow", () => {
  for (const form of page?.querySelectorAll("form[method=post]") ?? []) delete form.dataset.sent;
});

bindKeys({
  p: () => decide("present"),
  a: () => decide("absent"),
  n: () => decide("undecidable"),
  z: () => press("[data-undo]"),
  l: () => press("[data-later]"),
  " ": () => press(".deciding .player__button"),
  r: () => { if (audio) audio.currentTime = 0; },
});
