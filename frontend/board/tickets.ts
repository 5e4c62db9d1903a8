// The queue as this device knows it, and what is shown of it. Pure: every function takes values and gives new ones.
// What the server said is kept apart from what the barista asked for: the board shows the first with the second laid
// over it (`project`), so an answer that says no needs no undoing, only the command to go.

import { NEXT, type Command } from "./commands";
import type { Ticket, TicketLine } from "./contract";

export interface Mark {
  kind: "CHANGED" | "CANCELLED";
  /** The lines as the barista last saw them. */
  before: TicketLine[];
}

export interface Queue {
  tickets: ReadonlyMap<string, Ticket>;
  /** Changed and cancelled tickets that nobody has acknowledged on this device. */
  marks: ReadonlyMap<string, Mark>;
  /** Tickets that left, with the version at which they did: an older message must not bring them back. */
  gone: ReadonlyMap<string, number>;
}

export const EMPTY: Queue = { tickets: new Map(), marks: new Map(), gone: new Map() };

/** The badge of a ticket whose customer is asked what they want instead of what is out. */
export const WAITING = "WAITING_FOR_CUSTOMER";

/** Whether the rest is made and the ticket can't be finished before its customer has chosen. */
export function waits(ticket: Ticket): boolean {
  return ticket.state === "STARTED" && ticket.badges.includes(WAITING);
}

const OPEN = new Set(["QUEUED", "STARTED"]);

function thing(line: TicketLine): string {
  const modifiers = line.modifiers.map((modifier) => `${modifier.kind} ${modifier.name}`);
  return JSON.stringify([line.name, line.variant_name, modifiers, line.note]);
}

function content(line: TicketLine): string {
  return `${line.line_id} ${line.qty} ${thing(line)}`;
}

/** A line of which `qty` (absent: all) are out, as the server is going to put it; as it is where the server has done so. */
function outOf(ticket: Ticket, line: TicketLine, qty: number | undefined): TicketLine[] {
  if (!qty) return [{ ...line, short: true }];
  if (ticket.lines.some((other) => other.short && other.line_id !== line.line_id && thing(other) === thing(line))) return [line];
  if (qty >= line.qty) return [{ ...line, short: true }];
  return [{ ...line, qty: line.qty - qty }, { ...line, line_id: `${line.line_id} out`, qty, short: true }];
}

function amounts(lines: readonly TicketLine[]): string {
  const sums = new Map<string, number>();
  for (const line of lines) sums.set(thing(line), (sums.get(thing(line)) ?? 0) + line.qty);
  return [...sums].map(([what, qty]) => `${qty} ${what}`).sort().join();
}

/** Whether the barista would have to make something else. Ticks don't count, nor how the same things are spread over lines. */
export function linesDiffer(before: readonly TicketLine[], after: readonly TicketLine[]): boolean {
  return amounts(before) !== amounts(after);
}

function marked(queue: Queue, known: Ticket, ticket: Ticket): ReadonlyMap<string, Mark> {
  const mark = queue.marks.get(ticket.ticket_id);
  const cancelled = ticket.state === "CANCELLED";
  if (!cancelled && !(OPEN.has(ticket.state) && linesDiffer(known.lines, ticket.lines))) return queue.marks;
  const before = mark?.before ?? known.lines;
  return new Map(queue.marks).set(ticket.ticket_id, { kind: cancelled ? "CANCELLED" : "CHANGED", before });
}

/** Forget a ticket; messages up to `version` can't bring it back. */
export function without(queue: Queue, ticket_id: string, version: number): Queue {
  const tickets = new Map(queue.tickets);
  const marks = new Map(queue.marks);
  tickets.delete(ticket_id);
  marks.delete(ticket_id);
  return { tickets, marks, gone: new Map(queue.gone).set(ticket_id, version) };
}

/** Take in one ticket. An older version, or one we know already, changes nothing. */
export function withTicket(queue: Queue, ticket: Ticket): Queue {
  const known = queue.tickets.get(ticket.ticket_id);
  const last = known?.version ?? queue.gone.get(ticket.ticket_id) ?? -1;
  if (ticket.version <= last) return queue;
  if (ticket.state === "CLOSED" || (ticket.state === "CANCELLED" && !known)) {
    return without(queue, ticket.ticket_id, ticket.version);
  }
  return {
    tickets: new Map(queue.tickets).set(ticket.ticket_id, ticket),
    marks: known ? marked(queue, known, ticket) : queue.marks,
    gone: queue.gone,
  };
}

/** Take in the whole queue. What it lacks has left, except what was cancelled and not yet acknowledged. */
export function withSnapshot(queue: Queue, tickets: readonly Ticket[]): Queue {
  let next = queue;
  for (const ticket of tickets) next = withTicket(next, ticket);
  const present = new Set(tickets.map((ticket) => ticket.ticket_id));
  const kept = new Map<string, Ticket>();
  for (const [id, ticket] of next.tickets) {
    if (present.has(id) || next.marks.get(id)?.kind === "CANCELLED") kept.set(id, ticket);
  }
  const marks = new Map([...next.marks].filter(([id]) => kept.has(id)));
  const gone = new Map([...next.gone].filter(([id]) => present.has(id)));
  return { tickets: kept, marks, gone };
}

/** Somebody saw the change: a changed ticket becomes an ordinary one, a cancelled one leaves. */
export function acknowledged(queue: Queue, ticket_id: string): Queue {
  const ticket = queue.tickets.get(ticket_id);
  if (ticket?.state === "CANCELLED") return without(queue, ticket_id, ticket.version);
  const marks = new Map(queue.marks);
  marks.delete(ticket_id);
  return { ...queue, marks };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}

function applied(ticket: Ticket, command: Command, offset: number): Ticket {
  const intent = command.intent;
  const at = iso(command.at + offset);
  switch (intent.kind) {
    case "bump": {
      if (ticket.state !== intent.from_state) return ticket;
      const state = NEXT[intent.from_state];
      return state === "DONE" ? { ...ticket, state, done_at: at } : { ...ticket, state, started_at: at };
    }
    case "undo":
      if (intent.to_state === "QUEUED" && ticket.state === "STARTED") return { ...ticket, state: "QUEUED", started_at: null };
      if (intent.to_state === "STARTED" && ticket.state === "DONE") return { ...ticket, state: "STARTED", done_at: null };
      return ticket;
    case "recall":
      if (ticket.state !== "DONE") return ticket;
      return { ...ticket, state: "STARTED", done_at: null, recalled_at: at, badges: [...new Set([...ticket.badges, "RECALLED"])] };
    case "seen":
      return { ...ticket, badges: ticket.badges.filter((badge) => badge !== "CHANGED") };
    case "made": {
      const lines = ticket.lines.map((line) => (line.line_id === intent.line_id ? { ...line, made: intent.made } : line));
      return { ...ticket, lines };
    }
    case "short": {
      const lines = ticket.lines.flatMap((line) => (line.line_id === intent.line_id ? outOf(ticket, line, intent.qty) : [line]));
      return { ...ticket, lines, badges: [...new Set([...ticket.badges, WAITING])] };
    }
    case "hand_over":
      return { ...ticket, state: "CLOSED" };
    case "cancel":
      return { ...ticket, state: "CLOSED" };
    default:
      return ticket;
  }
}

/** What to show: the server's tickets with the commands that still wait laid over them, in the order asked.
    A ticket that no command touches keeps its identity. `offset` is the server's clock minus ours, in ms. */
export function project(tickets: ReadonlyMap<string, Ticket>, commands: readonly Command[], offset = 0): Map<string, Ticket> {
  const shown = new Map(tickets);
  for (const command of commands) {
    if (command.state !== "waiting" || !("ticket_id" in command.intent)) continue;
    const ticket = shown.get(command.intent.ticket_id);
    if (ticket) shown.set(ticket.ticket_id, applied(ticket, command, offset));
  }
  return shown;
}

export interface Sorting {
  /** Recalled tickets come first; otherwise they go back to their place in time. */
  recalled_first: boolean;
  /** Only tickets with something of these categories; empty means all. */
  categories: readonly string[];
}

function compare(a: Ticket, b: Ticket, recalled_first: boolean): number {
  if (recalled_first) {
    const recalled = Number(Boolean(b.recalled_at)) - Number(Boolean(a.recalled_at));
    if (recalled !== 0) return recalled;
  }
  return (
    Date.parse(a.promised_at) - Date.parse(b.promised_at) ||
    Date.parse(a.opened_at) - Date.parse(b.opened_at) ||
    (a.ticket_id < b.ticket_id ? -1 : 1)
  );
}

export interface Shown {
  /** To make now, in order of promised time; cancelled ones stay in their place until acknowledged. */
  open: Ticket[];
  /** Made, waiting for their people; longest waiting first. */
  ready: Ticket[];
  /** Ordered for later, soonest first. */
  later: Ticket[];
}

export function arrange(tickets: ReadonlyMap<string, Ticket>, sorting: Sorting, now: number): Shown {
  const shown: Shown = { open: [], ready: [], later: [] };
  const wanted = new Set(sorting.categories);
  for (const ticket of tickets.values()) {
    if (ticket.state === "CLOSED") continue;
    if (ticket.state === "DONE") shown.ready.push(ticket);
    else if (wanted.size > 0 && !ticket.lines.some((line) => wanted.has(line.category ?? ""))) continue;
    else if (ticket.state === "QUEUED" && releaseOf(ticket) > now) shown.later.push(ticket);
    else shown.open.push(ticket);
  }
  shown.open.sort((a, b) => compare(a, b, sorting.recalled_first));
  shown.later.sort((a, b) => releaseOf(a) - releaseOf(b));
  shown.ready.sort((a, b) => Date.parse(a.done_at ?? a.promised_at) - Date.parse(b.done_at ?? b.promised_at));
  return shown;
}

/** When a ticket may be begun, server time in ms. */
export function releaseOf(ticket: Ticket): number {
  return ticket.release_at ? Date.parse(ticket.release_at) : 0;
}

/** When a ticket's age began, server time in ms. */
export function ageStart(ticket: Ticket): number {
  return Math.max(Date.parse(ticket.opened_at), releaseOf(ticket));
}

export interface LineShown {
  line: TicketLine;
  change: "none" | "added" | "removed";
}

/** A ticket's lines with what a change took away struck through in its place and what it brought marked. */
export function linesShown(ticket: Ticket, mark: Mark | undefined): LineShown[] {
  if (mark?.kind !== "CHANGED") return ticket.lines.map((line) => ({ line, change: "none" }));
  const before = new Set(mark.before.map(content));
  const after = new Set(ticket.lines.map(content));
  const kept: LineShown[] = ticket.lines.map((line) => ({ line, change: before.has(content(line)) ? "none" : "added" }));
  const removed = mark.before.filter((line) => !after.has(content(line)));
  return [...kept, ...removed.map((line): LineShown => ({ line, change: "removed" }))];
}

const LETTERS_A_ROW = 17;

/** Rows of text a line takes, a little too many rather than too few, for deciding where a long ticket is cut. */
export function rowsOf(line: TicketLine): number {
  const rows = (text: string | null): number => (text ? Math.ceil(text.length / LETTERS_A_ROW) : 0);
  const modifiers = line.modifiers.reduce((sum, modifier) => sum + rows(`+ ${modifier.name}`), 0);
  const name = 0.6 + 1.2 * rows(line.name);
  return Math.max(2.9, name + rows(line.variant_name) + modifiers + (line.note ? 0.8 + rows(line.note) : 0));
}

/** Cut a long ticket into parts that each fit `rows`; the last part carries the button. At least one line a part. */
export function parts(lines: readonly LineShown[], rows: number): LineShown[][] {
  const cut: LineShown[][] = [[]];
  let used = 0;
  for (const shown of lines) {
    const height = rowsOf(shown.line);
    if (used > 0 && used + height > rows) {
      cut.push([]);
      used = 0;
    }
    cut.at(-1)?.push(shown);
    used += height;
  }
  return cut;
}
