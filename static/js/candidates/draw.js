/**
 * The page on which a round is tried and drawn. The form holds everything; this moves lines over the
 * histogram (handles.js), shows at once what strata hold (picture.js), and asks the server for what needs
 * more than the histogram: positives, what classes need, caps. Without script the form does the same.
 */

import { FIELDS, data, field, figure, form, number, spread, state, told } from "./bench.js";
import { drawHandles } from "./handles.js";
import { drawClass, drawStrata } from "./picture.js";

const WAIT_MS = 180;
const NOT_SENT = new Set(["csrfmiddlewaretoken", "class", "action", "preset"]);

let waiting = 0;
let asking = null;

/** Draw what the form says. */
function draw() {
  drawHandles(drawStrata(), changed);
  form.querySelector("[data-needs]").textContent = state.needs[state.current] ?? "";
}

function changed() {
  draw();
  told.setAttribute("aria-busy", "true");
  clearTimeout(waiting);
  waiting = setTimeout(ask, WAIT_MS);
}

async function ask() {
  asking?.abort();
  asking = new AbortController();
  const query = new URLSearchParams([...new FormData(form)].filter(([name, value]) => !NOT_SENT.has(name) && typeof value === "string"));
  let answer = null;
  let problem = "";
  try {
    const response = await fetch(`${data.preview}?${query}`, { signal: asking.signal, credentials: "same-origin", headers: { Accept: "application/json" } });
    const body = await response.json();
    if (response.ok) answer = body;
    else problem = body.detail;
  } catch (error) {
    if (error.name === "AbortError") return;
    problem = "The server does not answer. The numbers are those of the last choice.";
  }
  told.setAttribute("aria-busy", "false");
  told.classList.toggle("draw__told--problem", Boolean(problem));
  if (problem) say([problem]);
  else drawAnswer(answer);
}

function say(sentences) {
  told.querySelector("[data-sentences]").replaceChildren(
    ...sentences.map((sentence) => {
      const made = document.createElement("p");
      made.textContent = sentence;
      return made;
    }),
  );
}

function drawAnswer(answer) {
  state.eligible = answer.eligible.excerpts;
  state.capacity = answer.capacity;
  state.needs = Object.fromEntries(answer.classes.map((one) => [one.name, one.needed.sentence]));
  say(answer.sentences);
  form.querySelector("[data-basis]").textContent = answer.basis;
  const byName = new Map(answer.classes.map((one) => [one.name, one]));
  for (const row of form.querySelectorAll("tr[data-class]")) {
    const one = byName.get(row.dataset.class);
    const put = (key, text) => {
      row.querySelector(`[data-${key}]`).textContent = text;
    };
    put("positives", one ? one.positives.text : "–");
    put("interval", one ? one.positives.interval : "");
    put("needed", one ? one.needed.text : "–");
    put("needed-interval", one ? one.needed.interval : "");
    row.querySelector("[data-needed]").title = one ? one.needed.sentence : "";
  }
  form.querySelector("[data-wanted]").textContent = number.format(Number(form.elements.positives.value) || 0);
  draw();
  told.querySelector("[data-total]").textContent = number.format(answer.at_most);
}

/* Choices. */

function fill(rows) {
  for (let row = 0; row < data.mostStrata; row += 1) {
    FIELDS.forEach((name, place) => {
      field(row, name).value = rows[row] ? String(rows[row][place]) : "";
    });
  }
  showRows();
  changed();
}

/** Rows that are empty and spare stay out of the way until the ones above are filled. */
function showRows() {
  let empty = 0;
  for (const row of form.querySelectorAll("[data-row]")) {
    const isEmpty = FIELDS.every((name) => field(row.dataset.row, name).value === "");
    row.hidden = isEmpty && empty > 0;
    empty += Number(isEmpty);
  }
}

function choose(name) {
  state.current = name;
  const address = new URL(location.href);
  address.searchParams.set("score_set", data.scoreSet);
  address.searchParams.set("class", name);
  history.replaceState(null, "", address);
  const heard = document.createElement("div");
  heard.id = "heard";
  document.getElementById("heard").replaceWith(heard);
  drawClass();
  draw();
}

form.addEventListener("input", () => {
  showRows();
  changed();
});
form.addEventListener("click", (event) => {
  const preset = event.target.closest("[data-preset]");
  if (preset) {
    event.preventDefault();
    fill(data.presets[preset.dataset.preset]);
    return;
  }
  const link = event.target.closest("tr[data-class] a");
  if (link && !event.metaKey && !event.ctrlKey && !event.shiftKey) {
    event.preventDefault();
    choose(link.closest("tr").dataset.class);
    return;
  }
  const bin = event.target.closest("[data-bin]");
  if (bin && spread().counts[Number(bin.dataset.bin)]) {
    document.querySelector("[data-bins]").value = bin.dataset.bin;
    document.getElementById("listen-form").requestSubmit();
    document.getElementById("listen").scrollIntoView({ block: "nearest", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  }
});
form.addEventListener("submit", (event) => {
  if (event.submitter?.value !== "count") return;
  event.preventDefault();
  changed();
});

for (const hint of form.querySelectorAll("[data-only-script]")) hint.hidden = false;
form.querySelector("[data-count]").hidden = true; // numbers are live
figure.querySelector("[data-spread-lines]").replaceChildren(); // the lines are sliders now
showRows();
drawClass();
draw();
