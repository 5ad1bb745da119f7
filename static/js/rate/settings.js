/** What a person set on this device: volume, loop, keys. A browser that stores nothing is no error. */

const PREFIX = "consonance.";

export function recall(name, fallback) {
  try {
    return localStorage.getItem(PREFIX + name) ?? fallback;
  } catch {
    return fallback;
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(PREFIX + name, String(value));
  } catch {
    // then it lasts as long as the page
  }
}
