// Countdowns: an element with `data-due` shows the minutes and seconds that are left, by the server's clock (`data-now` is
// its time when it wrote the page). Without this script it shows the time of day until which there is time.

const offsets = new WeakMap<HTMLElement, number>();

function show(element: HTMLElement): void {
  const due = Date.parse(element.dataset.due ?? "");
  let offset = offsets.get(element);
  if (offset === undefined) {
    offset = Date.parse(element.dataset.now ?? "") - Date.now();
    offsets.set(element, offset);
  }
  const left = Math.max(0, Math.round((due - Date.now() - offset) / 1_000));
  const text = element.querySelector("span");
  if (text && Number.isFinite(left)) text.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
}

/** Show every countdown of the page as it is now. */
export function showClocks(): void {
  for (const element of document.querySelectorAll<HTMLElement>("[data-due]")) show(element);
}

export function watchClocks(): void {
  showClocks();
  setInterval(showClocks, 1_000);
}
