/**
 * The player of the rating page: picture, cursor, slider, buttons, and the measure of what was heard.
 * Events: "tick" (something moved), "blocked" (the browser wants a click first), "loop", "failed".
 */

import { gettext } from "../words.js";
import { Shelf, wavePath, whyNot } from "./sound.js";

const byId = (id) => document.getElementById(id);

/** A jump of more than this between two looks at the clock was a seek, not listening. */
const LONGEST_STEP_S = 1.5;

export class Listen extends EventTarget {
  constructor(minHeardMs) {
    super();
    this.minHeardMs = minHeardMs;
    this.shelf = new Shelf();
    this.take = null;
    this.clip = null;
    this.volume = 1;
    this.looping = false;
    this.failed = false;
    this.frame = 0;
    this.ui = Object.fromEntries(
      ["picture", "spectrogram", "wave", "wave-played", "played-rect", "cursor", "seek", "play", "restart", "loop",
        "time", "audio-error", "audio-error-text"].map((name) => [name, byId(`rate-${name}`)]),
    );
    this.ui.play.addEventListener("click", () => this.toggle());
    this.ui.restart.addEventListener("click", () => this.restart());
    this.ui.loop.addEventListener("click", () => this.setLoop(!this.looping));
    this.ui.seek.addEventListener("input", () => this.seek(Number(this.ui.seek.value)));
    byId("rate-retry").addEventListener("click", () => this.retry());
    new ResizeObserver(() => this.draw()).observe(this.ui.picture);
    this.listeners = {
      timeupdate: () => this.look(),
      play: () => this.playing(true),
      playing: () => { this.take.soundAt ||= performance.now(); },
      pause: () => this.playing(false),
      ended: () => this.ended(),
      error: () => this.fail(),
      seeked: () => this.draw(),
    };
  }

  get audio() {
    return this.take?.audio ?? null;
  }

  get duration() {
    const known = this.audio?.duration;
    return Number.isFinite(known) && known > 0 ? known : (this.clip?.duration_ms ?? 10_000) / 1000;
  }

  get heardEnough() {
    return Boolean(this.take) && (this.take.heardMs >= this.minHeardMs || this.take.heardToEnd);
  }

  /** How long one still has to listen, in whole seconds, at least 1. */
  get secondsLeft() {
    return Math.max(Math.ceil((this.minHeardMs - (this.take?.heardMs ?? 0)) / 1000), 1);
  }

  /**
   * Show a question's clip and start it; the next question about the same clip lets it play on.
   * Must be called from a user's action the first time.
   */
  show(question) {
    const { clip } = question;
    if (this.take && this.clip.id === clip.id) return;
    this.leave();
    this.clip = clip;
    this.take = this.shelf.get(question);
    const { audio } = this;
    for (const [name, listener] of Object.entries(this.listeners)) audio.addEventListener(name, listener);
    audio.volume = this.volume;
    audio.loop = this.looping;
    this.take.soundAt = 0;
    if (audio.currentTime) audio.currentTime = 0;
    this.last = 0;
    this.failed = false;
    if (audio.error) audio.load();
    this.play(); // before anything is drawn
    this.ui["audio-error"].hidden = true;
    this.ui.spectrogram.src = clip.spectrogram_url;
    const path = wavePath(clip.peaks ?? []);
    this.ui.wave.setAttribute("d", path);
    this.ui["wave-played"].setAttribute("d", path);
    this.ui.seek.max = String(this.duration);
  }

  leave() {
    cancelAnimationFrame(this.frame);
    const { audio } = this;
    if (!audio) return;
    for (const [name, listener] of Object.entries(this.listeners)) audio.removeEventListener(name, listener);
    audio.pause();
    this.take = null;
    this.clip = null;
  }

  play() {
    const { audio } = this;
    if (!audio) return;
    audio.play().catch((error) => {
      if (audio !== this.audio) return;
      if (error.name === "NotAllowedError") this.dispatchEvent(new Event("blocked"));
      else if (error.name !== "AbortError") this.fail();
    });
  }

  pause() {
    this.audio?.pause();
  }

  toggle() {
    if (!this.audio) return;
    if (!this.audio.paused) {
      this.audio.pause();
      return;
    }
    if (this.audio.ended) this.take.replays += 1;
    this.play();
  }

  restart() {
    if (!this.audio) return;
    this.take.replays += 1;
    this.seek(0);
    this.play();
  }

  seek(seconds) {
    if (!this.audio) return;
    this.look(); // count what was heard up to here
    this.audio.currentTime = Math.min(Math.max(seconds, 0), this.duration);
    this.last = this.audio.currentTime;
    this.draw();
  }

  seekBy(seconds) {
    if (this.audio) this.seek(this.audio.currentTime + seconds);
  }

  setLoop(on) {
    this.looping = on;
    if (this.audio) this.audio.loop = on;
    this.ui.loop.setAttribute("aria-pressed", String(on));
    this.dispatchEvent(new Event("loop"));
  }

  setVolume(volume) {
    this.volume = volume;
    if (this.audio) this.audio.volume = volume;
  }

  retry() {
    if (!this.audio) return;
    this.failed = false;
    this.ui["audio-error"].hidden = true;
    this.audio.src = this.clip.audio_url;
    this.audio.load();
    this.play();
  }

  fail() {
    this.failed = true;
    this.ui["audio-error-text"].textContent = whyNot(this.audio);
    this.ui["audio-error"].hidden = false;
    this.playing(false);
    this.dispatchEvent(new Event("failed"));
  }

  ended() {
    this.take.heardToEnd = true;
    this.look();
    this.playing(false);
  }

  playing(on) {
    this.ui.play.classList.toggle("is-playing", on);
    this.ui.play.setAttribute("aria-label", on ? gettext("Pause") : gettext("Play"));
    cancelAnimationFrame(this.frame);
    if (on) {
      const step = () => {
        this.look();
        this.frame = requestAnimationFrame(step);
      };
      this.frame = requestAnimationFrame(step);
    } else {
      this.look();
    }
  }

  /** Look at the clock: add what was heard since the last look. */
  look() {
    const { audio, take } = this;
    if (!audio) return;
    const moved = audio.currentTime - this.last;
    if (moved > 0 && moved <= LONGEST_STEP_S && !audio.seeking) take.heardMs += moved * 1000;
    else if (moved < 0 && audio.loop && !audio.seeking) {
      take.replays += 1;
      take.heardToEnd = true;
    }
    this.last = audio.currentTime;
    this.draw();
    this.dispatchEvent(new Event("tick"));
  }

  draw() {
    if (!this.audio) return;
    const { duration } = this;
    const now = Math.min(this.audio.currentTime, duration);
    const share = now / duration;
    this.ui.cursor.style.transform = `translateX(${(share * this.ui.picture.clientWidth).toFixed(1)}px)`;
    this.ui["played-rect"].setAttribute("width", (share * 400).toFixed(2));
    const text = `${now.toFixed(1)} / ${duration.toFixed(1)} s`;
    if (text === this.drawn) return; // ten times a second is enough for text and slider
    this.drawn = text;
    this.ui.time.textContent = text;
    this.ui.seek.max = String(duration);
    this.ui.seek.value = String(now);
    const told = { now: Math.round(now), all: Math.round(duration) };
    this.ui.seek.setAttribute("aria-valuetext", gettext("{now} of {all} seconds", told));
  }
}
