/**
 * The rating loop: claim ahead, hear, answer, next. Nobody waits for the network between two answers.
 * Parts: api (calls), outbox (answers until confirmed), listen (player), screen, keys, pace, settings.
 */

import { createApi } from "./rate/api.js";
import { bindKeys, keysAreOn, setKeys } from "./rate/keys.js";
import { Listen } from "./rate/listen.js";
import { Outbox, newKey } from "./rate/outbox.js";
import { Pace } from "./rate/pace.js";
import * as screen from "./rate/screen.js";
import { recall, remember } from "./rate/settings.js";

const AHEAD = 3; // questions whose sound is loaded before they are shown
const RETRY_MS = 5000;

const byId = (id) => document.getElementById(id);
const config = JSON.parse(byId("rate-config").textContent);
const root = byId("rate");
const api = createApi(config);
const listen = new Listen(config.min_heard_ms ?? 3000);
const pace = new Pace();
const outbox = await Outbox.open(api.send, config.person ?? "");
const cameBack = outbox.waiting.length > 0; // with answers of an earlier visit

let started = false;
let queue = []; // claimed, not yet shown
let current = null;
let given = []; // answered in this sitting, newest last: {question, key}
const skipped = []; // assignments whose clip would not play: never shown twice
let claiming = false;
let ended = null; // why the server has no more: "nothing_left" | "paused" | "closed" | "paused_you" | "quiz"
let why = ""; // what it says to that
let retryTimer = 0;

/* ---------- questions ---------- */

/** Assignments this page has: shown, coming, skipped, or answered and still on their way. */
function holding() {
  const mine = [current, ...queue].filter(Boolean).map((question) => question.assignment);
  return mine.concat(skipped, outbox.waiting.map((item) => item.rating.assignment));
}

async function refill() {
  const missing = AHEAD + (current ? 0 : 1) - queue.length;
  if (claiming || ended || missing <= 0) return;
  claiming = true;
  try {
    await claim(missing);
  } catch (error) {
    if (started && !current) tellClaimProblem(error);
    return;
  } finally {
    claiming = false;
  }
  if (!started || current) return;
  if (queue.length || ended) advance();
  else retryLater(); // it offered only what we have: those answers are still on their way
}

async function claim(count) {
  const answer = await api.claim(count, holding());
  const known = new Set([...holding(), ...given.map((entry) => entry.question.assignment)]);
  const fresh = answer.questions.filter((question) => !known.has(question.assignment));
  queue.push(...fresh);
  fresh.forEach((question) => listen.shelf.get(question));
  // "hands_full": leases of another tab or visit; they come free by themselves.
  if (!answer.questions.length && answer.reason !== "hands_full") {
    ended = answer.reason ?? "nothing_left";
    why = answer.detail ?? "";
  }
  if (answer.progress) pace.server = answer.progress;
  drawProgress();
}

function retryLater() {
  clearTimeout(retryTimer);
  retryTimer = setTimeout(retry, RETRY_MS);
}

function retry() {
  clearTimeout(retryTimer);
  if (!started || current) return;
  ended = null;
  refill();
}

function tellClaimProblem(error) {
  if (error.signedOut) {
    screen.showNote("signed-out", "You are signed out", `${error.message} Your answers are kept here and are sent when you are back.`);
  } else if (error.temporary) {
    screen.showNote("waiting", "No connection at the moment", "The next clips could not be loaded. We go on by ourselves when the server answers. Your answers are kept.");
    retryLater();
  } else {
    screen.showNote("error", error.title || "That did not work", error.message);
  }
}

function advance() {
  const now = Date.now();
  const stale = queue.filter((question) => Date.parse(question.lease_until) < now);
  stale.forEach((question) => listen.shelf.drop(question));
  queue = queue.filter((question) => !stale.includes(question));
  const question = queue.shift();
  if (question) show(question);
  else if (ended) finish();
  else {
    listen.leave();
    screen.showNote("loading", "One moment", "The next clips are being loaded.");
  }
  refill();
}

function show(question) {
  current = question;
  question.shownAt = performance.now();
  listen.show(question); // first of all: the sound starts in the same breath as the key press
  screen.showQuestion(question);
  listen.draw();
  drawLock();
}

function finish() {
  listen.leave();
  const clips = given.length === 1 ? "1 clip" : `${given.length} clips`;
  const thanks = given.length ? `You answered ${clips} in this sitting. Thank you: each answer makes the dataset truer. ` : "";
  if (ended === "paused") {
    screen.showNote("paused", "This campaign is paused", `${thanks}What you answered is kept. Come back when the curator has opened it again.`);
  } else if (ended === "paused_you") {
    screen.showNote("held-back", "You are paused here", `${thanks}Your answers are kept. ${why}`);
  } else if (ended === "quiz") {
    screen.showNote("quiz", "A short quiz first", `${thanks}${why}`);
  } else if (ended === "closed") {
    screen.showNote("done", "This campaign is closed", `${thanks}It has all the answers it needs.`);
  } else {
    screen.showNote("done", given.length ? "That was the last one" : "Nothing left to ask you", `${thanks}No other clip in this campaign is open to you at the moment.`);
  }
}

/* ---------- answers ---------- */

function drawLock() {
  screen.drawLock({
    locked: !listen.heardEnough,
    paused: listen.audio?.paused ?? true,
    failed: listen.failed,
    secondsLeft: Math.max(Math.ceil((listen.minHeardMs - (current?.heardMs ?? 0)) / 1000), 1),
    canUndo: given.length > 0,
  });
}

function tellOutbox() {
  screen.tellOutbox(outbox, cameBack || given.length > 0);
}

function drawProgress() {
  screen.drawProgress(pace.describe(outbox.waiting.length));
}

function answer(value) {
  if (!current) return;
  if (!listen.heardEnough) {
    screen.tell("Listen a little longer before you answer.");
    return;
  }
  const question = current;
  const rating = {
    key: newKey(),
    assignment: question.assignment,
    answer: value,
    response_ms: Math.round(performance.now() - question.shownAt),
    heard_ms: Math.round(question.heardMs),
    replays: question.replays,
    ui_version: config.ui_version,
  };
  given.push({ question, key: rating.key });
  pace.answered(rating.response_ms);
  current = null;
  outbox.add(rating);
  advance();
  screen.flash(value);
  if (given.length > AHEAD) listen.shelf.drop(given.at(-1 - AHEAD).question);
}

async function undo() {
  const last = given.at(-1);
  if (!last || last.undoing) return;
  last.undoing = true;
  try {
    const withdrawn = await outbox.withdraw(last.key);
    const result = withdrawn ? { status: "undone" } : await api.undo(last.question.assignment, last.key);
    if (result.status !== "undone") {
      screen.tell("Too late to undo: that answer is counted already.", "warn");
      return;
    }
    if (!withdrawn) pace.undone(result.progress);
  } catch (error) {
    screen.tell(`The answer could not be undone. ${error.message}`, "warn");
    return;
  } finally {
    last.undoing = false;
  }
  given = given.filter((entry) => entry !== last);
  if (current) queue.unshift(current);
  show(last.question);
  drawProgress();
  screen.tell("Undone. Answer this clip again.");
}

function skip() {
  if (!current) return;
  const question = current;
  skipped.push(question.assignment);
  current = null;
  advance();
  listen.shelf.drop(question);
  screen.tell("Skipped. Nothing was stored for that clip.");
}

/* ---------- start, settings, wiring ---------- */

const check = new Audio();

function begin() {
  if (started || config.held_back) return;
  started = true;
  check.pause();
  advance();
}

function playCheck() {
  check.src = byId("rate-check").dataset.src;
  check.onerror = () => {
    byId("rate-check-text").textContent = "The sound could not be played. Check that the sound of this tab is on, or try another browser.";
  };
  check.play().catch(() => {}); // onerror has told why
}

const volumes = [...root.querySelectorAll("[data-volume]")];
function setVolume(volume) {
  listen.setVolume(volume);
  check.volume = volume;
  volumes.forEach((slider) => { slider.value = String(volume); });
  remember("volume", volume);
}

const keysDialog = byId("rate-keys");
const showKeys = () => keysDialog.showModal();

function on(id, action) {
  byId(id).addEventListener("click", action);
}

on("rate-begin", begin);
on("rate-check", playCheck);
on("rate-undo", undo);
on("rate-skip", skip);
on("rate-note-again", () => { ended = null; advance(); });
for (const button of root.querySelectorAll("[data-show-keys]")) button.addEventListener("click", showKeys);
for (const button of root.querySelectorAll("[data-answer]")) button.addEventListener("click", () => answer(button.dataset.answer));
for (const slider of volumes) slider.addEventListener("input", () => setVolume(Number(slider.value)));
keysDialog.addEventListener("click", (event) => { if (event.target === keysDialog) keysDialog.close(); });
byId("rate-keys-on").checked = keysAreOn();
byId("rate-keys-on").addEventListener("change", (event) => setKeys(event.target.checked));

listen.addEventListener("tick", drawLock);
listen.addEventListener("blocked", drawLock);
listen.addEventListener("failed", drawLock);
listen.addEventListener("loop", () => remember("loop", listen.looping));
outbox.addEventListener("progress", (event) => { pace.server = event.detail; });
outbox.addEventListener("change", () => { tellOutbox(); drawProgress(); });
outbox.addEventListener("refused", (event) => screen.tell(`One answer was not accepted: ${event.detail}`, "bad"));
addEventListener("online", () => { tellOutbox(); retry(); });
addEventListener("offline", tellOutbox);
addEventListener("beforeunload", (event) => { if (outbox.waiting.length && !outbox.durable) event.preventDefault(); });
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && screen.noteOnScreen() === "signed-out") retry();
});

bindKeys({
  y: () => answer("yes"), 1: () => answer("yes"),
  n: () => answer("no"), 2: () => answer("no"),
  u: () => answer("unsure"), 3: () => answer("unsure"),
  " ": () => listen.toggle(),
  r: () => listen.restart(),
  l: () => listen.setLoop(!listen.looping),
  z: undo,
  "?": showKeys,
  ArrowLeft: () => listen.seekBy(-1),
  ArrowRight: () => listen.seekBy(1),
  Enter: begin,
});

setVolume(Number(recall("volume", "1")));
listen.setLoop(recall("loop", "false") === "true");
byId("rate-begin").disabled = false;
if (!config.held_back) refill(); // the first clips load while one reads the instructions
outbox.flush(); // what was answered before is sent whatever holds now
