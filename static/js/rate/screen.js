/**
 * What the rating page shows: the start card, a question, or a note; and the line that tells the state.
 */

const byId = (id) => document.getElementById(id);
const SAVING_SHOWS_AFTER_MS = 600;

let savingTimer = 0;

function setState(state) {
  byId("rate").dataset.state = state;
  byId("rate-start").hidden = state !== "start";
  byId("rate-question").hidden = state !== "question";
  byId("rate-note").hidden = state !== "note";
  byId("rate-top").hidden = state === "start";
}

/**
 * A card instead of a question.
 *
 * @param {"loading"|"waiting"|"signed-out"|"error"|"paused"|"held-back"|"quiz"|"done"} kind
 */
export function showNote(kind, title, text) {
  byId("rate").dataset.note = kind;
  byId("rate-note-title").textContent = title;
  byId("rate-note-text").textContent = text;
  byId("rate-note-login").hidden = kind !== "signed-out";
  byId("rate-note-quiz").hidden = kind !== "quiz";
  byId("rate-note-ask").hidden = kind !== "held-back";
  byId("rate-note-again").hidden = ["loading", "held-back", "quiz"].includes(kind);
  setState("note");
  byId("rate-note-title").focus({ preventScroll: true });
}

/** The kind of the note on screen, or "" when there is none. */
export function noteOnScreen() {
  const { state, note } = byId("rate").dataset;
  return state === "note" ? note : "";
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

export function showQuestion(question) {
  const text = question.guideline?.text ?? "";
  const nodes = promptNodes(question);
  const name = nodes.length > 1 ? nodes[1].textContent : question.class.display_name; // as the sentence spells it
  byId("rate-prompt").replaceChildren(...nodes);
  byId("rate-guide").hidden = !text;
  byId("rate-guide-title").textContent = `What counts as ${[question.class.article, name].filter(Boolean).join(" ")}?`;
  byId("rate-guide-text").textContent = text;
  setState("question");
  // Read aloud by screen readers; and Space plays instead of pressing the last answer again.
  byId("rate-prompt").focus({ preventScroll: true });
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
  const many = queued === 1 ? "1 answer" : `${queued} answers`;
  const offline = !navigator.onLine;
  if (!queued && offline) tell("Offline. You can go on: answers wait here.", "warn");
  else if (!queued) {
    if (anyGiven) tell("Saved");
  } else if (!outbox.durable) {
    tell(`${many} on the way. Keep this tab open until it says “Saved”: your browser lets us store nothing.`, "warn");
  } else if (problem?.signedOut) tell(`${many} queued. Sign in again in another tab and they are sent.`, "warn");
  else if (offline || problem?.unreachable) tell(`${many} queued, will be sent when you are online.`, "warn");
  else if (problem?.forbidden) tell(`${many} queued. ${problem.message}`, "warn");
  else if (problem) tell(`${many} queued. The server is busy; we try again by ourselves.`, "warn");
  else {
    clearTimeout(savingTimer);
    savingTimer = setTimeout(() => tell("Saving…"), SAVING_SHOWS_AFTER_MS);
  }
}

export function drawProgress(told) {
  if (!told) return;
  byId("rate-count").textContent = told.count;
  byId("rate-left").textContent = told.left;
  byId("rate-progress").max = Math.max(told.total, 1);
  byId("rate-progress").value = told.done;
}

/** Answers open once enough was heard; until then they say what is missing. */
export function drawLock({ locked, paused, failed, secondsLeft, canUndo }) {
  for (const button of document.querySelectorAll("[data-answer]")) button.setAttribute("aria-disabled", String(locked));
  byId("rate-undo").setAttribute("aria-disabled", String(!canUndo));
  let hint = "Answer when you are ready.";
  if (locked && failed) hint = "Without the sound there is nothing to answer.";
  else if (locked && paused) hint = "Press play and listen first.";
  else if (locked) hint = `Keep listening: you can answer in ${secondsLeft} s.`;
  if (byId("rate-hint").textContent !== hint) byId("rate-hint").textContent = hint;
}

/** Show which answer was taken; the page has moved on already. */
export function flash(value) {
  const button = document.querySelector(`[data-answer="${value}"]`);
  button.classList.add("is-given");
  setTimeout(() => button.classList.remove("is-given"), 160);
}
