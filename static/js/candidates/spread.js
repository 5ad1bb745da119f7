/**
 * Sums over a class's fine histogram, as candidates/presenting/spread.py and candidates/sampling/strata.py
 * do them; tests/browser/test_drawing.py holds the two to each other. A class is {n, first, step, counts},
 * a stratum {name, low, high, share} in [0, 1]. No page is needed.
 */

const SLACK = 1e-9;
const TICKS = [0.5, 0.1, 0.9, 0.01, 0.99, 0.001, 0.999, 0.0001, 0.9999, 0.00001, 0.99999];
const APART = 9; // percent of the plot between two labels
const NARROWEST = 4; // logits shown at least

/** The logit below which a share of the excerpts lies; within a bin by the line. */
export function logitAt(spread, quantile) {
  const wanted = quantile * spread.n;
  let below = 0;
  let place = spread.first;
  for (const [index, count] of spread.counts.entries()) {
    if (!count) continue;
    const left = spread.first + index * spread.step;
    if (below + count >= wanted) return left + (spread.step * Math.max(0, wanted - below)) / count;
    below += count;
    place = left + spread.step;
  }
  return place;
}

/** The share of the excerpts below a logit: what `logitAt` undoes. */
export function quantileAt(spread, logit) {
  if (!spread.n) return 0;
  const bins = (logit - spread.first) / spread.step;
  const whole = Math.min(Math.max(Math.floor(bins), 0), spread.counts.length);
  let below = 0;
  for (let index = 0; index < whole; index += 1) below += spread.counts[index];
  if (bins >= 0 && bins < spread.counts.length) below += (bins - whole) * spread.counts[whole];
  return below / spread.n;
}

/** How many of m ordered excerpts a stratum holds (Stratum.places). */
export function held(stratum, m) {
  if (!m) return 0;
  const first = Math.ceil(stratum.low * (m - 1) - SLACK);
  const last = Math.floor(stratum.high * (m - 1) + SLACK);
  return Math.max(first, last + 1) - first;
}

/** A whole number divided by weights: largest remainders first, equal ones in order. */
export function apportioned(total, weights) {
  const sum = weights.reduce((one, other) => one + other, 0);
  if (!sum) return weights.map(() => 0);
  const exact = weights.map((weight) => Math.round(((total * weight) / sum) * 1e9) / 1e9);
  const whole = exact.map(Math.floor);
  const left = total - whole.reduce((one, other) => one + other, 0);
  const order = exact.map((_, place) => place).sort((a, b) => exact[b] - whole[b] - (exact[a] - whole[a]) || a - b);
  for (const place of order.slice(0, left)) whole[place] += 1;
  return whole;
}

/** What each stratum holds and gives at most: [{name, excerpts, atMost}]. */
export function counted(strata, perClass, m) {
  const parts = apportioned(perClass, strata.map((stratum) => stratum.share));
  return strata.map((stratum, place) => {
    const excerpts = held(stratum, m);
    return { name: stratum.name, excerpts, atMost: Math.min(parts[place], excerpts) };
  });
}

export function likelihood(logit) {
  return 1 / (1 + Math.exp(-logit));
}

/** A likelihood with two digits that tell something, at either end. */
export function shown(value) {
  if (value === 0 || value === 1) return String(value);
  const digits = Math.max(2, 1 - Math.floor(Math.log10(Math.min(value, 1 - value))));
  return value.toFixed(Math.min(digits, 7));
}

/** The likelihoods of a bin in words; the outermost have no end. */
export function binWords(spread, index) {
  const low = spread.first + index * spread.step;
  if (index === 0) return `below ${shown(likelihood(low + spread.step))}`;
  if (index === spread.counts.length - 1) return `from ${shown(likelihood(low))}`;
  return `${shown(likelihood(low))} to ${shown(likelihood(low + spread.step))}`;
}

/** The shown part of the logits, in percent and back. */
export class Axis {
  constructor(spread, { firstBin, afterBin }) {
    this.firstBin = firstBin;
    this.afterBin = afterBin;
    this.first = spread.first + firstBin * spread.step;
    this.last = spread.first + afterBin * spread.step;
  }

  /** The axis on which every excerpt of a class lies. */
  static over(spread) {
    const full = [...spread.counts.keys()].filter((index) => spread.counts[index]);
    let low = full[0] ?? 0;
    let after = (full.at(-1) ?? 0) + 1;
    const least = Math.ceil(NARROWEST / spread.step);
    const short = least - (after - low);
    if (short > 0) {
      low = Math.max(0, low - Math.floor((short + 1) / 2));
      after = Math.min(spread.counts.length, low + least);
    }
    return new Axis(spread, { firstBin: low, afterBin: after });
  }

  percent(logit) {
    const share = (logit - this.first) / (this.last - this.first);
    return 100 * Math.min(1, Math.max(0, share));
  }

  logit(percent) {
    return this.first + ((this.last - this.first) * percent) / 100;
  }

  get ticks() {
    const found = [];
    for (const value of TICKS) {
      const at = this.percent(Math.log(value / (1 - value)));
      if (at >= 2 && at <= 98 && found.every((tick) => Math.abs(tick.at - at) >= APART)) found.push({ at, label: String(value) });
    }
    return found.sort((one, other) => one.at - other.at);
  }
}

/** Where the strata lie over a class's scores: [{name, x, width, low, high}], in percent. */
export function bands(spread, axis, strata) {
  return strata.map((stratum) => {
    const low = logitAt(spread, stratum.low);
    const high = logitAt(spread, stratum.high);
    const x = axis.percent(low);
    return { name: stratum.name, x, width: Math.max(0, axis.percent(high) - x), low: likelihood(low), high: likelihood(high) };
  });
}

/** What no stratum holds: [[x, width]]; a stratum over everything pales nothing, unless it is alone. */
export function veils(found) {
  const parts = found.filter((band) => band.width < 100);
  const gaps = [];
  let reached = 0;
  for (const band of [...(parts.length ? parts : found)].sort((a, b) => a.x - b.x)) {
    if (band.x > reached) gaps.push([reached, band.x - reached]);
    reached = Math.max(reached, band.x + band.width);
  }
  if (reached < 100) gaps.push([reached, 100 - reached]);
  return gaps;
}
