// Telling the reader: a toast for the eye, a live region for the ear. The regions are in the page from the start.
const words = document.getElementById("words")?.dataset ?? {};

/** A text that the layout carries in the reader's language; empty if it is not there. */
export function word(name: string): string {
  return words[name] ?? "";
}

/** Say it to assistive technology only. */
export function announce(text: string): void {
  const region = document.getElementById("announce");
  if (!region) return;
  region.textContent = "";
  // A region that gets the same text twice stays silent; emptying it first makes each saying a change.
  requestAnimationFrame(() => (region.textContent = text));
}

/** Show it for a few seconds; the toast region is live, so it is spoken too. */
export function toast(text: string, milliseconds = 4000): void {
  const region = document.getElementById("toasts");
  if (!region || !text) return;
  const box = document.createElement("div");
  box.className = "toast";
  box.textContent = text;
  region.replaceChildren(box);
  setTimeout(() => box.remove(), milliseconds);
}
