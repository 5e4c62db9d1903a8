// The signals that the board shows. Written by verbs.ts and desk.ts, read by the components; no network, no storage.

import { computed, signal } from "@preact/signals";
import { now, serverNow } from "./clock";
import type { Command } from "./commands";
import type { Availability, Ticket } from "./contract";
import { keyOf } from "./allday";
import { settings } from "./settings";
import { arrange, EMPTY, project, type Queue } from "./tickets";

export type Panel = "all_day" | "recall" | "sold_out" | "intake" | "screen" | "later" | "ready" | "attention" | null;
export type Dialog =
  | { kind: "details" | "payment" | "cancel" | "choose"; ticket_id: string }
  | { kind: "short"; ticket_id: string; line_id: string }
  | null;

export interface Toast {
  id: number;
  text: string;
  /** Takes it back; absent for a plain notice. */
  undo: (() => void) | null;
}

/** The menu, as far as the sold-out panel needs it. */
export interface Sellable {
  subject: "products" | "modifiers";
  id: string;
  name: string;
  group: string;
  available: boolean;
  until: string | null;
  left: number | null;
  by: string | null;
  at: string | null;
}

export interface Intake {
  paused: boolean;
  until: string | null;
  prep_minutes: number | null;
}

/** What the server said. */
export const queue = signal<Queue>(EMPTY);
/** Whether any queue is known: from the server or from the device's memory. */
export const known = signal(false);
/** What was asked for and not yet answered. */
export const commands = signal<readonly Command[]>([]);
export const sellables = signal<readonly Sellable[]>([]);
export const intake = signal<Intake | null>(null);

export const panel = signal<Panel>(null);
export const dialog = signal<Dialog>(null);
export const toast = signal<Toast | null>(null);
/** What a screen reader is told. */
export const spoken = signal("");
export const selected = signal<string | null>(null);
/** The all-day line whose tickets are highlighted. */
export const highlight = signal<string | null>(null);
/** Tickets that flash because they are new or have just changed. */
export const flashing = signal<ReadonlySet<string>>(new Set());
export const shiftOn = signal(false);
export const soundOn = signal(false);
export const signedOut = signal(false);
export const updateReady = signal(false);
/** Whether keys are in use: then the tickets show their numbers. */
export const keysInUse = signal(false);

/** Scheduled tickets are released when their time comes; looking every ten seconds is enough. */
const decade = computed(() => Math.floor(now.value / 10_000) * 10_000);

export const shownTickets = computed(() => project(queue.value.tickets, commands.value, serverNow() - Date.now()));

export const shown = computed(() => {
  const { recalled_first, categories } = settings.value;
  return arrange(shownTickets.value, { recalled_first, categories }, decade.value);
});

export const waiting = computed(() => commands.value.filter((command) => command.state === "waiting" && command.hold_until <= now.value));
export const attention = computed(() => commands.value.filter((command) => command.state === "attention"));

/** The tickets that hold what the all-day line counts. */
export const highlighted = computed<ReadonlySet<string>>(() => {
  const key = highlight.value;
  if (key === null) return new Set();
  const by_modifier = settings.value.by_modifier;
  const holds = (ticket: Ticket): boolean => ticket.lines.some((line) => !line.made && keyOf(line, by_modifier) === key);
  return new Set(shown.value.open.filter(holds).map((ticket) => ticket.ticket_id));
});

/** The menu with the switches that still wait laid over it. */
export const sellablesShown = computed(() => {
  const changes = new Map<string, Command>();
  for (const command of commands.value) {
    if (command.state === "waiting" && command.intent.kind === "availability") changes.set(command.intent.id, command);
  }
  return sellables.value.map((sellable) => {
    const command = changes.get(sellable.id);
    return command ? switched(sellable, command) : sellable;
  });
});

/** A thing as it is after a sold-out command. */
export function switched(sellable: Sellable, command: Command): Sellable {
  const intent = command.intent;
  if (intent.kind !== "availability") return sellable;
  const at = new Date(command.at).toISOString();
  return { ...sellable, available: intent.available, until: intent.until, left: intent.left ?? null, by: command.staff, at };
}

export function withAvailability(things: readonly Sellable[], change: Availability): Sellable[] {
  const id = change.product_id ?? change.modifier_id;
  return things.map((thing) => {
    if (thing.id !== id) return thing;
    const who = change.by === undefined ? {} : { by: change.by };
    return { ...thing, available: change.available, until: change.until, left: change.left ?? null, at: change.at ?? null, ...who };
  });
}
