// One ticket, or one part of a long one: head with age band, lines with their ticks, the bump at the bottom edge.

import { useComputed } from "@preact/signals";
import type { ComponentChildren, VNode } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { boot } from "./boot";
import { bandOf, minutesSeconds, now, secondsSince } from "./clock";
import type { Ticket, TicketLine } from "./contract";
import { Icon, modeIcon } from "./icons";
import { memo } from "./memo";
import { dialog, selected } from "./state";
import { ageStart, WAITING, waits, type LineShown, type Mark } from "./tickets";
import { acknowledge, bump, tick } from "./verbs";
import { shortTime, t } from "./words";

export interface TicketProps {
  ticket: Ticket;
  mark: Mark | undefined;
  lines: readonly LineShown[];
  /** Which part of how many; only the last has the button. */
  part: number;
  parts: number;
  /** Lines in the parts that follow. */
  left: number;
  /** Lines that other stations make. */
  elsewhere: number;
  /** 1–9 for the key that picks it, else 0. */
  digit: number;
  picked: boolean;
  /** Dimmed because another all-day line is highlighted, lit because its own is. */
  light: "plain" | "lit" | "dim";
  flash: boolean;
}

function useBand(ticket: Ticket): { age: { value: string }; band: string } {
  const seconds = useComputed(() => secondsSince(ageStart(ticket), now.value));
  const band = useComputed(() => bandOf(seconds.value, boot.thresholds));
  const age = useComputed(() => minutesSeconds(seconds.value));
  return { age, band: ticket.state === "CANCELLED" ? "cancelled" : band.value };
}

function Head({ ticket, digit, continued }: { ticket: Ticket; digit: number; continued: boolean }): VNode {
  const { age, band } = useBand(ticket);
  return (
    <h2 class={`head band-${band}`}>
      <button type="button" data-focus="head" onClick={() => (dialog.value = { kind: "details", ticket_id: ticket.ticket_id })}>
        <span class="num" aria-label={t.details_of(ticket.number)}>
          {ticket.number}
        </span>
        {digit > 0 && <kbd class="digit">{digit}</kbd>}
        <span class="age">
          {!continued && band === "late" && <b>{t.late} </b>}
          {continued ? <span class="continued">{t.continued}</span> : <span>{age}</span>}
        </span>
      </button>
    </h2>
  );
}

/** How long the customer may still choose, by the server's clock; empty while that is not known. */
function Left({ until }: { until: string | null | undefined }): VNode | null {
  const left = useComputed(() => (until ? minutesSeconds(Math.max(0, Math.ceil((Date.parse(until) - now.value) / 1_000))) : ""));
  return until ? <span class="left"> {left}</span> : null;
}

export function Badges({ ticket, mark }: { ticket: Ticket; mark: Mark | undefined }): VNode | null {
  const names = new Set(ticket.badges);
  if (ticket.recalled_at) names.add("RECALLED");
  if (mark) names.add(mark.kind);
  if (names.size === 0) return null;
  return (
    <p class="badges">
      {[...names].map((name) => (
        <span key={name} class={`badge badge-${name.toLowerCase()}`}>
          {t.badges[name] ?? name}
          {name === WAITING && <Left until={ticket.waiting_until} />}
        </span>
      ))}
    </p>
  );
}

export function Meta({ ticket }: { ticket: Ticket }): VNode {
  return (
    <p class="meta">
      <Icon name={modeIcon(ticket.fulfillment_type)} />
      <span class="who">{ticket.name}</span>
      <span>{t.modes[ticket.fulfillment_type] ?? ticket.fulfillment_type}</span>
      <span class={ticket.paid ? "paid" : "unpaid"}>{ticket.paid ? t.paid : t.unpaid}</span>
      <span class="due">{t.due_at(shortTime(ticket.promised_at))}</span>
    </p>
  );
}

export function LineText({ line }: { line: TicketLine }): VNode {
  return (
    <>
      <span class="qty">{line.qty}×</span>
      <span class="what">
        <span class="name">{line.name}</span>
        {line.variant_name && <span class="mod size">{line.variant_name}</span>}
        {line.modifiers.map((modifier) => (
          <span key={modifier.kind + modifier.name} class={`mod mod-${modifier.kind.toLowerCase()}`}>
            {modifier.kind === "REMOVE" ? t.no(modifier.name) : modifier.kind === "ADD" ? `+ ${modifier.name}` : modifier.name}
          </span>
        ))}
        {line.note && <span class="note">{line.note}</span>}
      </span>
    </>
  );
}

function Line({ ticket, shown }: { ticket: Ticket; shown: LineShown }): VNode {
  const { line, change } = shown;
  const fixed = change === "removed" || ticket.state === "CANCELLED" || line.short === true;
  const inside: ComponentChildren = (
    <>
      <LineText line={line} />
      {change === "added" && <span class="badge badge-changed">{t.added}</span>}
      {line.made && <Icon name="check" />}
    </>
  );
  return (
    <li class={`line change-${change}${line.made ? " made" : ""}${line.short ? " short" : ""}`}>
      {fixed ? (
        <del>{inside}</del>
      ) : (
        <button
          type="button"
          aria-pressed={line.made}
          data-focus={line.line_id}
          onClick={() => tick(ticket, line.line_id, !line.made)}
        >
          {inside}
        </button>
      )}
    </li>
  );
}

function Foot({ ticket }: { ticket: Ticket }): VNode {
  if (ticket.state === "CANCELLED") {
    return (
      <button type="button" class="bump seen" data-focus="bump" onClick={() => acknowledge(ticket.ticket_id)}>
        {t.cancelled_seen}
      </button>
    );
  }
  if (waits(ticket)) {
    return (
      <button type="button" class="bump held" data-focus="bump" aria-disabled="true" onClick={() => bump(ticket)}>
        {t.waits}
        <Left until={ticket.waiting_until} />
      </button>
    );
  }
  // The second tap of a double tap is meant for what was there before, not for what the first one brought.
  const once = (event: MouseEvent): void => {
    if (event.detail < 2) bump(ticket);
  };
  const started = ticket.state === "STARTED";
  return (
    <button type="button" class={`bump ${started ? "finish" : "begin"}`} data-focus="bump" onClick={once}>
      {started ? t.ready : t.start}
    </button>
  );
}

function Body({ props }: { props: TicketProps }): VNode {
  const { ticket, mark, lines, left, elsewhere } = props;
  const changed = mark ? mark.kind === "CHANGED" : ticket.state !== "CANCELLED" && ticket.badges.includes("CHANGED");
  return (
    <>
      {props.part === 0 && <Meta ticket={ticket} />}
      {props.part === 0 && <Badges ticket={ticket} mark={mark} />}
      {props.part === 0 && changed && (
        <button type="button" class="seen-change" data-focus="seen" onClick={() => acknowledge(ticket.ticket_id)}>
          <Icon name="check" /> {t.seen}
        </button>
      )}
      <ul class="lines">
        {lines.map((shown) => (
          <Line key={shown.line.line_id + shown.change} ticket={ticket} shown={shown} />
        ))}
      </ul>
      {left === 0 && elsewhere > 0 && <p class="elsewhere">{t.elsewhere(elsewhere)}</p>}
      {left > 0 ? <p class="cut">{`${t.more_lines(left)} · ${t.continued}`}</p> : <Foot ticket={ticket} />}
    </>
  );
}

function TicketCard(props: TicketProps): VNode {
  const { ticket, part, picked, light, flash } = props;
  const element = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    if (!picked || part > 0 || element.current?.contains(document.activeElement)) return;
    element.current?.focus({ preventScroll: true });
    element.current?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [picked, part]);
  const classes = ["ticket", `is-${ticket.state.toLowerCase()}`, picked && "picked", light !== "plain" && light, flash && "flash"];
  return (
    <article
      ref={element}
      class={classes.filter(Boolean).join(" ")}
      tabIndex={-1}
      aria-label={ticket.number}
      data-ticket={ticket.ticket_id}
      data-number={ticket.number}
      data-state={ticket.state}
      onFocusIn={() => (selected.value = ticket.ticket_id)}
    >
      <Head ticket={ticket} digit={props.digit} continued={part > 0} />
      <Body props={props} />
    </article>
  );
}

export const TicketView = memo(TicketCard);
