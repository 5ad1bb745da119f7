/**
 * The map of a collection: choose a square to hear random excerpts of it. By pointer, or with the
 * keyboard: arrow keys go from square to square, Enter plays. The tables hold the same without script.
 */

const SVG = "http://www.w3.org/2000/svg";
const plot = document.getElementById("atlas");
const hint = document.getElementById("atlas-hint");
const squares = new Map([...plot.querySelectorAll("[data-x]")].map((one) => [`${one.dataset.x},${one.dataset.y}`, one]));
const cells = Number(plot.dataset.cells);
const number = new Intl.NumberFormat(document.documentElement.lang || "en");
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
let at = null;

function words(square) {
  const { x, y, count, picks } = square.dataset;
  const picked = Number(picks) ? `, ${number.format(Number(picks))} ${picks === "1" ? "pick" : "picks"}` : "";
  return `Column ${Number(x) + 1}, row ${Number(y) + 1}: ${number.format(Number(count))} ${count === "1" ? "excerpt" : "excerpts"}${picked}`;
}

function mark(square) {
  let cursor = plot.querySelector(".atlas__cursor");
  if (!cursor) {
    cursor = document.createElementNS(SVG, "rect");
    cursor.setAttribute("class", "atlas__cursor");
    plot.append(cursor);
  }
  const [width, height] = [400 / cells, 300 / cells];
  cursor.setAttribute("x", String(Number(square.dataset.x) * width));
  cursor.setAttribute("y", String(Number(square.dataset.y) * height));
  cursor.setAttribute("width", String(width));
  cursor.setAttribute("height", String(height));
}

function go(square) {
  at = square;
  mark(square);
  hint.textContent = words(square);
}

function hear(square) {
  go(square);
  const { x, y } = square.dataset;
  const round = plot.dataset.round ? `&round=${plot.dataset.round}` : "";
  globalThis.htmx.ajax("GET", `${plot.dataset.square}?x=${x}&y=${y}${round}`, { target: "#heard", swap: "outerHTML" });
}

/** The nearest square in a direction: straight ahead if there is one, else the least aside. */
function next([dx, dy]) {
  const [x, y] = [Number(at.dataset.x), Number(at.dataset.y)];
  let best = null;
  let least = Infinity;
  for (const square of squares.values()) {
    const ahead = (Number(square.dataset.x) - x) * dx + (Number(square.dataset.y) - y) * dy;
    const aside = Math.abs((Number(square.dataset.x) - x) * dy) + Math.abs((Number(square.dataset.y) - y) * dx);
    const cost = ahead + 3 * aside;
    if (ahead > 0 && cost < least) [best, least] = [square, cost];
  }
  return best;
}

function under(event) {
  const box = plot.getBoundingClientRect();
  const place = (share) => Math.min(cells - 1, Math.max(0, Math.floor(share * cells)));
  return squares.get(`${place((event.clientX - box.left) / box.width)},${place((event.clientY - box.top) / box.height)}`);
}

plot.addEventListener("pointermove", (event) => {
  const square = under(event);
  const pick = event.target.closest("[data-clip]");
  if (pick) hint.textContent = pick.textContent.trim();
  else if (square) hint.textContent = words(square);
});
plot.addEventListener("click", (event) => {
  const square = under(event);
  if (square) hear(square);
});
plot.addEventListener("focus", () => {
  if (!squares.size) return;
  go(at ?? [...squares.values()].reduce((one, other) => (Number(other.dataset.count) > Number(one.dataset.count) ? other : one)));
});
plot.addEventListener("keydown", (event) => {
  if (!at) return;
  if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    hear(at);
  } else if (STEPS[event.key]) {
    event.preventDefault();
    const square = next(STEPS[event.key]);
    if (square) go(square);
  }
});

document.addEventListener("htmx:afterSwap", () => {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  document.getElementById("heard").scrollIntoView({ block: "nearest", behavior: still ? "auto" : "smooth" });
});

// What is only looked at without script becomes a thing to use; its name says how.
plot.setAttribute("tabindex", "0");
plot.setAttribute("role", "application");
plot.setAttribute("aria-roledescription", "map");
plot.setAttribute("aria-describedby", "atlas-hint");
hint.textContent = "Choose a square to hear it. With the keyboard: arrow keys and Enter.";
for (const one of document.querySelectorAll("[data-only-script]")) one.hidden = false;
