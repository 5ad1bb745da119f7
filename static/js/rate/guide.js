/**
 * What counts: the guideline under the question, with examples that are heard in place.
 */

import { icon } from "../icons.js";
import { gettext } from "../words.js";
import { recall, remember } from "./settings.js";

const byId = (id) => document.getElementById(id);
/** Elsewhere an open guideline would push the sound out of sight. */
const ROOMY = matchMedia("(min-width: 40rem) and (min-height: 50rem)");
const KINDS = {
  positive: () => gettext("This counts"),
  near_miss: () => gettext("This does not"),
};

/** Plays examples, one at a time. Event "play": the clip in question should be silent. */
export class Guide extends EventTarget {
  constructor() {
    super();
    this.audio = new Audio();
    this.button = null;
    this.shown = "";
    this.opened = false; // by itself, because it is new
    for (const name of ["ended", "pause", "error"]) this.audio.addEventListener(name, () => this.mark(null));
  }

  /** Show the guideline of a question; marked, and open where there is room, when it is new here. */
  show({ guideline, class: asked }, name) {
    const text = guideline?.text ?? "";
    byId("rate-guide").hidden = !text;
    const version = `guide.${guideline?.id ?? ""}.${asked.name}.${guideline?.version ?? 0}`;
    if (!text) return;
    if (version === this.shown) {
      if (this.opened) byId("rate-guide").open = false; // it was read with the first clip
      this.opened = false;
      return;
    }
    this.stop();
    this.shown = version;
    // Articles come with the taxonomy, in English: another language does without.
    const article = document.documentElement.lang === "en" ? asked.article : "";
    byId("rate-guide-title").textContent = gettext("What counts as {thing}?", { thing: [article, name].filter(Boolean).join(" ") });
    byId("rate-guide-text").textContent = text;
    byId("rate-examples").replaceChildren(...(guideline.examples ?? []).map((example) => this.row(example)));
    const isNew = recall(version, "") === "";
    byId("rate-guide-new").hidden = !isNew;
    this.opened = isNew && ROOMY.matches;
    byId("rate-guide").open = this.opened;
    remember(version, "seen");
  }

  toggle() {
    this.opened = false;
    const guide = byId("rate-guide");
    if (!guide.hidden) guide.open = !guide.open;
  }

  stop() {
    this.audio.pause();
  }

  setVolume(volume) {
    this.audio.volume = volume;
  }

  row(example) {
    const item = document.createElement("li");
    item.className = `example example--${example.kind}`;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button button--small";
    const counts = example.kind === "positive";
    const kind = KINDS[example.kind]?.() ?? "";
    const label = document.createElement("span");
    label.textContent = example.caption ? `${kind}: ${example.caption}` : kind;
    button.append(icon("play"), label);
    button.addEventListener("click", () => this.press(button, example.audio_url));
    item.append(icon(counts ? "check" : "x"), button);
    return item;
  }

  press(button, url) {
    if (this.button === button) {
      this.stop();
      return;
    }
    this.stop();
    this.audio.src = url;
    this.audio.play().then(() => this.mark(button)).catch(() => this.mark(null));
    this.dispatchEvent(new Event("play"));
  }

  mark(button) {
    for (const [one, name] of [[this.button, "play"], [button, "stop"]]) one?.firstChild.replaceWith(icon(name));
    this.button = button;
  }
}
