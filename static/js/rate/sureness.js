/** How sure one was of the answer just given; whoever does not care is asked nothing more. */

/** How long an answer waits, stored, for how sure one was. */
export const SURE_WITHIN_MS = 6000;

export class Sureness {
  constructor(root, outbox, isAsked) {
    this.root = root;
    this.outbox = outbox;
    this.isAsked = isAsked;
    this.key = "";
    for (const button of this.buttons) button.addEventListener("click", () => this.say(Number(button.dataset.sure)));
  }

  get buttons() {
    return [...this.root.querySelectorAll("[data-sure]")];
  }

  /** Ask about the answer with this key; about none if it is empty. */
  ask(key) {
    if (!this.isAsked) return;
    this.key = key;
    document.getElementById("rate-sure").dataset.open = String(Boolean(key));
    for (const button of this.buttons) {
      button.setAttribute("aria-disabled", String(!key));
      button.removeAttribute("aria-pressed");
    }
    if (key) setTimeout(() => { if (this.key === key) this.ask(""); }, SURE_WITHIN_MS);
  }

  async say(step) {
    if (!this.key || !this.isAsked) return;
    if (!(await this.outbox.amend(this.key, { confidence: step }))) return;
    this.root.querySelector(`[data-sure="${step}"]`).setAttribute("aria-pressed", "true");
  }
}
