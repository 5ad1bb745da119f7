/**
 * Two clips heard against each other: from the same moment of what they share, one in the other's place, or
 * both at once; and keys. Without this page's script both players and all buttons work.
 */

import { bindKeys } from "./rate/keys.js";

const page = document.querySelector("#review");
const pair = page?.querySelector(".pair");
const sides = [...(pair?.querySelectorAll("[data-side]") ?? [])];
const sounds = sides.map((side) => side.querySelector("audio"));
const transport = page?.querySelector(".pair__transport");
const lag = Number(pair?.dataset.lag ?? 0); // how much later the second one's content is, seconds
const start = [Math.max(0, -lag), Math.max(0, lag)];
let heard = 0;
let both = false;

const press = (selector) => page?.querySelector(selector)?.click();
const button = (name) => transport?.querySelector(`[data-${name}]`);
const isPlaying = () => sounds.some((sound) => !sound.paused);

/** One press, one verdict: a second one would only load the page twice. */
for (const form of page?.querySelectorAll("form[method=post]") ?? []) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
}
addEventListener("pageshow", () => {
  for (const form of page?.querySelectorAll("form[method=post]") ?? []) delete form.dataset.sent;
});

function show() {
  if (!transport) return;
  button("play").setAttribute("aria-pressed", String(isPlaying()));
  button("both").setAttribute("aria-pressed", String(both));
  button("swap").querySelector("[data-heard]").textContent = sides[heard].getAttribute("aria-label");
  sides.forEach((side, place) => side.toggleAttribute("data-heard-now", both || place === heard));
}

/** How far into what both share the one that is heard is, in seconds. */
const moment = () => Math.max(0, sounds[heard].currentTime - start[heard]);

function playFrom(shared) {
  sounds.forEach((sound, place) => {
    const wanted = both || place === heard;
    if (!wanted) {
      sound.pause();
      return;
    }
    sound.currentTime = start[place] + shared;
    sound.play().catch(() => {}); // the player below says so itself when it cannot
  });
}

function toggle() {
  if (isPlaying()) sounds.forEach((sound) => sound.pause());
  else playFrom(sounds[heard].ended ? 0 : moment());
}

function hear(place) {
  const shared = moment();
  const wasPlaying = isPlaying();
  both = false;
  heard = place;
  if (wasPlaying) playFrom(shared);
  else sounds[place].currentTime = start[place] + shared;
  show();
}

function together() {
  both = !both;
  playFrom(moment());
  show();
}

if (transport && sounds.every(Boolean)) {
  transport.hidden = false;
  button("play").addEventListener("click", toggle);
  button("swap").addEventListener("click", () => hear(1 - heard));
  button("both").addEventListener("click", together);
  button("restart").addEventListener("click", () => playFrom(0));
  for (const sound of sounds) for (const kind of ["play", "pause", "ended"]) sound.addEventListener(kind, show);
  show();
}

bindKeys({
  s: () => press('.deciding__button[value="same"]'),
  d: () => press('.deciding__button[value="different"]'),
  u: () => press('.deciding__button[value="unsure"]'),
  z: () => press("[data-undo]"),
  x: () => press("[data-swap]"),
  b: () => press("[data-both]"),
  r: () => press("[data-restart]"),
  1: () => hear(0),
  2: () => hear(1),
  " ": () => press("[data-play]"),
  ArrowLeft: () => press("[data-previous]"),
  ArrowRight: () => press("[data-next]"),
});
