/**
 * Pictures and counts of the page on which a round is tried: the histogram of the class that is looked
 * at, the tiny ones of all classes, what the strata hold, and how many candidates that gives at most.
 */

import { axis, chosenClasses, classes, data, eligible, figure, form, number, perClass, spread, state, strata, told } from "./bench.js";
import { Axis, bands, binWords, counted, shown, veils } from "./spread.js";

const SVG = "http://www.w3.org/2000/svg";
const LANE = 10; // px from one lane to the next

function svg(tag, attributes, text = null) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  if (text !== null) made.textContent = text;
  return made;
}

function rangeWords(stratum, band) {
  if (stratum.low === 0 && stratum.high === 1) return "any likelihood";
  if (stratum.low === 0) return `up to ${shown(band.high)}`;
  if (stratum.high === 1) return `from ${shown(band.low)}`;
  return `${shown(band.low)} to ${shown(band.high)}`;
}

/* What stands still while a line is dragged: bars, axis, the list of bins. */

export function drawClass() {
  const one = spread();
  const here = axis();
  const most = Math.max(...one.counts) || 1;
  const width = 100 / (here.afterBin - here.firstBin);
  const made = [];
  for (let index = here.firstBin; index < here.afterBin; index += 1) {
    const height = (100 * one.counts[index]) / most;
    const place = { x: `${(index - here.firstBin) * width}%`, width: `${width}%` };
    const bin = svg("g", { class: "spread__bin", "data-bin": index });
    bin.append(
      svg("title", {}, `${binWords(one, index)}: ${number.format(one.counts[index])}`),
      svg("rect", { class: "spread__target", ...place, y: 0, height: "100%" }),
      svg("rect", { class: "spread__bar", ...place, y: `${100 - height}%`, height: `${height}%` }),
    );
    made.push(bin);
  }
  figure.querySelector("[data-spread-bars]").replaceChildren(...made);
  figure.querySelector("[data-spread-most]").textContent = number.format(most);
  figure.querySelector("[data-spread-ticks]").replaceChildren(
    ...here.ticks.flatMap(({ at, label }) => [
      svg("line", { class: "spread__tick", x1: `${at}%`, x2: `${at}%`, y1: 0, y2: 5 }),
      svg("text", { x: `${at}%`, y: 17 }, label),
    ]),
  );
  for (const label of document.querySelectorAll("[data-spread-label]")) label.textContent = one.label.charAt(0).toUpperCase() + one.label.slice(1);
  const bins = document.querySelector("[data-bins]");
  bins.replaceChildren(
    ...[...one.counts.keys()].filter((index) => one.counts[index]).reverse().map((index) => new Option(`${binWords(one, index)} (${number.format(one.counts[index])})`, String(index))),
  );
  for (const row of form.querySelectorAll("tr[data-class]")) {
    if (row.dataset.class === state.current) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
  for (const hidden of document.querySelectorAll("[data-current]")) hidden.value = state.current;
}

/* What follows the lines. */

function drawVeils(place, found, unit) {
  place.replaceChildren(...veils(found).map(([x, width]) => svg("rect", { class: "spread__veil", x: `${x}${unit}`, y: 0, width: `${width}${unit}`, height: unit ? "100%" : 100 })));
}

/** Draw what follows the strata; return them. */
export function drawStrata() {
  const one = spread();
  const here = axis();
  const made = strata();
  const found = bands(one, here, made);
  drawVeils(figure.querySelector("[data-spread-veils]"), found, "%");
  figure.querySelector("[data-spread-lanes]").replaceChildren(
    ...found.map((band, place) => svg("rect", { class: `series-${1 + (place % 4)}`, x: `${band.x}%`, width: `${band.width}%`, y: place * LANE, height: 7, rx: 3 })),
  );
  for (const row of form.querySelectorAll("tr[data-class]")) {
    const other = classes.get(row.dataset.class);
    if (other) drawVeils(row.querySelector("[data-veils]"), bands(other, new Axis(other, data.axis), made), "");
  }
  drawTable(made, found, one);
  drawTotal(made);
  drawPreset();
  return made;
}

function drawTable(made, found, one) {
  const numbers = counted(made, perClass(), eligible(one));
  const isAsked = chosenClasses().includes(one.name);
  const rows = made.map((stratum, place) => {
    const row = document.createElement("tr");
    const head = document.createElement("th");
    head.scope = "row";
    const key = svg("svg", { class: `legend__key series-${1 + (place % 4)}`, viewBox: "0 0 12 12", "aria-hidden": "true" });
    key.append(svg("rect", { width: 12, height: 12, rx: 3 }));
    const name = document.createElement("span");
    name.className = "strata-table__name";
    name.append(key, stratum.name);
    head.append(name);
    row.append(head, cell(rangeWords(stratum, found[place]), ""), cell(isAsked ? number.format(numbers[place].excerpts) : "–", "num", "excerpts"), cell(isAsked ? number.format(numbers[place].atMost) : "–", "num", "atMost"));
    return row;
  });
  form.querySelector("[data-strata]").replaceChildren(...rows);
}

function cell(text, className, key = "") {
  const made = document.createElement("td");
  made.className = className;
  if (key) made.dataset[key] = "";
  made.textContent = text;
  return made;
}

/** The upper bound over all classes: what strata hold, and the last that was heard of the caps. */
function drawTotal(made) {
  let total = 0;
  for (const name of chosenClasses()) {
    const one = classes.get(name);
    // A class that the detector does not know is drawn from everything.
    if (!one) total += Math.min(perClass(), state.eligible);
    else for (const row of counted(made, perClass(), eligible(one))) total += row.atMost;
  }
  if (state.capacity !== null) total = Math.min(total, state.capacity);
  told.querySelector("[data-total]").textContent = number.format(total);
}

function drawPreset() {
  const rows = strata().map((one) => [one.name, one.low, one.high, one.share].map(String).join());
  let pressed = null;
  for (const button of form.querySelectorAll("[data-preset]")) {
    const wanted = data.presets[button.dataset.preset].map(([name, low, high, share]) => [name, low / 100, high / 100, share / 100].map(String).join());
    const same = wanted.length === rows.length && wanted.every((row, place) => row === rows[place]);
    button.setAttribute("aria-pressed", String(same));
    if (same) pressed = button;
  }
  form.querySelector("[data-preset-text]").textContent = pressed ? pressed.title : "Strata of your own.";
}
