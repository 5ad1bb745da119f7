/**
 * What the page on which a round is tried knows: its form, the classes' histograms, which class is
 * looked at, and what the server last said of filters and caps. The form is the only truth of a choice.
 */

import { Axis } from "./spread.js";

export const FIELDS = ["name", "low", "high", "share"];
export const form = document.getElementById("draw");
export const data = JSON.parse(document.getElementById("draw-data").textContent);
export const classes = new Map(data.classes.map((one) => [one.name, one]));
export const state = { current: data.current, eligible: data.eligible, capacity: data.capacity, needs: data.needs };
export const figure = form.querySelector("[data-spread]");
export const told = form.querySelector("[data-told]");
export const number = new Intl.NumberFormat(document.documentElement.lang || "en");

export const field = (row, name) => form.elements.namedItem(`stratum_${row}_${name}`);
export const spread = () => classes.get(state.current);
/** The axis of the large picture; the tiny ones share one, so that classes can be compared. */
export const axis = () => Axis.over(spread());
export const rounded = (value, digits) => Number(value.toFixed(digits));

/** The strata that the rows make; rows that are half filled or make no sense are left to the server. */
export function strata() {
  const found = [];
  for (let row = 0; row < data.mostStrata; row += 1) {
    const name = field(row, "name").value.trim();
    const [low, high, share] = ["low", "high", "share"].map((what) => (field(row, what).value === "" ? NaN : Number(field(row, what).value) / 100));
    if (!name || ![low, high, share].every(Number.isFinite)) continue;
    if (low < 0 || high > 1 || low >= high || share < 0) continue;
    found.push({ row, name, low, high, share });
  }
  return found;
}

export function chosenClasses() {
  const ticked = form.querySelectorAll("input[name=classes]:checked");
  return ticked.length ? [...ticked].map((box) => box.value) : [...classes.keys(), ...data.silent];
}

export function eligible(one) {
  return Math.min(one.n, state.eligible);
}

export function perClass() {
  return Math.max(0, Math.floor(Number(form.elements.per_class.value) || 0));
}
