// The few things that deserve a pause: a ticket in full, taking a payment, cancelling an order.

import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useRef } from "preact/hooks";
import { Choose } from "./choose";
import type { Tender, Ticket } from "./contract";
import { close, Modal } from "./modal";
import { dialog, queue, shownTickets } from "./state";
import { Badges, LineText, Meta } from "./ticket";
import { Short } from "./short";
import { WAITING } from "./tickets";
import { cancel, putBack, recall, takePayment } from "./verbs";
import { clockTime, money, t } from "./words";

function Details({ ticket }: { ticket: Ticket }): VNode {
  const cancellable = ticket.state === "QUEUED" || ticket.state === "STARTED";
  const able = cancellable && ticket.order_status !== "READY";
  const back = (): void => {
    recall(ticket);
    close();
  };
  return (
    <Modal title={ticket.number}>
      <Meta ticket={ticket} />
      <Badges ticket={ticket} mark={queue.value.marks.get(ticket.ticket_id)} />
      <ul class="lines">
        {ticket.lines.map((line) => (
          <li key={line.line_id} class={`line${line.made ? " made" : ""}${line.short ? " short" : ""}`}>
            <LineText line={line} />
            {able && !line.short && (
              <button
                type="button"
                class="outline out-button"
                aria-label={t.line_out_of(line.name)}
                onClick={() => (dialog.value = { kind: "short", ticket_id: ticket.ticket_id, line_id: line.line_id })}
              >
                {t.line_out}
              </button>
            )}
          </li>
        ))}
      </ul>
      <p class="quiet">
        {t.ordered_at(clockTime(ticket.opened_at))} · {t.total} {money(ticket.total, ticket.currency)}
      </p>
      <div class="stack">
        {ticket.badges.includes(WAITING) && (
          <button type="button" class="solid wide" onClick={() => (dialog.value = { kind: "choose", ticket_id: ticket.ticket_id })}>
            {t.choose_for}
          </button>
        )}
        {ticket.state === "STARTED" && (
          <button type="button" class="outline wide" onClick={() => putBack(ticket)}>
            {t.back_to_queue}
          </button>
        )}
        {ticket.state === "DONE" && (
          <button type="button" class="outline wide" onClick={back}>
            {t.recall_this}
          </button>
        )}
        {able && (
          <button
            type="button"
            class="outline wide danger"
            onClick={() => (dialog.value = { kind: "cancel", ticket_id: ticket.ticket_id })}
          >
            {t.cancel_order}
          </button>
        )}
      </div>
    </Modal>
  );
}

function Cancel({ ticket }: { ticket: Ticket }): VNode {
  return (
    <Modal title={`${t.cancel_order} ${ticket.number}`}>
      <p>{t.cancel_why}</p>
      <div class="stack">
        {t.reasons.map((reason) => (
          <button key={reason} type="button" class="outline wide danger" onClick={() => cancel(ticket, reason)}>
            {reason}
          </button>
        ))}
        <button type="button" class="solid wide" onClick={close}>
          {t.keep_order}
        </button>
      </div>
    </Modal>
  );
}

const TENDERS: readonly Tender[] = ["CASH", "CARD", "OTHER"];

function Payment({ ticket }: { ticket: Ticket }): VNode {
  const tender = useSignal<Tender>("CASH");
  const receipt = useSignal("");
  const missing = useSignal(false);
  const field = useRef<HTMLInputElement>(null);
  const amount = money(ticket.total, ticket.currency);
  const submit = (event: Event): void => {
    event.preventDefault();
    missing.value = receipt.value.trim() === "";
    if (missing.value) field.current?.focus();
    else takePayment(ticket, tender.value, receipt.value.trim());
  };
  return (
    <Modal title={t.payment_of(ticket.number)}>
      <form onSubmit={submit} noValidate>
        <p class="amount">{amount}</p>
        <fieldset class="choice">
          <legend>{t.tender}</legend>
          <div class="choice-row">
            {TENDERS.map((one) => (
              <button key={one} type="button" aria-pressed={tender.value === one} onClick={() => (tender.value = one)}>
                {t.tenders[one]}
              </button>
            ))}
          </div>
        </fieldset>
        <label class="field">
          <span>{t.receipt}</span>
          <input
            ref={field}
            name="receipt_ref"
            autocomplete="off"
            maxLength={64}
            aria-invalid={missing.value}
            aria-describedby="receipt-help"
            value={receipt.value}
            onInput={(event) => (receipt.value = event.currentTarget.value)}
          />
          <small id="receipt-help" class={missing.value ? "wrong" : ""}>
            {missing.value ? t.receipt_missing : t.receipt_help}
          </small>
        </label>
        <button type="submit" class="main">
          {t.paid_and_over(amount)}
        </button>
      </form>
    </Modal>
  );
}

export function Dialogs(): VNode | null {
  const open = dialog.value;
  const ticket = open ? shownTickets.value.get(open.ticket_id) : undefined;
  if (!open || !ticket) return null;
  if (open.kind === "payment") return <Payment key="payment" ticket={ticket} />;
  if (open.kind === "cancel") return <Cancel key="cancel" ticket={ticket} />;
  if (open.kind === "choose") return <Choose key="choose" ticket={ticket} />;
  if (open.kind === "short") return <Short key="short" ticket={ticket} line_id={open.line_id} />;
  return <Details key="details" ticket={ticket} />;
}
