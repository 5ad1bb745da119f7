/**
 * Sounds and pictures of the coming questions, loaded ahead so that an answer starts the next at once.
 */

const SUPPORTED = () => document.createElement("audio").canPlayType("audio/mpeg") !== "";

/** What to tell when a clip does not play. */
export function whyNot(audio) {
  if (!SUPPORTED()) return "This browser cannot play MP3 audio. Try another one.";
  if (!navigator.onLine) return "You are offline. It will play once the connection is back.";
  if (audio.error && audio.error.code === MediaError.MEDIA_ERR_DECODE) return "The file seems to be damaged.";
  return "It could not be loaded.";
}

export class Shelf {
  constructor() {
    this.sounds = new Map();
  }

  /** The audio element of a question, loading since it was first asked for. */
  get(question) {
    let audio = this.sounds.get(question.assignment);
    if (!audio) {
      audio = new Audio();
      audio.preload = "auto";
      audio.src = question.clip.audio_url;
      const picture = new Image();
      picture.src = question.clip.spectrogram_url;
      audio.picture = picture; // holds the reference until the clip is shown
      this.sounds.set(question.assignment, audio);
    }
    return audio;
  }

  drop(question) {
    const audio = this.sounds.get(question.assignment);
    if (!audio) return;
    audio.pause();
    audio.removeAttribute("src");
    audio.load(); // lets go of the connection
    this.sounds.delete(question.assignment);
  }
}

/** The outline of a sound from its peaks (pairs of int8), for a viewBox of 400 x 256. */
export function wavePath(peaks) {
  if (!peaks.length) return "";
  const step = 400 / peaks.length;
  const point = (value, index) => `${(index * step + step / 2).toFixed(1)} ${Math.round(128 - value)}`;
  const upper = peaks.map(([low, high], i) => point(Math.max(high, low + 2), i));
  const lower = peaks.map(([low], i) => point(low, i)).reverse();
  return `M${upper.join("L")}L${lower.join("L")}Z`;
}
