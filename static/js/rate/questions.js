/**
 * Questions ahead: claimed before they are needed, shown in order, never one twice.
 */

const AHEAD = 3; // clips whose sound is loaded before they are shown
const MOST_AT_ONCE = 20; // what the server hands out

export class Questions {
  /**
   * @param {object} api from createApi().
   * @param {object} outbox whose answers are on their way: what they answer is not asked again.
   * @param {number} perClip how many questions one clip may bring.
   */
  constructor(api, outbox, perClip) {
    this.api = api;
    this.outbox = outbox;
    this.perClip = perClip;
    this.wish = {};
    this.queue = [];
    this.current = null;
    this.given = []; // answered in this sitting, newest last: {question, key}
    this.passed = []; // assignments that were skipped or reported
    this.ended = null; // {reason, detail, url, class} when the server has no more
    this.claiming = false;
  }

  /** Assignments this page has: shown, coming, passed on, or answered and still on their way. */
  get holding() {
    const mine = [this.current, ...this.queue].filter(Boolean).map((question) => question.assignment);
    return mine.concat(this.passed, this.outbox.waiting.map((item) => item.body.assignment));
  }

  /** How many clips are missing from those that should lie ready. */
  get missing() {
    const ready = new Set(this.queue.map((question) => question.clip.id));
    if (this.current) ready.delete(this.current.clip.id);
    return AHEAD + (this.current ? 0 : 1) - ready.size;
  }

  /** Be asked in another way, or about another class; what was claimed for the last one runs out. */
  choose(wish) {
    this.passed.push(...this.queue.map((question) => question.assignment));
    this.queue = [];
    this.wish = wish;
    this.ended = null;
  }

  /**
   * Claim what is missing.
   *
   * @returns {Promise<{fresh: object[], progress: object}|null>} null when nothing was asked for.
   */
  async claim() {
    const { missing, wish } = this;
    if (this.claiming || this.ended || missing <= 0) return null;
    this.claiming = true;
    try {
      const count = Math.min(missing * this.perClip, MOST_AT_ONCE);
      const answer = await this.api.claim(count, this.holding, wish);
      if (wish !== this.wish) return null; // chosen otherwise meanwhile
      const known = new Set([...this.holding, ...this.given.map((entry) => entry.question.assignment)]);
      const fresh = answer.questions.filter((question) => !known.has(question.assignment));
      this.queue.push(...fresh);
      // "hands_full": leases of another tab or visit; they come free by themselves.
      if (!answer.questions.length && answer.reason !== "hands_full") {
        const { reason = "nothing_left", detail = "", quiz } = answer;
        this.ended = { reason, detail, url: quiz?.url ?? "", class: quiz?.class ?? "" };
      }
      return { fresh, progress: answer.progress };
    } finally {
      this.claiming = false;
    }
  }

  /** Take the next whose lease still lives; null when there is none. */
  next() {
    const now = Date.now();
    this.queue = this.queue.filter((question) => Date.parse(question.lease_until) > now);
    this.current = this.queue.shift() ?? null;
    return this.current;
  }

  /** All questions about the clip on screen, in the order they are asked, with what was answered. */
  get pass() {
    if (!this.current) return [];
    const { id } = this.current.clip;
    const about = (question) => question.clip.id === id;
    const before = this.given.filter((entry) => about(entry.question) && !this.queue.includes(entry.question));
    return [
      ...before.slice(-this.perClip).map(({ question, answer }) => ({ question, answer })),
      { question: this.current, answer: "" },
      ...this.queue.filter(about).map((question) => ({ question, answer: "" })),
    ];
  }

  /** Questions whose clips must stay loaded: the coming ones, and the last, which may be undone. */
  get needed() {
    const last = this.given.slice(-AHEAD).map((entry) => entry.question);
    return [this.current, ...this.queue, ...last].filter(Boolean);
  }

  /** Pass the current question on, and with `wholeClip` whatever else is asked about its clip. */
  passOn(wholeClip) {
    const { current } = this;
    const others = wholeClip ? this.queue.filter((question) => question.clip.id === current.clip.id) : [];
    this.queue = this.queue.filter((question) => !others.includes(question));
    const gone = [current, ...others];
    this.passed.push(...gone.map((question) => question.assignment));
    this.current = null;
    return gone;
  }

  /** Show a question again whose answer was taken back. */
  bringBack(entry) {
    this.given = this.given.filter((other) => other !== entry);
    if (this.current) this.queue.unshift(this.current);
    this.current = entry.question;
  }
}
