/** A short message that goes by itself. For what matters longer, use an alert in the page. */

const SHOWN_MS = 5000;

export function toast(text) {
  const box = document.createElement("div");
  box.className = "toast";
  box.textContent = text;
  document.getElementById("toasts").append(box);
  setTimeout(() => box.remove(), SHOWN_MS);
}
