/**
 * Moments in the reader's own time. `<time data-time datetime="…">` holds UTC as the server wrote it;
 * that text becomes the tooltip. Who lives in UTC sees no change.
 */

const DAY = { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };

function localise(element) {
  const moment = new Date(element.getAttribute("datetime"));
  if (Number.isNaN(moment.getTime()) || moment.getTimezoneOffset() === 0) return;
  const shape = element.dataset.time === "seconds" ? { ...DAY, second: "2-digit" } : DAY;
  element.title = element.textContent;
  element.textContent = inLanguage(moment, shape);
}

function inLanguage(moment, shape) {
  const language = document.documentElement.lang || "en";
  if (language !== "en") return new Intl.DateTimeFormat(language, shape).format(moment);
  const parts = Object.fromEntries(new Intl.DateTimeFormat("en-GB", shape).formatToParts(moment).map((part) => [part.type, part.value]));
  const clock = [parts.hour, parts.minute, parts.second].filter(Boolean).join(":");
  return `${parts.day} ${parts.month} ${parts.year}, ${clock}`;
}

export function setUp(root) {
  for (const element of root.querySelectorAll("time[data-time]")) {
    if (element.timeReady) continue;
    element.timeReady = true;
    localise(element);
  }
}
