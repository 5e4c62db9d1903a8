// All-day counts: how many of each thing the open tickets still ask for. Pure.

import type { Ticket, TicketLine } from "./contract";

export interface Count {
  /** What is counted; also what a tap highlights. */
  key: string;
  name: string;
  size: string | null;
  modifiers: string[];
  left: number;
  ticket_ids: string[];
}

/** The key under which a line is counted: item and size, and its modifiers when asked for. */
export function keyOf(line: TicketLine, by_modifier: boolean): string {
  const modifiers = by_modifier ? line.modifiers.map((modifier) => modifier.kind + modifier.name).sort() : [];
  return JSON.stringify([line.name, line.variant_name, modifiers]);
}

/** Totals of what isn't made yet, largest first. */
export function allDay(tickets: readonly Ticket[], by_modifier: boolean): Count[] {
  const counts = new Map<string, Count>();
  for (const ticket of tickets) {
    if (ticket.state !== "QUEUED" && ticket.state !== "STARTED") continue;
    for (const line of ticket.lines) {
      if (line.made) continue;
      const key = keyOf(line, by_modifier);
      const modifiers = by_modifier ? line.modifiers.map((modifier) => modifier.name) : [];
      const count = counts.get(key) ?? { key, name: line.name, size: line.variant_name, modifiers, left: 0, ticket_ids: [] };
      count.left += line.qty;
      if (!count.ticket_ids.includes(ticket.ticket_id)) count.ticket_ids.push(ticket.ticket_id);
      counts.set(key, count);
    }
  }
  return [...counts.values()].sort((a, b) => b.left - a.left || a.name.localeCompare(b.name));
}
