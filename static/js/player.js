/**
 * Players in lists. Each `[data-player]` holds an <audio controls>; this puts one row in its place:
 * button, slider, time. Only one plays at a time, and nothing is loaded before it is asked for.
 * Which of its <source>s is played is the browser's choice, by their types. Clips come levelled from
 * the server: nothing here touches the volume.
 */

import { icon } from "./icons.js";
import { gettext } from "./words.js";

let playing = null;

function clock(seconds) {
  const whole = Math.max(Math.round(seconds), 0);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

function element(tag, className, attributes = {}) {
  const made = document.createElement(tag);
  made.className = className;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

function build(box) {
  const audio = box.querySelector("audio");
  const label = box.dataset.label || gettext("Clip");
  const button = element("button", "player__button", { type: "button", "aria-label": gettext("Play: {what}", { what: label }) });
  const seek = element("input", "player__seek range", { type: "range", min: "0", step: "0.1", value: "0", "aria-label": gettext("Position in {what}", { what: label }) });
  const time = element("span", "player__time");
  const duration = () => (Number.isFinite(audio.duration) ? audio.duration : Number(box.dataset.durationMs || 0) / 1000);

  function draw() {
    const total = duration();
    seek.max = String(total || 1);
    seek.value = String(audio.currentTime);
    seek.setAttribute("aria-valuetext", gettext("{time} of {total}", { time: clock(audio.currentTime), total: clock(total) }));
    time.textContent = audio.currentTime > 0 ? `${clock(audio.currentTime)} / ${clock(total)}` : clock(total);
  }

  function state(on) {
    box.classList.toggle("player--playing", on);
    button.replaceChildren(icon(on ? "pause" : "play"));
    button.setAttribute("aria-label", on ? gettext("Pause: {what}", { what: label }) : gettext("Play: {what}", { what: label }));
  }

  function fail() {
    const text = element("span", "player__error", { role: "alert" });
    text.textContent = gettext("Cannot be played");
    box.replaceChildren(text);
  }

  button.addEventListener("click", () => {
    if (!audio.paused) {
      audio.pause();
      return;
    }
    if (playing && playing !== audio) playing.pause();
    playing = audio;
    audio.play().catch((error) => { if (error.name !== "AbortError") fail(); });
  });
  seek.addEventListener("input", () => { audio.currentTime = Number(seek.value); });
  audio.addEventListener("play", () => state(true));
  audio.addEventListener("pause", () => state(false));
  audio.addEventListener("ended", () => { audio.currentTime = 0; draw(); });
  audio.addEventListener("timeupdate", draw);
  audio.addEventListener("loadedmetadata", draw);
  audio.addEventListener("error", fail); // broke off while it played; sources that fail are play()'s

  audio.controls = false;
  audio.hidden = true;
  box.prepend(button, seek, time);
  state(!audio.paused); // whoever was quick has pressed play already
  draw();
}

export function setUp(root) {
  for (const box of root.querySelectorAll("[data-player]")) {
    if (box.playerReady) continue;
    box.playerReady = true;
    build(box);
  }
}
