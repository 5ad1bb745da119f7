/** The volume, the same for every sound of the page and found again next time; and the sound check. */

import { gettext } from "../words.js";
import { recall, remember } from "./settings.js";

export class Loudness {
  /** `sounds` each have setVolume(volume). */
  constructor(root, sounds) {
    this.sliders = [...root.querySelectorAll("[data-volume]")];
    this.sounds = sounds;
    this.check = new Audio();
    for (const slider of this.sliders) slider.addEventListener("input", () => this.set(Number(slider.value)));
    this.set(Number(recall("volume", "1")));
  }

  set(volume) {
    this.sounds.forEach((sound) => sound.setVolume(volume));
    this.check.volume = volume;
    this.sliders.forEach((slider) => {
      slider.value = String(volume);
      slider.setAttribute("aria-valuetext", `${Math.round(volume * 100)} %`);
    });
    remember("volume", volume);
  }

  play(button, text) {
    this.check.src = button.dataset.src;
    this.check.onerror = () => {
      text.textContent = gettext("The sound could not be played. Check that the sound of this tab is on, or try another browser.");
    };
    this.check.play().catch(() => {}); // onerror has told why
  }
}
