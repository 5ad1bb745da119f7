/**
 * The rating loop: claim ahead, hear, answer, next. Nobody waits for the network between two answers.
 * Parts: api (calls), questions (what is asked), outbox (answers until confirmed), listen (player),
 * screen, guide, dialogs, ending, keys, pace, loudness, sureness, wish, settings.
 */

import { createApi } from "./rate/api.js";
import { bindDialogs, open } from "./rate/dialogs.js";
import { finish } from "./rate/ending.js";
import { Guide } from "./rate/guide.js";
import { bindKeys, keysAreOn, setKeys } from "./rate/keys.js";
import { Listen } from "./rate/listen.js";
import { Loudness } from "./rate/loudness.js";
import { Outbox, newKey } from "./rate/outbox.js";
import { Pace, since } from "./rate/pace.js";
import { Questions } from "./rate/questions.js";
import * as screen from "./rate/screen.js";
import { recall, remember } from "./rate/settings.js";
import { SURE_WITHIN_MS, Sureness } from "./rate/sureness.js";
import { Wish } from "./rate/wish.js";
import { gettext } from "./words.js";

const RETRY_MS = 5000;

const byId = (id) => document.getElementById(id);
const config = JSON.parse(byId("rate-config").textContent);
const root = byId("rate");
const api = createApi(config);
const listen = new Listen(config.min_heard_ms ?? 3000);
const guide = new Guide();
const pace = new Pace();
const outbox = await Outbox.open(api.send, config.person ?? "");
const cameBack = outbox.waiting.length > 0; // with answers of an earlier visit
const questions = new Questions(api, outbox, config.asks === "class" ? 1 : config.clip_classes ?? 1);
const loudness = new Loudness(root, [listen, guide]);
const sureness = new Sureness(root, outbox, Boolean(config.asks_confidence));
const wish = new Wish(root, config.campaign);

let started = false;
let retryTimer = 0;

/* ---------- questions ---------- */

async function refill() {
  let claimed;
  try {
    claimed = await questions.claim();
  } catch (error) {
    if (started && !questions.current) tellClaimProblem(error);
    return;
  }
  if (!claimed) return;
  claimed.fresh.forEach((question) => listen.shelf.get(question));
  if (claimed.progress) pace.server = claimed.progress;
  drawProgress();
  if (started && !questions.current) {
    if (questions.queue.length || questions.ended) advance();
    else retryLater(); // it offered only what we have: those answers are still on their way
  } else if (claimed.fresh.length) refill(); // a clip may bring fewer questions than were asked for
}

function retryLater() {
  clearTimeout(retryTimer);
  retryTimer = setTimeout(retry, RETRY_MS);
}

function retry() {
  clearTimeout(retryTimer);
  if (!started || questions.current) return;
  questions.ended = null;
  refill();
}

function tellClaimProblem(error) {
  if (error.signedOut) {
    screen.showNote("signed-out", gettext("You are signed out"), gettext("Your answers are kept here and are sent when you are back. Sign in, then look again."));
  } else if (error.temporary) {
    screen.showNote("waiting", gettext("No connection at the moment"), gettext("The next clips could not be loaded. We go on by ourselves when the server answers. Your answers are kept."));
    retryLater();
  } else {
    screen.showNote("error", error.title || gettext("That did not work"), error.message);
  }
}

function advance() {
  const question = questions.next();
  if (question) show(question);
  else {
    listen.leave();
    guide.stop();
    if (questions.ended) end();
    else screen.showNote("loading", gettext("One moment"), gettext("The next clips are being loaded."));
  }
  refill();
}

function show(question) {
  question.shownAt = performance.now();
  question.firstKeyAt = 0;
  listen.show(question); // first of all: the sound starts in the same breath as the key press
  guide.stop();
  guide.show(question, screen.showQuestion(question));
  screen.showPass(questions.pass, question);
  listen.draw();
  drawLock();
}

function end() {
  outbox.release(); // nobody can be asked how sure they were any more
  const asked = new Set(questions.given.map((entry) => entry.question.class.name));
  const oneClass = questions.ended.class || questions.wish.class || (asked.size === 1 ? [...asked][0] : "");
  finish(config, questions.ended, questions.given.length, oneClass);
}

/* ---------- answers ---------- */

function drawLock() {
  screen.drawLock({
    locked: !listen.heardEnough,
    paused: listen.audio?.paused ?? true,
    failed: listen.failed,
    secondsLeft: listen.secondsLeft,
    canUndo: questions.given.length > 0,
  });
}

function tellOutbox() {
  screen.tellOutbox(outbox, cameBack || questions.given.length > 0);
}

function drawProgress() {
  const waiting = outbox.waiting.filter((item) => item.kind === "rating").length;
  screen.drawProgress(pace.describe(waiting));
}

function answer(value) {
  const question = questions.current;
  if (!question) return;
  if (!listen.heardEnough) {
    screen.tell(gettext("Listen a little longer before you answer."));
    return;
  }
  const now = performance.now();
  const { take } = listen;
  const rating = {
    key: newKey(),
    assignment: question.assignment,
    answer: value,
    guideline: question.guideline?.id ?? null,
    first_key_ms: since(take.soundAt, question.firstKeyAt || now),
    response_ms: since(take.soundAt, now) ?? Math.round(now - question.shownAt),
    heard_ms: Math.round(take.heardMs),
    replays: take.replays,
    ui_version: config.ui_version,
  };
  questions.given.push({ question, key: rating.key, answer: value });
  pace.answered(now - question.shownAt);
  outbox.add("rating", rating, config.asks_confidence ? SURE_WITHIN_MS : 0);
  advance();
  listen.shelf.keepOnly(questions.needed);
  screen.flash(value);
  sureness.ask(rating.key);
}

async function undo() {
  const last = questions.given.at(-1);
  if (!last || last.undoing) return;
  last.undoing = true;
  try {
    const withdrawn = await outbox.withdraw(last.key);
    const result = withdrawn ? { status: "undone" } : await api.undo(last.question.assignment, last.key);
    if (result.status !== "undone") {
      screen.tell(gettext("Too late to undo. You can still correct it under “Your answers”."), "warn");
      return;
    }
    if (!withdrawn) pace.undone(result.progress);
  } catch (error) {
    screen.tell(gettext("The answer could not be undone. {why}", { why: error.message }), "warn");
    return;
  } finally {
    last.undoing = false;
  }
  sureness.ask("");
  questions.bringBack(last);
  show(last.question);
  drawProgress();
  screen.tell(gettext("Undone. Answer this clip again."));
}

/* ---------- passing on ---------- */

/** With these reasons nothing else is asked about the clip either. */
const ABOUT_THE_CLIP = ["unpleasant", "playback", "other"];

function skip(reason) {
  if (!questions.current) return;
  for (const { assignment } of questions.passOn(ABOUT_THE_CLIP.includes(reason))) {
    outbox.add("skip", { key: newKey(), assignment, reason });
  }
  moveOn(gettext("Skipped. You are not asked it again."));
}

function flag(kind, note) {
  if (!questions.current) return;
  const [reported, ...others] = questions.passOn(true);
  outbox.add("flag", { key: newKey(), assignment: reported.assignment, kind, note });
  for (const { assignment } of others) outbox.add("skip", { key: newKey(), assignment, reason: "other" });
  moveOn(gettext("Thank you. Somebody will listen to that clip."));
}

function moveOn(told) {
  advance();
  listen.shelf.keepOnly(questions.needed);
  screen.tell(told);
}

function openOver(id) {
  if (questions.current || id === "rate-keys") open(id);
}

/* ---------- start, settings, wiring ---------- */

function begin() {
  if (started || config.held_back) return;
  started = true;
  loudness.check.pause();
  advance();
}

function on(id, action) {
  byId(id).addEventListener("click", action);
}

/** The first touch or key after the sound began tells when somebody knew. */
function noteTouch() {
  const question = questions.current;
  if (question && listen.take?.soundAt) question.firstKeyAt ||= performance.now();
}

on("rate-begin", begin);
on("rate-check", () => loudness.play(byId("rate-check"), byId("rate-check-text")));
on("rate-undo", undo);
on("rate-unplayable", () => skip("playback"));
on("rate-note-again", () => { questions.ended = null; advance(); });
for (const button of root.querySelectorAll("[data-answer]")) button.addEventListener("click", () => answer(button.dataset.answer));
wish.onChange((chosen) => {
  questions.choose(chosen);
  if (!config.held_back) refill();
});
bindDialogs({ skip, flag });
byId("rate-keys-on").checked = keysAreOn();
byId("rate-keys-on").addEventListener("change", (event) => setKeys(event.target.checked));
addEventListener("keydown", noteTouch, true);
addEventListener("pointerdown", noteTouch, true);

listen.addEventListener("tick", drawLock);
listen.addEventListener("blocked", drawLock);
listen.addEventListener("failed", drawLock);
listen.addEventListener("loop", () => remember("loop", listen.looping));
guide.addEventListener("play", () => listen.pause());
outbox.addEventListener("progress", (event) => { pace.server = event.detail; });
outbox.addEventListener("change", () => { tellOutbox(); drawProgress(); });
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
  7: () => sureness.say(1), 8: () => sureness.say(2), 9: () => sureness.say(3),
  " ": () => listen.toggle(),
  r: () => listen.restart(),
  l: () => listen.setLoop(!listen.looping),
  g: () => guide.toggle(),
  z: undo,
  s: () => openOver("rate-skip"),
  f: () => openOver("rate-flag"),
  "?": () => openOver("rate-keys"),
  ArrowLeft: () => listen.seekBy(-1),
  ArrowRight: () => listen.seekBy(1),
  Enter: begin,
});

listen.setLoop(recall("loop", "false") === "true");
if (!config.is_chosen) wish.recall(); // unless the address makes a choice
questions.wish = wish.read();
sureness.ask("");
byId("rate-begin").disabled = false;
// The first clips load while one reads, where it is known how they are to be asked.
if (!config.held_back && (config.asks !== "both" || config.is_chosen || wish.isRemembered)) refill();
outbox.flush(); // what was answered before is sent whatever holds now
