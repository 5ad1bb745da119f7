/**
 * Lines over the histogram that are moved by pointer, touch and keys: one for each end of a stratum that
 * is not the end of the scores. Each is a slider over percentiles, and writes into the form's field.
 */

import { axis, eligible, field, figure, number, rounded, spread } from "./bench.js";
import { bands, counted, quantileAt, shown } from "./spread.js";

const handles = new Map();

/** Put a line at each end; `moved` is called when one was moved. */
export function drawHandles(made, moved) {
  const here = axis();
  const one = spread();
  const wanted = new Map();
  for (const stratum of made) {
    if (stratum.low > 0) wanted.set(`${stratum.row}-low`, { stratum, end: "low" });
    if (stratum.high < 1) wanted.set(`${stratum.row}-high`, { stratum, end: "high" });
  }
  for (const [key, handle] of handles) {
    // A line that is held stays, even at the very end.
    if (!wanted.has(key) && document.activeElement !== handle) {
      handle.remove();
      handles.delete(key);
    }
  }
  const place = figure.querySelector("[data-spread-handles]");
  for (const [key, { stratum, end }] of wanted) {
    if (!handles.has(key)) {
      const handle = makeHandle(stratum.row, end, moved);
      handles.set(key, handle);
      place.append(handle);
    }
  }
  for (const [key, handle] of handles) {
    const [row, end] = key.split("-");
    const stratum = made.find((other) => other.row === Number(row));
    if (stratum) placeHandle(handle, stratum, end, here, one);
  }
}

function placeHandle(handle, stratum, end, here, one) {
  const [band] = bands(one, here, [stratum]);
  const x = end === "low" ? band.x : band.x + band.width;
  handle.style.left = `${x}%`;
  const percent = rounded(100 * stratum[end], 2);
  const m = eligible(one);
  const inside = counted([stratum], 0, m)[0].excerpts;
  handle.setAttribute("aria-label", `${stratum.name}: ${end === "low" ? "from" : "up to"} percentile`);
  handle.setAttribute("aria-valuenow", String(percent));
  handle.setAttribute("aria-valuetext", `${percent} %, likelihood ${shown(end === "low" ? band.low : band.high)}; ${number.format(inside)} ${inside === 1 ? "excerpt" : "excerpts"} in ${stratum.name}`);
  handle.querySelector(".spread__flag").textContent = `${percent} %`;
  handle.classList.toggle("spread__handle--end", x > 85);
}

function makeHandle(row, end, moved) {
  const handle = document.createElement("div");
  handle.className = "spread__handle";
  for (const [name, value] of Object.entries({ role: "slider", tabindex: "0", "aria-valuemin": "0", "aria-valuemax": "100", "aria-orientation": "horizontal" })) handle.setAttribute(name, value);
  const flag = document.createElement("span");
  flag.className = "spread__flag";
  flag.setAttribute("aria-hidden", "true");
  handle.append(flag);
  const move = (percent) => {
    moveLine(row, end, percent);
    moved();
  };
  handle.addEventListener("keydown", (event) => {
    const now = Number(field(row, end).value);
    const step = event.shiftKey ? 0.1 : 1;
    const to = {
      ArrowRight: now + step, ArrowUp: now + step, ArrowLeft: now - step, ArrowDown: now - step,
      PageUp: now + 5, PageDown: now - 5, Home: 0, End: 100,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    move(to);
  });
  handle.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    event.preventDefault();
    handle.focus();
    handle.setPointerCapture(event.pointerId);
  });
  handle.addEventListener("pointermove", (event) => {
    if (!handle.hasPointerCapture(event.pointerId)) return;
    const box = figure.querySelector("[data-spread-handles]").getBoundingClientRect();
    const logit = axis().logit((100 * (event.clientX - box.left)) / box.width);
    move(rounded(100 * quantileAt(spread(), logit), 1));
  });
  return handle;
}

/** Move an end of a stratum; it stays on its side of the other, and within the scores. */
function moveLine(row, end, percent) {
  const other = Number(field(row, end === "low" ? "high" : "low").value);
  const [least, most] = end === "low" ? [0, other - 0.1] : [other + 0.1, 100];
  field(row, end).value = String(rounded(Math.min(most, Math.max(least, percent)), 2));
}
