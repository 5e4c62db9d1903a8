// How this screen is set up: kept on the device, not on the server, because it belongs to the place where it hangs.

import { effect, signal } from "@preact/signals";

export interface Settings {
  zoom: number;
  theme: "dark" | "light";
  layout: "flow" | "lanes";
  volume: number;
  repeat: boolean;
  recalled_first: boolean;
  categories: string[];
  by_modifier: boolean;
}

const KEY = "bottega-board-settings";
const DEFAULTS: Settings = {
  zoom: 1,
  theme: "dark",
  layout: "flow",
  volume: 0.5,
  repeat: false,
  recalled_first: true,
  categories: [],
  by_modifier: false,
};
const ZOOMS = [0.8, 0.9, 1, 1.15, 1.3, 1.5];

function stored(): Settings {
  try {
    return { ...DEFAULTS, ...(JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Settings>) };
  } catch {
    return DEFAULTS;
  }
}

export const settings = signal<Settings>(stored());

export function set(change: Partial<Settings>): void {
  settings.value = { ...settings.value, ...change };
}

export function zoomBy(steps: number): void {
  const place = ZOOMS.indexOf(settings.value.zoom);
  set({ zoom: ZOOMS[Math.max(0, Math.min(ZOOMS.length - 1, (place < 0 ? 2 : place) + steps))] ?? 1 });
}

/** Keep the page's look and the device's memory in step with the settings. */
export function applySettings(): void {
  effect(() => {
    const { zoom, theme } = settings.value;
    const root = document.documentElement;
    root.dataset["theme"] = theme;
    root.style.setProperty("--zoom", String(zoom));
    try {
      localStorage.setItem(KEY, JSON.stringify(settings.value));
    } catch {
      // A full or forbidden memory costs only the remembering.
    }
  });
}
