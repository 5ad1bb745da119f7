/**
 * On every page: menus that close, messages that go, and the parts a page turns out to have.
 */

/** Parts by what they look for; loaded only where found. */
const PARTS = [
  ["[data-copy]", () => import("./copy.js")],
  ["[data-player]", () => import("./player.js")],
  ["[data-job]", () => import("./progress.js")],
  ["time[data-time]", () => import("./time.js")],
];

/** Where tabs are one row to be moved by a finger, the one that one is on is in sight. */
function showTab(row) {
  const tab = row.querySelector("[aria-current]");
  if (!tab || row.scrollWidth <= row.clientWidth) return;
  const [inside, around] = [tab.getBoundingClientRect(), row.getBoundingClientRect()];
  row.scrollLeft += inside.left - around.left - (around.width - inside.width) / 2;
}

/** Set up everything inside `root`; called again for what htmx swaps in. */
async function setUp(root) {
  for (const button of root.querySelectorAll("[data-dismiss]")) button.hidden = false;
  root.querySelectorAll(".tabs").forEach(showTab);
  for (const [selector, load] of PARTS) {
    if (root.matches?.(selector) || root.querySelector(selector)) (await load()).setUp(root);
  }
}

document.addEventListener("click", (event) => {
  const dismiss = event.target.closest("[data-dismiss]");
  if (dismiss) dismiss.closest(".alert").remove();
  const opener = event.target.closest("[data-dialog]");
  if (opener) document.getElementById(opener.dataset.dialog)?.showModal();
  if (event.target.matches("dialog.dialog")) event.target.close(); // the backdrop
  for (const menu of document.querySelectorAll("[data-menu][open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("[data-menu][open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

document.addEventListener("htmx:load", (event) => setUp(event.detail.elt));
setUp(document);
