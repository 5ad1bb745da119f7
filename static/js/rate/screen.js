/**
 * What the rating page shows: the start card, a question, a note or the end card; and the line that
 * tells the state.
 */

import { icon } from "../icons.js";
import { gettext, ngettext } from "../words.js";

const byId = (id) => document.getElementById(id);
const SAVING_SHOWS_AFTER_MS = 600;
const STATES = ["start", "question", "note", "end"];

let savingTimer = 0;

function setState(state) {
  byId("rate").dataset.state = state;
  for (const one of STATES) byId(`rate-${one}`).hidden = one !== state;
  byId("rate-top").hidden = state === "start";
}

/**
 * A card instead of a question.
 *
 * @param {"loading"|"waiting"|"signed-out"|"error"|"ended"} kind
 * @param {string} next where one can go on, where that is another page.
 */
export function showNote(kind, title, text, next = "") {
  byId("rate").dataset.note = kind;
  byId("rate-note-title").textContent = title;
  byId("rate-note-text").textContent = text;
  byId("rate-note-login").hidden = kind !== "signed-out";
  byId("rate-note-next").hidden = !next;
  if (next) byId("rate-note-next").href = next;
  byId("rate-note-again").hidden = Boolean(next) || kind === "loading";
  setState("note");
  byId("rate-note-title").focus({ preventScroll: true });
}

/** The kind of the note on screen, or "" when there is none. */
export function noteOnScreen() {
  const { state, note } = byId("rate").dataset;
  return state === "note" ? note : "";
}

/** The end card, as the server made it. */
export function showEnd(nodes) {
  byId("rate-end").replaceChildren(...nodes);
  setState("end");
  byId("rate-end").querySelector("h1")?.focus({ preventScroll: true });
}

/** The prompt with the class's name set off; built as nodes, so that no name can be markup. */
function promptNodes({ prompt, class: asked }) {
  const name = asked.display_name ?? "";
  const at = name ? prompt.toLowerCase().indexOf(name.toLowerCase()) : -1;
  if (at < 0) return [prompt];
  const strong = document.createElement("strong");
  strong.textContent = prompt.slice(at, at + name.length);
  return [prompt.slice(0, at), strong, prompt.slice(at + name.length)];
}

/** Show a question; returns its class as the sentence spells it. */
export function showQuestion(question) {
  const nodes = promptNodes(question);
  byId("rate-prompt").replaceChildren(...nodes);
  setState("question");
  // Read aloud by screen readers; and Space plays instead of pressing the last answer again.
  byId("rate-prompt").focus({ preventScroll: true });
  return nodes.length > 1 ? nodes[1].textContent : question.class.display_name;
}

const SAID = { yes: () => gettext("yes"), no: () => gettext("no"), unsure: () => gettext("unsure") };

/**
 * The classes that are asked about one clip, the current one marked.
 *
 * @param {{question: object, answer: string}[]} pass
 * @param {object} current
 */
export function showPass(pass, current) {
  const list = byId("rate-pass");
  list.hidden = pass.length < 2;
  if (list.hidden) return;
  list.replaceChildren(...pass.map(({ question, answer }) => {
    const item = document.createElement("li");
    const name = question.class.display_name;
    item.className = "pass__class";
    if (question === current) item.setAttribute("aria-current", "step");
    if (answer) item.append(icon({ yes: "check", no: "x", unsure: "question" }[answer]));
    item.append(name);
    if (answer) {
      const said = document.createElement("span");
      said.className = "visually-hidden";
      said.textContent = `: ${SAID[answer]()}`;
      item.append(said);
    }
    return item;
  }));
}

/** Tell the state in words. Kind: "" | "warn" | "bad". */
export function tell(text, kind = "") {
  clearTimeout(savingTimer);
  const status = byId("rate-status");
  status.dataset.kind = kind;
  if (status.textContent !== text) status.textContent = text;
}

/** Tell where the answers are. */
export function tellOutbox(outbox, anyGiven) {
  const queued = outbox.waiting.length;
  const { problem } = outbox;
  const many = ngettext("{count} answer queued", "{count} answers queued", queued);
  const offline = !navigator.onLine;
  if (!queued && offline) tell(gettext("Offline. You can go on: answers wait here."), "warn");
  else if (!queued && outbox.refusal) tell(gettext("One answer was not accepted: {why}", { why: outbox.refusal }), "bad");
  else if (!queued) {
    if (anyGiven) tell(gettext("Saved"));
  } else if (!outbox.durable) {
    tell(gettext("{many}. Keep this tab open until it says “Saved”: your browser lets us store nothing.", { many }), "warn");
  } else if (problem?.signedOut) tell(gettext("{many}. Sign in again in another tab and they are sent.", { many }), "warn");
  else if (offline || problem?.unreachable) tell(gettext("{many}, will be sent when you are online.", { many }), "warn");
  else if (problem?.forbidden) tell(`${many}. ${problem.message}`, "warn");
  else if (problem) tell(gettext("{many}. The server is busy; we try again by ourselves.", { many }), "warn");
  else if (!outbox.due.length) tell(gettext("Saved here, sent in a moment"));
  else {
    clearTimeout(savingTimer);
    savingTimer = setTimeout(() => tell(gettext("Saving…")), SAVING_SHOWS_AFTER_MS);
  }
}

export function drawProgress(told) {
  if (!told) return;
  byId("rate-count").textContent = told.count;
  byId("rate-left").textContent = told.left;
  byId("rate-progress").max = Math.max(told.total, 1);
  byId("rate-progress").value = told.done;
  byId("rate-progress").setAttribute("aria-valuetext", [told.count, told.left].filter(Boolean).join(", "));
}

/** Answers open once enough was heard; until then they say what is missing. */
export function drawLock({ locked, paused, failed, secondsLeft, canUndo }) {
  for (const button of document.querySelectorAll("[data-answer]")) button.setAttribute("aria-disabled", String(locked));
  byId("rate-undo").setAttribute("aria-disabled", String(!canUndo));
  let hint = gettext("Answer when you are ready.");
  if (locked && failed) hint = gettext("Without the sound there is nothing to answer.");
  else if (locked && paused) hint = gettext("Press play and listen first.");
  else if (locked) hint = gettext("Keep listening: you can answer in {seconds} s.", { seconds: secondsLeft });
  if (byId("rate-hint").textContent !== hint) byId("rate-hint").textContent = hint;
}

/** Show which answer was taken; the page has moved on already. */
export function flash(value) {
  const button = document.querySelector(`[data-answer="${value}"]`);
  button.classList.add("is-given");
  setTimeout(() => button.classList.remove("is-given"), 160);
}
