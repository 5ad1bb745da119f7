/**
 * How far one is and how long the rest may take, from one's own pace.
 */

const FIRST_GUESS_MS = 9000;

export class Pace {
  constructor() {
    this.times = [];
    this.server = null; // progress as the server last told it
  }

  answered(ms) {
    this.times.push(Math.min(ms, 60_000));
    if (this.times.length > 30) this.times.shift();
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
    if (this.times.length < 3) return FIRST_GUESS_MS;
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
    const target = this.server.target;
    const total = target ? Math.max(target, done) : done + open;
    const left = Math.min(open, total - done);
    return { done, total, count: `${done} of ${total}`, left: inWords(left, this.typicalMs * left) };
  }
}

function inWords(clips, ms) {
  if (clips === 0) return "";
  const minutes = Math.round(ms / 60_000);
  if (minutes < 1) return "less than a minute left";
  if (minutes <= 90) return `about ${minutes} min left`;
  return `${clips} clips left`;
}
