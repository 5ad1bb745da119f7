/**
 * Sounds and pictures of the coming clips, loaded ahead so that an answer starts the next at once;
 * and what was heard of each.
 */

import { gettext } from "../words.js";

const SUPPORTED = () => document.createElement("audio").canPlayType("audio/mpeg") !== "";

/** What to tell when a clip does not play. */
export function whyNot(audio) {
  if (!SUPPORTED()) return gettext("This browser cannot play MP3 audio. Try another one.");
  if (!navigator.onLine) return gettext("You are offline. It will play once the connection is back.");
  if (audio.error && audio.error.code === MediaError.MEDIA_ERR_DECODE) return gettext("The file seems to be damaged.");
  return gettext("It could not be loaded.");
}

/**
 * A clip at hand. Several questions may be about it: it is loaded once, and heard once for all.
 *
 * @typedef {object} Take
 * @property {HTMLAudioElement} audio
 * @property {HTMLImageElement} picture
 * @property {number} heardMs how much of it was heard
 * @property {number} replays how often it was begun again
 * @property {boolean} heardToEnd
 * @property {number} soundAt when its first sound came (performance.now()); 0 before
 */

export class Shelf {
  constructor() {
    /** @type {Map<string, Take>} */
    this.takes = new Map();
  }

  /** The clip of a question, loading since it was first asked for. */
  get({ clip }) {
    let take = this.takes.get(clip.id);
    if (!take) {
      const audio = new Audio();
      audio.preload = "auto";
      audio.src = clip.audio_url;
      const picture = new Image();
      picture.src = clip.spectrogram_url;
      take = { audio, picture, heardMs: 0, replays: 0, heardToEnd: false, soundAt: 0 };
      this.takes.set(clip.id, take);
    }
    return take;
  }

  /** Let go of every clip that no question of `needed` is about. */
  keepOnly(needed) {
    const ids = new Set(needed.map((question) => question.clip.id));
    for (const [id, { audio }] of this.takes) {
      if (ids.has(id)) continue;
      audio.pause();
      audio.removeAttribute("src");
      audio.load(); // lets go of the connection
      this.takes.delete(id);
    }
  }
}

/** The outline of a sound from its peaks (pairs of int8), for a viewBox of 400 x 256. */
export function wavePath(peaks) {
  if (!peaks.length) return "";
  const step = 400 / peaks.length;
  const point = (value, index) => `${(index * step + step / 2).toFixed(1)} ${Math.round(128 - value)}`;
  const upper = peaks.map(([low, high], i) => point(Math.max(high, low + 2), i));
  const lower = peaks.map(([low], i) => point(low, i)).reverse();
  return `M${upper.join("L")}L${lower.join("L")}Z`;
}
