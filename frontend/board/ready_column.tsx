// What is made and waits for its people: a slim column, longest waiting first, each with the one move that is left.

import { useComputed, useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { minutesSeconds, now, secondsSince } from "./clock";
import type { Ticket } from "./contract";
import { memo } from "./memo";
import { dialog, panel, shown } from "./state";
import { handOver } from "./verbs";
import { money, t } from "./words";

const ROW_PX = 142;

function Waiting({ ticket }: { ticket: Ticket }): VNode {
  const age = useComputed(() => minutesSeconds(secondsSince(Date.parse(ticket.done_at ?? ticket.promised_at), now.value)));
  return <span class="age">{age}</span>;
}

function ReadyTicket({ ticket }: { ticket: Ticket }): VNode {
  const open = (kind: "details" | "payment"): void => {
    dialog.value = { kind, ticket_id: ticket.ticket_id };
  };
  const once = (event: MouseEvent): void => {
    if (event.detail >= 2) return;
    if (ticket.paid) handOver(ticket);
    else open("payment");
  };
  return (
    <li class="ready" data-ready={ticket.ticket_id} data-number={ticket.number}>
      <button type="button" class="ready-head" aria-label={t.details_of(ticket.number)} onClick={() => open("details")}>
        <span class="num">{ticket.number}</span>
        <Waiting ticket={ticket} />
        <span class="who">{ticket.name}</span>
      </button>
      <button type="button" class={ticket.paid ? "over" : "over take"} onClick={once}>
        {ticket.paid ? t.hand_over : t.take_payment(money(ticket.total, ticket.currency))}
      </button>
    </li>
  );
}

const ReadyView = memo(ReadyTicket);

export function ReadyColumn({ all }: { all: boolean }): VNode {
  const list = useRef<HTMLUListElement>(null);
  const fits = useSignal(Number.POSITIVE_INFINITY);
  useEffect(() => {
    if (!list.current || all) return undefined;
    const observer = new ResizeObserver(([entry]) => {
      if (!entry) return;
      const free = getComputedStyle(entry.target).overflowY === "visible";
      fits.value = free ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(entry.contentRect.height / ROW_PX));
    });
    observer.observe(list.current);
    return () => observer.disconnect();
  }, [all]);
  const ready = shown.value.ready;
  const visible = all || ready.length <= fits.value ? ready : ready.slice(0, fits.value);
  const hidden = ready.length - visible.length;
  return (
    <div class="ready-column">
      <ul ref={list} class="ready-list">
        {visible.map((ticket) => (
          <ReadyView key={ticket.ticket_id} ticket={ticket} />
        ))}
        {ready.length === 0 && <li class="quiet">{t.nothing_ready}</li>}
      </ul>
      {hidden > 0 && (
        <button type="button" class="more-ready" onClick={() => (panel.value = "ready")}>
          {t.more_tickets(hidden)}
        </button>
      )}
    </div>
  );
}
