// Tickets and commands for the tests: whole ones, of which a test states only what it is about.

import { laneOf, type Command, type Intent } from "./commands";
import type { Ticket, TicketLine } from "./contract";

export function line(change: Partial<TicketLine> = {}): TicketLine {
  return { line_id: "lin_1", qty: 1, name: "Cappuccino", variant_name: null, modifiers: [], note: null, category: "Coffee", made: false, ...change };
}

export function ticket(change: Partial<Ticket> = {}): Ticket {
  return {
    ticket_id: "tkt_1",
    order_id: "ord_1",
    store_id: "sto_1",
    number: "B-041",
    state: "QUEUED",
    version: 1,
    order_status: "PAID",
    name: "Giulia",
    fulfillment_type: "PICKUP",
    pay_mode: "ONLINE",
    paid: true,
    promised_at: "2026-05-04T10:10:00Z",
    opened_at: "2026-05-04T10:00:00Z",
    started_at: null,
    done_at: null,
    recalled_at: null,
    badges: [],
    lines: [line()],
    total: 540,
    currency: "EUR",
    ...change,
  };
}

let made = 0;

export function command(intent: Intent, change: Partial<Command> = {}): Command {
  made += 1;
  return {
    id: `cmd-${made}`,
    seq: made,
    device_id: "device",
    lane: laneOf(intent),
    intent,
    label: "B-041",
    at: Date.parse("2026-05-04T10:01:00Z"),
    staff: "Marta",
    hold_until: 0,
    attempts: 0,
    state: "waiting",
    last_error: null,
    ...change,
  };
}
