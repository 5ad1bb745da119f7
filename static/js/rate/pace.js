/**
 * How far one is and how long the rest may take, from one's own pace, which the device remembers.
 */

import { gettext, ngettext } from "../words.js";
import { recall, remember } from "./settings.js";

const FIRST_GUESS_MS = 9000;
const LONGEST_MS = 60_000; // a longer one was a break

export class Pace {
  constructor() {
    this.times = [];
    this.known = Number(recall("pace", FIRST_GUESS_MS)) || FIRST_GUESS_MS;
    this.server = null; // progress as the server last told it
  }

  answered(ms) {
    this.times.push(Math.min(ms, LONGEST_MS));
    if (this.times.length > 30) this.times.shift();
    if (this.times.length >= 5) remember("pace", Math.round(this.typicalMs));
  }

  /** The server took an answer back; it may tell the new progress itself. */
  undone(progress) {
    if (progress) this.server = progress;
    else if (this.server) {
      const { answered_by_you: done, remaining_for_you: open } = this.server;
      this.server = { ...this.server, answered_by_you: Math.max(done - 1, 0), remaining_for_you: open + 1 };
    }
  }

  get typicalMs() {
    if (this.times.length < 3) return this.known;
    const sorted = [...this.times].sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)];
  }

  /**
   * @param {number} waiting answers given that the server has not counted yet.
   * @returns {{done: number, total: number, count: string, left: string} | null}
   */
  describe(waiting) {
    if (!this.server) return null;
    const done = this.server.answered_by_you + waiting;
    const open = Math.max(this.server.remaining_for_you - waiting, 0);
    const total = done + open;
    const shown = (number) => number.toLocaleString(document.documentElement.lang || "en");
    const count = gettext("{done} of {total}", { done: shown(done), total: shown(total) });
    return { done, total, count, left: inWords(open, this.typicalMs * open) };
  }
}

function inWords(questions, ms) {
  if (questions === 0) return "";
  const minutes = Math.round(ms / 60_000);
  if (minutes < 1) return gettext("less than a minute left");
  if (minutes <= 90) return ngettext("about {count} min left", "about {count} min left", minutes);
  return ngettext("{count} question left", "{count} questions left", questions);
}

/** Milliseconds from the first sound of a clip until a moment; none where there was no sound. */
export function since(soundAt, moment) {
  return soundAt && moment >= soundAt ? Math.round(moment - soundAt) : null;
}
