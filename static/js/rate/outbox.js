/**
 * The outbox: an answer enters it before anything else happens and leaves it only when the server
 * has confirmed it. Sending twice is harmless, because the server knows each answer by its key.
 */

import { openStore } from "./store.js";

const BATCH = 20;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;

/** A key that names one answer for ever; randomUUID exists only on https and localhost. */
export function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

export class Outbox extends EventTarget {
  /**
   * @param {object} store from openStore().
   * @param {(ratings: object[]) => Promise<{results: object[], progress?: object}>} send
   * @param {string} person answers of somebody else who used this browser are left alone.
   */
  constructor(store, send, person) {
    super();
    this.store = store;
    this.send = send;
    this.person = person;
    this.items = new Map();
    this.refused = 0;
    this.problem = null; // the ApiError that stopped the last attempt
    this.running = null;
    this.failures = 0;
    this.timer = 0;
    addEventListener("online", () => this.flush());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.flush();
    });
  }

  static async open(send, person = "") {
    const store = await openStore();
    const outbox = new Outbox(store, send, person);
    try {
      for (const item of await store.all()) {
        if (item.person === person) outbox.items.set(item.key, item);
      }
    } catch {
      outbox.store.durable = false;
    }
    return outbox;
  }

  /** Answers that wait for the server, in the order they were given. */
  get waiting() {
    return [...this.items.values()].filter((item) => !item.refused).sort((a, b) => a.at - b.at);
  }

  get durable() {
    return this.store.durable;
  }

  async add(rating) {
    const item = { key: rating.key, person: this.person, at: Date.now(), rating };
    this.items.set(item.key, item);
    try {
      await this.store.put(item);
    } catch {
      this.store.durable = false; // disk full: it stays in memory and is sent at once
    }
    this.changed();
    return this.flush();
  }

  /**
   * Take an answer back before it was sent.
   *
   * @returns {Promise<boolean>} false when it is with the server already.
   */
  async withdraw(key) {
    if (this.running) await this.running;
    if (!this.items.has(key)) return false;
    await this.forget(key);
    this.changed();
    return true;
  }

  /** Send what waits; one attempt at a time. */
  flush() {
    if (!this.running) {
      clearTimeout(this.timer);
      this.running = this.sendAll().finally(() => {
        this.running = null;
        this.changed();
        if (this.waiting.length && !this.problem) this.flush();
      });
    }
    return this.running;
  }

  async sendAll() {
    let size = BATCH;
    for (let batch = this.waiting.slice(0, size); batch.length; batch = this.waiting.slice(0, size)) {
      let answer;
      try {
        answer = await this.send(batch.map((item) => item.rating));
      } catch (error) {
        if (error.temporary || error.forbidden) return this.later(error);
        // One bad answer must not hold up the others: find it by sending them singly.
        if (batch.length > 1) size = 1;
        else await this.refuse(batch[0], error.message);
        continue;
      }
      this.problem = null;
      this.failures = 0;
      const known = new Set(batch.map((item) => item.key));
      for (const result of answer.results ?? []) {
        if (!known.delete(result.key)) continue;
        if (result.status === "rejected") await this.refuse(this.items.get(result.key), result.detail);
        else await this.forget(result.key);
        this.dispatchEvent(new CustomEvent("result", { detail: result }));
      }
      if (answer.progress) this.dispatchEvent(new CustomEvent("progress", { detail: answer.progress }));
      // An answer the server did not mention is not confirmed: try again, but not at once.
      if (known.size) return this.later(new Error("The server did not confirm every answer."));
    }
    return undefined;
  }

  later(error) {
    this.problem = error;
    const wait = Math.min(FIRST_WAIT_MS * 2 ** this.failures, LONGEST_WAIT_MS) * (0.75 + Math.random() / 2);
    this.failures += 1;
    this.timer = setTimeout(() => this.flush(), Math.max(wait, (error.retryAfter || 0) * 1000));
  }

  async refuse(item, detail) {
    if (!item) return;
    item.refused = detail || "The server did not accept it.";
    this.refused += 1;
    try {
      await this.store.put(item); // kept, so that it can be looked into; sent no more
    } catch {
      this.store.durable = false;
    }
    this.dispatchEvent(new CustomEvent("refused", { detail: item.refused }));
  }

  async forget(key) {
    this.items.delete(key);
    try {
      await this.store.remove(key);
    } catch {
      this.store.durable = false; // worst case: sent again after a reload, and known by its key
    }
  }

  changed() {
    this.dispatchEvent(new Event("change"));
  }
}
