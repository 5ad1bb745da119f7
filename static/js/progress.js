/**
 * Progress of a running job. `[data-job]` is the address of its status, asked for each second:
 *   {state, label, is_final, done, total, unit, message, seconds_left}   (jobs: job_status)
 * Without `total` nobody knows how long it takes and the bar only moves. Stops when the job is final;
 * with `data-job-reload` the page is then loaded again, so that its results show.
 */

import { gettext } from "./words.js";

const EACH_MS = 1000;
const LONGEST_MS = 15_000;

function timeLeft(seconds) {
  if (seconds === null || seconds === undefined) return "";
  if (seconds < 60) return gettext("less than a minute left");
  if (seconds < 5400) return gettext("about {minutes} min left", { minutes: Math.round(seconds / 60) });
  return gettext("about {hours} h left", { hours: Math.round(seconds / 3600) });
}

function shown(number) {
  return number.toLocaleString(document.documentElement.lang || "en");
}

function inWords({ state, label, done, total, unit, message, seconds_left: left }) {
  const counted = total ? gettext("{done} of {total} {unit}", { done: shown(done), total: shown(total), unit: unit ?? "" }).trim() : "";
  const words = state === "running" ? [counted, timeLeft(left), message] : [label, state === "done" ? "" : counted, message];
  return words.filter(Boolean).join(" · ");
}

function draw(box, status) {
  const bar = box.querySelector("progress");
  const text = box.querySelector("[data-job-text]");
  if (status.state === "done") {
    bar.max = 1;
    bar.value = 1;
  } else if (status.total) {
    bar.max = status.total;
    bar.value = status.done;
  } else if (status.is_final) bar.value = 0;
  else bar.removeAttribute("value");
  bar.classList.toggle("progress__bar--bad", status.state === "failed");
  const told = inWords(status);
  if (text && text.textContent !== told) text.textContent = told;
}

function watch(box) {
  let failures = 0;
  async function look() {
    if (!box.isConnected) return; // swapped away
    let status = null;
    try {
      const response = await fetch(box.dataset.job, { credentials: "same-origin", headers: { Accept: "application/json" } });
      if (response.ok) status = await response.json();
      else if (response.status < 500) return; // gone, or not ours any more
    } catch {
      status = null; // offline, or the server restarts: the job goes on without us
    }
    failures = status ? 0 : failures + 1;
    if (status) {
      draw(box, status);
      if (status.is_final) {
        box.dispatchEvent(new CustomEvent("job:ended", { bubbles: true, detail: status }));
        if ("jobReload" in box.dataset) location.reload();
        return;
      }
    }
    // Nobody looks at a hidden tab.
    const wait = document.hidden ? LONGEST_MS : Math.min(EACH_MS * 2 ** failures, LONGEST_MS);
    setTimeout(look, wait);
  }
  look();
}

export function setUp(root) {
  for (const box of root.querySelectorAll("[data-job]")) {
    if (box.jobReady) continue;
    box.jobReady = true;
    watch(box);
  }
}
