// Icons: inline, 24 px grid, 1.75 px round strokes, the colour of the text beside them. Decoration: the word says it.

import type { VNode } from "preact";

const PATHS = {
  all_day: "M4 6h16M4 12h10M4 18h13",
  recall: "M9 14 4 9l5-5M4 9h10a6 6 0 0 1 0 12h-3",
  sold_out: "M5 19 19 5M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Z",
  intake: "M12 7v5l3 2M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Z",
  screen: "M4 7h9m4 0h3M4 17h3m4 0h9M15 4.5v5M9 14.5v5",
  close: "M6 6l12 12M18 6 6 18",
  check: "m5 12.5 4.5 4.5L19 7.5",
  next: "m9 5 7 7-7 7",
  back: "m15 5-7 7 7 7",
  bag: "M6 8h12l1 12H5L6 8Zm3 0V7a3 3 0 0 1 6 0v1",
  cup: "M5 8h11v7a4 4 0 0 1-4 4H9a4 4 0 0 1-4-4V8Zm11 1h1.5a2.5 2.5 0 0 1 0 5H16M8 4v1m4-1v1",
  box: "M4 8l8-4 8 4v8l-8 4-8-4V8Zm0 0 8 4 8-4m-8 4v8",
  bell: "M6 16V11a6 6 0 0 1 12 0v5l1.5 2h-15L6 16Zm4 4.5h4",
  mute: "M4 4l16 16M8 6.5A6 6 0 0 1 18 11v4M6 11v5l-1.5 2H17M10 20.5h4",
  search: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM15.5 15.5 20 20",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }): VNode {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

const MODES: Record<string, IconName> = { IN_STORE: "cup", PICKUP: "bag", DELIVERY: "box", SHIPPING: "box" };

export function modeIcon(fulfillment_type: string): IconName {
  return MODES[fulfillment_type] ?? "bag";
}
