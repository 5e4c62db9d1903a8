// What a barista asks for, as data: one command is one POST that may wait, be repeated or be taken back.
// Pure. Sending lives in sender.ts, keeping in outbox.ts, the effect on what is shown in tickets.ts.

import type { Tender, Ticket, TicketState, Until } from "./contract";

export type Intent =
  | { kind: "bump"; ticket_id: string; from_state: "QUEUED" | "STARTED" }
  | { kind: "undo"; ticket_id: string; to_state: "QUEUED" | "STARTED" }
  | { kind: "recall"; ticket_id: string }
  | { kind: "seen"; ticket_id: string }
  | { kind: "made"; ticket_id: string; line_id: string; made: boolean }
  | { kind: "hand_over"; ticket_id: string; order_id: string; tender?: Tender; receipt_ref?: string }
  | { kind: "cancel"; ticket_id: string; order_id: string; expected_status: string; reason: string }
  | { kind: "short"; ticket_id: string; order_id: string; line_id: string; modifier_id?: string; qty?: number; sold_out: boolean; until: Until; substitutes?: string[] }
  | { kind: "choose"; ticket_id: string; order_id: string; shortage_id: string; choice: "SUBSTITUTE" | "REFUND"; substitute?: number }
  | { kind: "availability"; subject: "products" | "modifiers"; id: string; available: boolean; until: Until; left?: number }
  | { kind: "intake"; state: "OPEN" | "PAUSED"; minutes?: number }
  | { kind: "prep"; prep_minutes: number };

export interface Command {
  /** Also the idempotency key. */
  id: string;
  /** The order in which the device asked; given by the outbox. */
  seq: number;
  device_id: string;
  /** Commands of one lane leave one after the other; lanes leave side by side. */
  lane: string;
  intent: Intent;
  /** What people call it: "B-041", "Cornetto". */
  label: string;
  /** Device time in ms when it was asked. */
  at: number;
  staff: string;
  /** Device time in ms before which it must not leave: the time in which it can be taken back. */
  hold_until: number;
  attempts: number;
  state: "waiting" | "attention";
  last_error: string | null;
}

export interface Request {
  path: string;
  body: Record<string, unknown>;
}

/** The moves that a bump makes. */
export const NEXT: Record<"QUEUED" | "STARTED", TicketState> = { QUEUED: "STARTED", STARTED: "DONE" };

export function laneOf(intent: Intent): string {
  if ("ticket_id" in intent) return intent.ticket_id;
  if (intent.kind === "availability") return intent.id;
  return "intake";
}

/** The ticket a command is about, or null. */
export function ticketOf(intent: Intent): string | null {
  return "ticket_id" in intent ? intent.ticket_id : null;
}

function transition(order_id: string, body: Record<string, unknown>): Request {
  return { path: `/v1/orders/${order_id}/transition`, body };
}

/** The POST that a command becomes. Paths are absolute on our own origin. */
export function requestOf(store_id: string, intent: Intent): Request {
  const store = `/v1/stores/${store_id}`;
  const ticket = "ticket_id" in intent ? `${store}/tickets/${intent.ticket_id}` : store;
  switch (intent.kind) {
    case "bump":
      return { path: `${ticket}/bump`, body: { from_state: intent.from_state } };
    case "undo":
      return { path: `${ticket}/undo`, body: { to_state: intent.to_state } };
    case "recall":
      return { path: `${ticket}/recall`, body: {} };
    case "seen":
      return { path: `${ticket}/acknowledge`, body: {} };
    case "made":
      return { path: `${ticket}/lines/${intent.line_id}/made`, body: { made: intent.made } };
    case "hand_over":
      return transition(intent.order_id, {
        to_status: "COMPLETED",
        expected_status: "READY",
        ...(intent.tender ? { tender: intent.tender, receipt_ref: intent.receipt_ref } : {}),
      });
    case "cancel":
      return transition(intent.order_id, {
        to_status: "CANCELLED",
        expected_status: intent.expected_status,
        reason: intent.reason,
      });
    case "short":
      return {
        path: `/v1/orders/${intent.order_id}/lines/${intent.line_id}/unavailable`,
        body: {
          sold_out: intent.sold_out,
          until: intent.until,
          ...(intent.modifier_id ? { modifier_id: intent.modifier_id } : {}),
          ...(intent.qty ? { qty: intent.qty } : {}),
          ...(intent.substitutes ? { substitutes: intent.substitutes.map((product_id) => ({ product_id, same_price: true })) } : {}),
        },
      };
    case "choose":
      return {
        path: `/v1/orders/${intent.order_id}/shortages/${intent.shortage_id}/choice`,
        body: { choice: intent.choice, ...(intent.substitute ? { substitute: intent.substitute } : {}) },
      };
    case "availability":
      return {
        path: `${store}/${intent.subject}/${intent.id}/availability`,
        body: {
          state: intent.available ? "AVAILABLE" : "SOLD_OUT",
          until: intent.until,
          ...(intent.left === undefined ? {} : { left: intent.left }),
        },
      };
    case "intake":
      return { path: `${store}/intake`, body: { state: intent.state, ...(intent.minutes ? { minutes: intent.minutes } : {}) } };
    case "prep":
      return { path: `${store}/intake`, body: { prep_minutes: intent.prep_minutes } };
  }
}

/** UUID version 7: time-ordered, so that the outbox and the server's log agree on age. */
export function commandId(at: number, random: Uint8Array): string {
  const bytes = new Uint8Array(random.slice(0, 16));
  for (let place = 0; place < 6; place += 1) bytes[place] = Math.floor(at / 2 ** (8 * (5 - place))) % 256;
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** The bump that the big button of this ticket makes, or null when it has none. */
export function bumpOf(ticket: Ticket): Intent | null {
  if (ticket.state !== "QUEUED" && ticket.state !== "STARTED") return null;
  return { kind: "bump", ticket_id: ticket.ticket_id, from_state: ticket.state };
}
