// The shapes that the kitchen's HTTP contract speaks, and nothing else: no state, no network.
// Enum values we don't know must be tolerated, so the badges are plain strings.

export type TicketState = "QUEUED" | "STARTED" | "DONE" | "CANCELLED" | "CLOSED";
export type ModifierKind = "SET" | "ADD" | "REMOVE";
export type Tender = "CASH" | "CARD" | "OTHER";
export type Until = null | "END_OF_DAY";

export interface TicketModifier {
  name: string;
  kind: ModifierKind;
}

export interface TicketLine {
  line_id: string;
  qty: number;
  name: string;
  variant_name: string | null;
  modifiers: TicketModifier[];
  note: string | null;
  category: string | null;
  made: boolean;
  /** It is out, and the customer is asked what they want instead. */
  short?: boolean;
}

export interface Ticket {
  ticket_id: string;
  order_id: string;
  store_id: string;
  number: string;
  state: TicketState;
  version: number;
  order_status: string;
  name: string | null;
  fulfillment_type: string;
  pay_mode: "ONLINE" | "AT_STORE";
  paid: boolean;
  promised_at: string;
  opened_at: string;
  started_at: string | null;
  done_at: string | null;
  recalled_at: string | null;
  /** Until when the customer may choose instead of what is out; the ticket can't be finished before they have. */
  waiting_until?: string | null;
  badges: string[];
  lines: TicketLine[];
  total: number;
  currency: string;
  /** When a scheduled order may be begun; absent or past means now. */
  release_at?: string | null;
}

export interface Availability {
  product_id?: string;
  modifier_id?: string;
  available: boolean;
  until: string | null;
  left?: number | null;
  by?: string | null;
  at?: string | null;
}

/** Something that may be had instead of what is out; `refund` is what the order gets cheaper by, in minor units. */
export interface Substitute {
  number: number;
  name: string;
  variant_name: string | null;
  modifiers: { name: string }[];
  refund: number;
}

/** A line that is out, and what its customer may choose while it is OFFERED; `refund`: what leaving it out saves. */
export interface Shortage {
  shortage_id: string;
  state: string;
  missing: string;
  line: { name: string; qty: number };
  substitutes: Substitute[];
  choices: string[];
  refund: number;
}

export interface Snapshot {
  tickets: Ticket[];
  server_now: string;
  position?: number | string;
}

/** RFC 9457, with the members that the kitchen adds when somebody was faster. */
export interface Problem {
  status?: number;
  code?: string;
  title?: string;
  detail?: string;
  ticket?: Ticket;
  moved_by?: string | null;
}

export interface Boot {
  store_id: string;
  store_slug: string;
  store_name: string;
  locale: string;
  currency: string;
  csrf_token: string;
  staff_name: string;
  thresholds: { warn_seconds: number; late_seconds: number };
  timezone?: string;
  static?: Record<string, string>;
  login_url?: string;
}
