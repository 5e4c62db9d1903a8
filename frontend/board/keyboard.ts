// The bump bar: 1–9 pick a ticket, Enter bumps it, U takes back, R A S open panels, Esc clears. Keys with a modifier and
// keys typed into a field are left alone.

import { dialog, highlight, keysInUse, panel, selected, shiftOn, shown, type Panel } from "./state";
import { acknowledge, bump, undoLast } from "./verbs";

const PANEL_KEYS: Record<string, Exclude<Panel, null>> = { r: "recall", a: "all_day", s: "sold_out" };

function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

function clear(): void {
  if (panel.value) {
    panel.value = null;
    highlight.value = null;
    return;
  }
  selected.value = null;
  (document.activeElement as HTMLElement | null)?.blur();
}

function enter(event: KeyboardEvent): void {
  // Enter on a button is that button's; on a ticket it is the ticket's bump.
  const target = event.target as HTMLElement;
  if (target !== document.body && !target.matches("[data-ticket]")) return;
  const ticket = shown.value.open.find((open) => open.ticket_id === selected.value);
  if (!ticket) return;
  event.preventDefault();
  if (ticket.state === "CANCELLED") acknowledge(ticket.ticket_id);
  else bump(ticket);
}

function onKey(event: KeyboardEvent): void {
  if (!shiftOn.value || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.key === "Escape" && !dialog.value) return clear();
  if (typing(event.target) || dialog.value) return;
  const key = event.key.toLowerCase();
  const name = PANEL_KEYS[key];
  if (/^[1-9]$/.test(key)) {
    keysInUse.value = true;
    const ticket = shown.value.open[Number(key) - 1];
    if (ticket) selected.value = ticket.ticket_id;
  } else if (key === "enter") {
    enter(event);
  } else if (key === "u") {
    undoLast();
  } else if (name) {
    event.preventDefault();
    panel.value = panel.value === name ? null : name;
    if (panel.value !== "all_day") highlight.value = null;
  }
}

export function listenToKeys(): void {
  addEventListener("keydown", onKey);
  // A hand on the glass needs no key numbers.
  addEventListener("pointerdown", () => (keysInUse.value = false));
}
