// The tickets side by side: columns filled from top to bottom, oldest at the left, cut to the height there is, and a
// word about what doesn't fit instead of a scroll bar.

import { signal, useSignal } from "@preact/signals";
import type { RefObject, VNode } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { Ticket } from "./contract";
import { Icon } from "./icons";
import { useMoves } from "./motion";
import { settings } from "./settings";
import { flashing, highlight, highlighted, keysInUse, queue, selected } from "./state";
import { linesShown, parts } from "./tickets";
import { TicketView } from "./ticket";
import { t } from "./words";

/** Height of a lane in px; 0 while tickets may be as long as they are (phone). */
const laneHeight = signal(0);

/** Head, meta, badges and foot; then one row of modifiers. */
const FIXED_PX = 64 + 38 + 30 + 74;
const ROW_PX = 23;
const RETURN_MS = 30_000;

function rowsThatFit(): number {
  if (laneHeight.value === 0) return Number.POSITIVE_INFINITY;
  return Math.max(4, (laneHeight.value - FIXED_PX * Math.max(1, settings.value.zoom)) / (ROW_PX * settings.value.zoom));
}

function lightOf(ticket_id: string): "plain" | "lit" | "dim" {
  if (highlight.value === null) return "plain";
  return highlighted.value.has(ticket_id) ? "lit" : "dim";
}

function viewsOf(ticket: Ticket, index: number, rows: number): VNode[] {
  const mark = queue.value.marks.get(ticket.ticket_id);
  const wanted = settings.value.categories;
  const all = linesShown(ticket, mark);
  const mine = wanted.length === 0 ? all : all.filter(({ line }) => wanted.includes(line.category ?? ""));
  const cut = parts(mine, rows);
  return cut.map((lines, part) => (
    <TicketView
      key={`${ticket.ticket_id}:${part}`}
      ticket={ticket}
      mark={mark}
      lines={stable(lines)}
      part={part}
      parts={cut.length}
      left={cut.slice(part + 1).reduce((sum, rest) => sum + rest.length, 0)}
      elsewhere={all.length - mine.length}
      digit={keysInUse.value && index < 9 && part === 0 ? index + 1 : 0}
      picked={keysInUse.value && selected.value === ticket.ticket_id}
      light={lightOf(ticket.ticket_id)}
      flash={flashing.value.has(ticket.ticket_id)}
    />
  ));
}

/** The same lines give the same array, so that a ticket that didn't change isn't drawn again. */
const arrays = new WeakMap<object, ReturnType<typeof linesShown>>();
function stable(lines: ReturnType<typeof linesShown>): ReturnType<typeof linesShown> {
  const first = lines[0]?.line;
  if (!first) return lines;
  const before = arrays.get(first);
  const same = before?.length === lines.length && before.every((shown, i) => shown.line === lines[i]?.line && shown.change === lines[i]?.change);
  if (before && same) return before;
  arrays.set(first, lines);
  return lines;
}

interface LastFocus {
  ticket_id: string;
  part: string;
  place: number;
}

/** Live updates never take the focus away: it stays with its ticket, or goes to the one that took its place. */
function useSteadyFocus(): (event: FocusEvent) => void {
  const last = useRef<LastFocus | null>(null);
  useLayoutEffect(() => {
    const active = document.activeElement;
    if (!last.current || (active && active !== document.body)) return;
    const { ticket_id, part, place } = last.current;
    const cards = Array.from(document.querySelectorAll<HTMLElement>("[data-ticket]"));
    const same = cards.filter((card) => card.dataset["ticket"] === ticket_id);
    const target = same.map((card) => card.querySelector<HTMLElement>(`[data-focus="${part}"]`)).find(Boolean) ?? same[0];
    (target ?? cards[Math.min(place, cards.length - 1)])?.focus({ preventScroll: true });
  });
  return (event) => {
    const target = event.target as HTMLElement;
    const card = target.closest<HTMLElement>("[data-ticket]");
    if (!card) return;
    const cards = Array.from(document.querySelectorAll("[data-ticket]"));
    last.current = {
      ticket_id: card.dataset["ticket"] ?? "",
      part: target.dataset["focus"] ?? "",
      place: cards.indexOf(card),
    };
  };
}

/** How many tickets lie beyond the lane's left and right edge. */
function beyond(lane: HTMLElement): { before: number; after: number } {
  const box = lane.getBoundingClientRect();
  let before = 0;
  let after = 0;
  for (const card of lane.querySelectorAll("[data-ticket]")) {
    const { left, right } = card.getBoundingClientRect();
    if (left > box.right - 24) after += 1;
    else if (right < box.left + 24) before += 1;
  }
  return { before, after };
}

/** A board left on its second page hides the oldest tickets: after half a minute of quiet it goes back by itself. */
function useReturn(lane: RefObject<HTMLElement>): void {
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const touched = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => lane.current?.scrollTo({ left: 0, behavior: "smooth" }), RETURN_MS);
    };
    const events = ["pointerdown", "keydown", "wheel"] as const;
    for (const name of events) addEventListener(name, touched, { passive: true });
    return () => {
      clearTimeout(timer);
      for (const name of events) removeEventListener(name, touched);
    };
  }, []);
}

/** Width of a column with its gap, in px. */
function columnStep(lane: HTMLElement): number {
  const card = lane.querySelector<HTMLElement>("[data-ticket]");
  return (card?.offsetWidth ?? lane.clientWidth) + Number.parseFloat(getComputedStyle(lane).columnGap || "0");
}

/** Turn the page: forth or back by the columns that are in view. */
function turn(lane: HTMLElement | null, direction: number): void {
  if (!lane) return;
  const step = columnStep(lane);
  lane.scrollBy({ left: direction * Math.max(1, Math.floor((lane.clientWidth + 2) / step)) * step, behavior: "smooth" });
}

/** After a swipe, stand at a whole column. */
function align(lane: HTMLElement | null): void {
  if (!lane || laneHeight.value === 0) return;
  const step = columnStep(lane);
  const target = Math.round(lane.scrollLeft / step) * step;
  const furthest = lane.scrollWidth - lane.clientWidth;
  if (lane.scrollLeft < furthest - 2 && Math.abs(target - lane.scrollLeft) > 2) lane.scrollTo({ left: target, behavior: "smooth" });
}

export interface LaneProps {
  tickets: readonly Ticket[];
  /** Place of the first ticket among all, for the keys. */
  from: number;
  title: string | null;
  name: string;
}

export function Lane({ tickets, from, title, name }: LaneProps): VNode {
  const element = useRef<HTMLDivElement>(null);
  const hidden = useSignal({ before: 0, after: 0 });
  const onFocus = useSteadyFocus();
  useMoves(element);
  useReturn(element);
  const measure = (): void => {
    if (!element.current) return;
    const next = beyond(element.current);
    if (next.before !== hidden.value.before || next.after !== hidden.value.after) hidden.value = next;
  };
  useEffect(() => {
    const lane = element.current;
    if (!lane) return undefined;
    const observer = new ResizeObserver(() => {
      laneHeight.value = getComputedStyle(lane).columnWidth === "auto" ? 0 : lane.clientHeight;
      measure();
    });
    observer.observe(lane);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    const frame = requestAnimationFrame(measure);
    return () => cancelAnimationFrame(frame);
  });
  const page = (direction: number): void => turn(element.current, direction);
  const rows = rowsThatFit();
  return (
    <section class="lane" data-lane={name}>
      {title !== null && <h2 class="lane-title">{title}</h2>}
      <div class="columns" ref={element} onFocusIn={onFocus} onScroll={measure} onScrollEnd={() => align(element.current)}>
        {tickets.flatMap((ticket, index) => viewsOf(ticket, from + index, rows))}
      </div>
      <div class="pagers">
        {hidden.value.before > 0 && (
          <button type="button" class="pager" data-page="before" onClick={() => page(-1)}>
            <Icon name="back" /> {t.more_tickets(hidden.value.before)}
          </button>
        )}
        {hidden.value.after > 0 && (
          <button type="button" class="pager" data-page="after" onClick={() => page(1)}>
            {t.more_tickets(hidden.value.after)} <Icon name="next" />
          </button>
        )}
      </div>
    </section>
  );
}
