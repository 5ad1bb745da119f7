/**
 * Keys of the quiz, the same as on the rating page. Everything works without.
 */

import { bindKeys } from "./rate/keys.js";

const press = (selector) => document.querySelector(selector)?.click();
const answer = (value) => press(`#quiz .answer[value="${value}"]`);
const audio = document.querySelector("#quiz .listen audio");

/** One press, one answer: a second one would be refused, but would still load the page twice. */
for (const form of document.querySelectorAll("#quiz form")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
}
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("#quiz form")) delete form.dataset.sent;
});

/** The player comes a moment after the page: until then the sound is played as it is. */
function play() {
  const button = document.querySelector("#quiz .listen .player__button");
  if (button) button.click();
  else audio?.play().catch(() => {}); // the player's button tells why
}

bindKeys({
  y: () => answer("yes"), 1: () => answer("yes"),
  n: () => answer("no"), 2: () => answer("no"),
  u: () => answer("unsure"), 3: () => answer("unsure"),
  " ": play,
  r: () => { if (audio) audio.currentTime = 0; },
  Enter: () => press("#quiz-next"),
});
