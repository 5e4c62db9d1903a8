// Movement that explains what changed: tickets glide to their new place, a finished one leaves to the right, where the
// ready column is. None under reduced motion.

import type { RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

const GLIDE_MS = 170;
/** A ticket this far beyond the left edge may still show its right side. */
const MARGIN_PX = 200;
const EASE = "cubic-bezier(0.2, 0.7, 0.2, 1)";

function still(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

interface Place {
  left: number;
  top: number;
}

/** Let the tickets in a lane glide from where they stood before this drawing to where they stand now. */
export function useMoves(lane: RefObject<HTMLElement>): void {
  const before = useRef(new Map<Element, Place>());
  useLayoutEffect(() => {
    const now = new Map<Element, Place>();
    for (const card of lane.current?.querySelectorAll<HTMLElement>("[data-ticket]") ?? []) {
      now.set(card, { left: card.offsetLeft, top: card.offsetTop });
    }
    const from = lane.current?.scrollLeft ?? 0;
    const to = from + (lane.current?.clientWidth ?? 0);
    const seen = (place: Place): boolean => place.left < to && place.left >= from - MARGIN_PX;
    const moved = [...now].filter(([card, place]) => {
      const old = before.current.get(card);
      return old && (old.left !== place.left || old.top !== place.top) && (seen(old) || seen(place));
    });
    if (moved.length > 0 && !still()) {
      for (const [card, place] of moved) {
        const old = before.current.get(card) ?? place;
        const start = `translate(${old.left - place.left}px, ${old.top - place.top}px)`;
        card.animate([{ transform: start }, { transform: "none" }], { duration: GLIDE_MS, easing: EASE });
      }
    }
    before.current = now;
  });
}

/** A picture of the ticket goes off to the right while the real one is already gone. */
export function leave(ticket_id: string): void {
  if (still()) return;
  for (const card of document.querySelectorAll<HTMLElement>(`[data-ticket="${ticket_id}"]`)) {
    const box = card.getBoundingClientRect();
    const ghost = card.cloneNode(true) as HTMLElement;
    ghost.className += " ghost";
    ghost.removeAttribute("data-ticket");
    ghost.setAttribute("aria-hidden", "true");
    ghost.inert = true;
    Object.assign(ghost.style, { left: `${box.left}px`, top: `${box.top}px`, width: `${box.width}px`, height: `${box.height}px` });
    document.body.append(ghost);
    const going = ghost.animate([{ opacity: 0.9 }, { transform: "translateX(120px)", opacity: 0 }], { duration: GLIDE_MS, easing: "ease-in" });
    going.onfinish = () => ghost.remove();
  }
}
