// The board's words, times and money in the store's language. Fixed when the page opens.

import { boot } from "./boot";
import { de } from "./texts/de";
import { en, type Texts } from "./texts/en";
import { it } from "./texts/it";

const CATALOGUES: Record<string, Texts> = { en, it, de };

export const t: Texts = CATALOGUES[boot.locale.slice(0, 2)] ?? en;

const zone = boot.timezone ? { timeZone: boot.timezone } : {};
// Plain English has 24 hours, as on the pages; "en" alone would have twelve here, and in the short form nobody could tell.
const habits = boot.locale === "en" ? "en-GB" : boot.locale;
const clock = new Intl.DateTimeFormat(habits, { hour: "2-digit", minute: "2-digit", ...zone });
const exact = new Intl.DateTimeFormat(boot.locale, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false, ...zone });

const local = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...zone });

/** The store's time of day at an instant in ms, always as "09:05": for comparing, not for showing. */
export function localTime(at: number): string {
  return local.format(new Date(at));
}

/** As clockTime, without AM or PM: for what is due within the hour. */
export function shortTime(at: number | string): string {
  const parts = clock.formatToParts(new Date(at)).filter((part) => part.type !== "dayPeriod");
  return parts.map((part) => part.value).join("").trim();
}

/** 12:03 of an instant in ms or RFC 3339. */
export function clockTime(at: number | string): string {
  return clock.format(new Date(at));
}

/** 12:03:41 of an instant in ms. */
export function exactTime(at: number): string {
  return exact.format(new Date(at));
}

/** An amount in the currency's minor unit, as people write it. */
export function money(amount: number, currency: string): string {
  const format = new Intl.NumberFormat(boot.locale, { style: "currency", currency });
  return format.format(amount / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
}
