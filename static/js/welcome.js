/**
 * Keys of the sound check and the headphone test, and one press, one answer. Everything works without.
 */

import { bindKeys } from "./rate/keys.js";
import { recall, remember } from "./rate/settings.js";

const audio = document.getElementById("welcome-sound");
const press = (selector) => document.querySelector(selector)?.click();

if (audio) {
  audio.volume = Number(recall("volume", "1"));
  audio.addEventListener("volumechange", () => remember("volume", audio.volume));
}

for (const form of document.querySelectorAll(".rate form")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
}
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll(".rate form")) delete form.dataset.sent;
});

function play() {
  if (!audio) return;
  if (audio.paused) audio.play().catch(() => {}); // the player's own bar shows that it does not play
  else audio.pause();
}

bindKeys({
  ...Object.fromEntries([1, 2, 3, 4].map((choice) => [choice, () => press(`[data-choice="${choice}"]`)])),
  " ": play,
  r: () => {
    if (!audio) return;
    audio.currentTime = 0;
    audio.play().catch(() => {});
  },
  Enter: () => press("#welcome-next"),
});
