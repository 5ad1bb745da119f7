/**
 * What opens over the page: keys, reasons to skip, reports. The browser keeps the focus inside and
 * gives it back; Escape closes.
 */

const byId = (id) => document.getElementById(id);

/** Open a dialog by its id; its first choice has the focus. */
export function open(id) {
  const dialog = byId(id);
  if (!dialog.open) dialog.showModal();
}

/**
 * @param {{skip: (reason: string) => void, flag: (kind: string, note: string) => void}} act
 */
export function bindDialogs({ skip, flag }) {
  for (const button of document.querySelectorAll("[data-show]")) {
    button.addEventListener("click", () => open(button.dataset.show));
  }
  for (const button of document.querySelectorAll("dialog [data-close]")) {
    button.addEventListener("click", () => button.closest("dialog").close());
  }
  const skipping = byId("rate-skip");
  for (const button of skipping.querySelectorAll("[data-skip]")) {
    button.addEventListener("click", () => {
      skipping.close();
      skip(button.dataset.skip);
    });
  }
  skipping.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    skipping.querySelector(`[data-key="${CSS.escape(event.key)}"]`)?.click();
  });
  const form = byId("rate-flag-form");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const said = new FormData(form);
    byId("rate-flag").close();
    flag(String(said.get("kind")), String(said.get("note")).trim());
    form.reset();
  });
}
