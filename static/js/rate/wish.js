/** How, and about what, the person wants to be asked: what is chosen here, else the server's choice. */

import { recall, remember } from "./settings.js";

export class Wish {
  constructor(root, campaign) {
    this.modes = [...root.querySelectorAll("[name=mode]")];
    this.field = document.getElementById("rate-class-field");
    this.list = document.getElementById("rate-class");
    this.place = `wish.${campaign}`;
  }

  get isRemembered() {
    return Boolean(recall(this.place, ""));
  }

  read() {
    const mode = this.modes.find((field) => field.checked)?.value ?? "";
    if (this.field) this.field.hidden = mode === "clip";
    const asked = mode === "clip" ? "" : this.list?.value ?? "";
    return { ...(mode && { mode }), ...(asked && { class: asked }) };
  }

  /** Put the choice of the last visit into the fields. */
  recall() {
    const { mode = "", class: asked = "" } = JSON.parse(recall(this.place, "{}"));
    for (const field of this.modes) if (mode) field.checked = field.value === mode;
    if ([...(this.list?.options ?? [])].some((option) => option.value === asked)) this.list.value = asked;
  }

  onChange(action) {
    for (const field of [...this.modes, ...(this.list ? [this.list] : [])]) {
      field.addEventListener("change", () => {
        const wish = this.read();
        remember(this.place, JSON.stringify(wish));
        action(wish);
      });
    }
  }
}
