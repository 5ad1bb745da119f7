/**
 * The outbox: an answer enters it before anything else happens and leaves it only when the server
 * has confirmed it. Sending twice is harmless, because the server knows each answer by its key.
 * Skips and reports go the same way.
 */

import { gettext } from "../words.js";
import { openStore } from "./store.js";

const BATCH = 20;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;
const READ_MS = 8000; // a refusal stays told so long, whatever is answered meanwhile

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
   * @param {Record<string, (bodies: object[]) => Promise<{results: object[], progress?: object}>>} send by kind.
   * @param {string} person answers of somebody else who used this browser are left alone.
   */
  constructor(store, send, person) {
    super();
    this.store = store;
    this.send = send;
    this.person = person;
    this.items = new Map();
    this.problem = null; // the ApiError that stopped the last attempt
    this.refusal = ""; // why the last one was refused, until it was read
    this.refusedAt = 0;
    this.running = null;
    this.failures = 0;
    this.timer = 0;
    addEventListener("online", () => this.flush());
    addEventListener("pagehide", () => this.release());
    document.addEventListener("visibilitychange", () => this.release());
  }

  static async open(send, person = "") {
    const store = await openStore();
    const outbox = new Outbox(store, send, person);
    try {
      for (const item of await store.all()) {
        if (item.person === person) outbox.items.set(item.key, { kind: "rating", body: item.rating, ...item, heldUntil: 0 });
      }
    } catch {
      outbox.store.durable = false;
    }
    return outbox;
  }

  /** What waits for the server, in the order it was given. */
  get waiting() {
    return [...this.items.values()].filter((item) => !item.refused).sort((a, b) => a.at - b.at);
  }

  /** What can be sent now: all but the answer that may still be added to. */
  get due() {
    const now = Date.now();
    return this.waiting.filter((item) => item.heldUntil <= now);
  }

  get durable() {
    return this.store.durable;
  }

  /**
   * @param {"rating"|"skip"|"flag"} kind
   * @param {object} body with its key.
   * @param {number} holdMs how long it waits, stored, for `amend`; the next one releases it.
   */
  async add(kind, body, holdMs = 0) {
    if (Date.now() - this.refusedAt > READ_MS) this.refusal = "";
    this.letGo();
    const item = { key: body.key, person: this.person, at: Date.now(), kind, body, heldUntil: holdMs ? Date.now() + holdMs : 0 };
    this.items.set(item.key, item);
    if (holdMs) setTimeout(() => this.flush(), holdMs + 20);
    await this.keep(item);
    this.changed();
    return this.flush();
  }

  /** Add to an answer that is still here; false when it is on its way or with the server. */
  async amend(key, more) {
    const item = this.items.get(key);
    if (!item || item.heldUntil <= Date.now()) return false;
    Object.assign(item.body, more);
    await this.keep(item);
    return true;
  }

  /** Send at once what was held for `amend`. */
  release() {
    this.letGo();
    return this.flush();
  }

  letGo() {
    for (const item of this.items.values()) item.heldUntil = 0;
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
        if (this.due.length && !this.problem) this.flush();
      });
    }
    return this.running;
  }

  /** The first that wait, of one kind. */
  batch(size) {
    const { due } = this;
    const kind = due[0]?.kind;
    const other = due.findIndex((item) => item.kind !== kind);
    return due.slice(0, Math.min(kind === "rating" ? size : 1, other < 0 ? due.length : other));
  }

  async sendAll() {
    let size = BATCH;
    for (let batch = this.batch(size); batch.length; batch = this.batch(size)) {
      let answer;
      try {
        answer = await this.send[batch[0].kind](batch.map((item) => item.body));
      } catch (error) {
        if (error.temporary || error.forbidden) return this.later(error);
        const why = new Map((error.results ?? []).map((result) => [result.key, result.detail]));
        if (batch.length === 1 || batch.every((item) => why.has(item.key))) {
          for (const item of batch) await this.refuse(item, why.get(item.key) || error.message);
        } else {
          size = 1; // one bad answer must not hold up the others: find it by sending them singly
        }
        this.problem = null; // the server was there and said no
        this.failures = 0;
        continue;
      }
      this.problem = null;
      this.failures = 0;
      const known = new Set(batch.map((item) => item.key));
      for (const result of answer.results ?? []) {
        if (!known.delete(result.key)) continue;
        if (result.status === "rejected") await this.refuse(this.items.get(result.key), result.detail);
        else await this.forget(result.key);
      }
      if (answer.progress) this.dispatchEvent(new CustomEvent("progress", { detail: answer.progress }));
      // An answer the server did not mention is not confirmed: try again, but not at once.
      if (known.size) return this.later(new Error(gettext("The server did not confirm every answer.")));
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
    item.refused = detail || gettext("The server did not accept it.");
    await this.keep(item); // so that it can be looked into; sent no more
    this.refusal = item.refused;
    this.refusedAt = Date.now();
  }

  async keep(item) {
    try {
      await this.store.put(item);
    } catch {
      this.store.durable = false; // disk full: it stays in memory and is sent at once
    }
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
