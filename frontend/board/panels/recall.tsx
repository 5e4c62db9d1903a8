// The tickets that were finished lately, each a tap away from coming back. Offline it knows only its own.

import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { boot } from "../boot";
import { minutesSeconds, now, secondsSince } from "../clock";
import type { Ticket } from "../contract";
import { readNow } from "../reading";
import { queue, shown, shownTickets } from "../state";
import { recall } from "../verbs";
import { t } from "../words";
import { Sheet } from "./sheet";

/** Newest first; what the board knows better (a bump that still waits) wins over what the server told. */
function merged(recent: readonly Ticket[], ready: readonly Ticket[]): Ticket[] {
  const all = new Map(recent.map((ticket) => [ticket.ticket_id, ticket]));
  for (const ticket of ready) all.set(ticket.ticket_id, ticket);
  const back = (ticket: Ticket): boolean => {
    const here = shownTickets.value.get(ticket.ticket_id);
    return here !== undefined && here.state !== "DONE" && here.state !== "CLOSED";
  };
  const done = (ticket: Ticket): number => Date.parse(ticket.done_at ?? ticket.promised_at);
  return [...all.values()].filter((ticket) => !back(ticket)).sort((a, b) => done(b) - done(a));
}

export function RecallPanel(): VNode {
  const recent = useSignal<Ticket[]>([]);
  const failed = useSignal(false);
  const version = queue.value;
  useEffect(() => {
    void readNow<{ data: Ticket[] }>(`/v1/stores/${boot.store_id}/tickets/recent`).then((page) => {
      failed.value = page === null;
      if (page) recent.value = page.data;
    });
  }, [version]);
  const list = merged(recent.value, shown.value.ready);
  return (
    <Sheet title={t.recall}>
      {failed.value && <p class="quiet">{t.recall_offline}</p>}
      {list.length === 0 && <p class="quiet">{t.recall_empty}</p>}
      <ul class="rows">
        {list.map((ticket) => (
          <li key={ticket.ticket_id} class="row recall" data-recall={ticket.ticket_id} data-number={ticket.number}>
            <span class="row-text">
              <span class="num">{ticket.number}</span>
              <span>{ticket.name}</span>
              <span class="quiet">
                {t.done_ago(minutesSeconds(secondsSince(Date.parse(ticket.done_at ?? ticket.promised_at), now.value)))}
              </span>
              <span class="quiet">{ticket.lines.map((line) => `${line.qty}× ${line.name}`).join(", ")}</span>
            </span>
            <button type="button" class="outline" onClick={() => recall(ticket)}>
              {t.recall_this}
            </button>
          </li>
        ))}
      </ul>
    </Sheet>
  );
}
