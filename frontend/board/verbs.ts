// What a barista can do. Each verb shows its effect at once, keeps a command in the outbox and lets the sender bring it
// to the server; most can be taken back for five seconds.

import { batch } from "@preact/signals";
import { boot } from "./boot";
import { commandId, laneOf, type Command, type Intent } from "./commands";
import type { Tender, Ticket, Until } from "./contract";
import { leave } from "./motion";
import type { Outbox } from "./outbox";
import type { Sender } from "./sender";
import { commands, dialog, panel, queue, selected, shown, spoken, toast, type Sellable } from "./state";
import { acknowledged, waits } from "./tickets";
import { t } from "./words";

export const UNDO_MS = 5_000;

interface Desk {
  outbox: Outbox;
  sender: Sender;
  device_id: string;
  told(): void;
}

let desk: Desk | null = null;
let toastTimer: ReturnType<typeof setTimeout> | undefined;
let toasts = 0;

export function openDesk(opened: Desk): void {
  desk = opened;
}

/** Show a notice for five seconds; with `undo`, a button that takes the last thing back. */
export function notify(text: string, undo: (() => void) | null = null): void {
  clearTimeout(toastTimer);
  toasts += 1;
  toast.value = { id: toasts, text, undo };
  spoken.value = text;
  toastTimer = setTimeout(() => {
    toast.value = null;
  }, UNDO_MS);
}

export function undoLast(): void {
  const undo = toast.value?.undo;
  if (!undo) return;
  toast.value = null;
  undo();
}

/** Keep a command. The board shows its effect before the disk has it; a disk that refuses takes the effect back. */
function ask(intent: Intent, label: string, hold_ms = 0): { taken: Promise<Command | null> } {
  const at = Date.now();
  const draft: Command = {
    id: commandId(at, crypto.getRandomValues(new Uint8Array(16))),
    seq: Number.MAX_SAFE_INTEGER,
    device_id: desk?.device_id ?? "",
    lane: laneOf(intent),
    intent,
    label,
    at,
    staff: boot.staff_name,
    hold_until: hold_ms > 0 ? at + hold_ms : 0,
    attempts: 0,
    state: "waiting",
    last_error: null,
  };
  commands.value = [...commands.value, draft];
  return { taken: keep(draft) };
}

async function keep(draft: Command): Promise<Command | null> {
  try {
    if (!desk) throw new Error("the outbox isn't open yet");
    const { seq: _place, ...unplaced } = draft;
    const kept = await desk.outbox.add(unplaced);
    commands.value = commands.value.map((command) => (command.id === kept.id ? kept : command));
    desk.sender.wake();
    desk.told();
    return kept;
  } catch {
    commands.value = commands.value.filter((command) => command.id !== draft.id);
    notify(t.not_kept);
    return null;
  }
}

/** Take a command back: forget it if it never left, else ask for the opposite. */
async function takeBack(taken: Promise<Command | null>, opposite: Intent | null, label: string): Promise<void> {
  const command = await taken;
  if (!command || !desk) return;
  if (await desk.outbox.withdraw(command.seq)) {
    commands.value = commands.value.filter((kept) => kept.id !== command.id);
    desk.told();
  } else if (opposite) {
    ask(opposite, label);
  }
  spoken.value = t.undone;
}

/** Where the selection goes when a ticket leaves: to the one that takes its place. */
function moveOn(ticket_id: string): void {
  if (selected.value !== ticket_id) return;
  const open = shown.value.open;
  const place = open.findIndex((ticket) => ticket.ticket_id === ticket_id);
  const next = open[place + 1] ?? open[place - 1];
  selected.value = next?.ticket_id ?? null;
}

export function bump(ticket: Ticket): void {
  const { ticket_id, number } = ticket;
  if (queue.value.marks.has(ticket_id) || ticket.badges.includes("CHANGED")) acknowledge(ticket_id);
  if (ticket.state !== "QUEUED" && ticket.state !== "STARTED") return;
  if (waits(ticket)) return notify(t.waiting_note(number));
  const from_state = ticket.state;
  if (from_state === "STARTED") leave(ticket_id);
  batch(() => {
    if (from_state === "STARTED") moveOn(ticket_id);
    const { taken } = ask({ kind: "bump", ticket_id, from_state }, number);
    const text = from_state === "QUEUED" ? t.done_start(number) : t.done_ready(number);
    notify(text, () => void takeBack(taken, { kind: "undo", ticket_id, to_state: from_state }, number));
  });
}

/** Put a begun ticket back among the waiting ones. */
export function putBack(ticket: Ticket): void {
  ask({ kind: "undo", ticket_id: ticket.ticket_id, to_state: "QUEUED" }, ticket.number);
  dialog.value = null;
}

export function recall(ticket: Ticket): void {
  if (!queue.value.tickets.has(ticket.ticket_id)) {
    queue.value = { ...queue.value, tickets: new Map(queue.value.tickets).set(ticket.ticket_id, ticket) };
  }
  ask({ kind: "recall", ticket_id: ticket.ticket_id }, ticket.number);
  selected.value = ticket.ticket_id;
  notify(t.done_recalled(ticket.number));
}

export function tick(ticket: Ticket, line_id: string, made: boolean): void {
  ask({ kind: "made", ticket_id: ticket.ticket_id, line_id, made }, ticket.number);
}

/** Nothing leads back from handed over, so the command waits out the time in which it can be taken back. */
export function handOver(ticket: Ticket): void {
  const { ticket_id, order_id, number } = ticket;
  const { taken } = ask({ kind: "hand_over", ticket_id, order_id }, number, UNDO_MS);
  notify(t.done_handed(number), () => void takeBack(taken, null, number));
}

export function takePayment(ticket: Ticket, tender: Tender, receipt_ref: string): void {
  const { ticket_id, order_id, number } = ticket;
  ask({ kind: "hand_over", ticket_id, order_id, tender, receipt_ref }, number);
  dialog.value = null;
  notify(t.done_paid(number));
}

export function cancel(ticket: Ticket, reason: string): void {
  const { ticket_id, order_id, number } = ticket;
  moveOn(ticket_id);
  ask({ kind: "cancel", ticket_id, order_id, expected_status: ticket.order_status, reason }, number);
  dialog.value = null;
  notify(t.done_cancelled(number));
}

export interface Short {
  modifier_id?: string;
  /** How many of the line are out; absent means all. */
  qty?: number;
  sold_out: boolean;
  until: Until;
  /** Products to offer; absent lets the shop choose, none offers nothing. */
  substitutes?: string[];
}

/** A line is out. The customer is asked at once, so the command waits out the time in which it can be taken back. */
export function runShort(ticket: Ticket, line_id: string, what: Short): void {
  const { ticket_id, order_id, number } = ticket;
  const { taken } = ask({ kind: "short", ticket_id, order_id, line_id, ...what }, number, UNDO_MS);
  dialog.value = null;
  notify(t.done_short(number), () => void takeBack(taken, null, number));
}

/** What the customer wants instead; they may think again, so it waits out the time in which it can be taken back. */
export function chooseFor(ticket: Ticket, shortage_id: string, choice: "SUBSTITUTE" | "REFUND", substitute?: number): void {
  const { ticket_id, order_id, number } = ticket;
  const chosen = { kind: "choose", ticket_id, order_id, shortage_id, choice } as const;
  const { taken } = ask(substitute === undefined ? chosen : { ...chosen, substitute }, number, UNDO_MS);
  dialog.value = null;
  notify(t.done_chosen(number), () => void takeBack(taken, null, number));
}

export function acknowledge(ticket_id: string): void {
  const ticket = queue.value.tickets.get(ticket_id);
  if (ticket?.state === "CANCELLED") moveOn(ticket_id);
  queue.value = acknowledged(queue.value, ticket_id);
  // The other screens needn't ask again.
  if (ticket?.badges.includes("CHANGED")) ask({ kind: "seen", ticket_id }, ticket.number);
}

export function setAvailability(thing: Sellable, available: boolean, until: Until, left?: number): void {
  const { subject, id, name } = thing;
  const wanted: Intent = { kind: "availability", subject, id, available, until, ...(left === undefined ? {} : { left }) };
  const { taken } = ask(wanted, name);
  const before = thing.until === "END_OF_DAY" || thing.until === null ? thing.until : "END_OF_DAY";
  const opposite: Intent = { kind: "availability", subject, id, available: thing.available, until: thing.available ? null : before };
  notify(available && left === undefined ? t.done_back_on(name) : t.done_sold_out(name), () => void takeBack(taken, opposite, name));
}

export function pauseIntake(minutes: number | null): void {
  ask({ kind: "intake", state: "PAUSED", ...(minutes === null ? {} : { minutes }) }, t.intake_paused);
}

export function resumeIntake(): void {
  ask({ kind: "intake", state: "OPEN" }, t.intake_open);
}

export function setPrepTime(prep_minutes: number): void {
  ask({ kind: "prep", prep_minutes }, t.prep_title);
}

/** A refused command, tried once more or thrown away. */
export async function settleAttention(command: Command, again: boolean): Promise<void> {
  if (!desk) return;
  const waiting: Command = { ...command, state: "waiting", last_error: null };
  if (again) await desk.outbox.put(waiting);
  else await desk.outbox.remove(command.seq);
  commands.value = again
    ? commands.value.map((kept) => (kept.id === command.id ? waiting : kept))
    : commands.value.filter((kept) => kept.id !== command.id);
  if (commands.value.every((kept) => kept.state === "waiting")) panel.value = null;
  desk.sender.wake();
  desk.told();
}

export function sendNow(): void {
  desk?.sender.now();
}
