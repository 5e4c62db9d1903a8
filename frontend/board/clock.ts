// The server's time on this device: an offset learnt from every message, and the one timer of the board.
// Ages and bands come from here, never from the device's own clock, so that two screens always agree.

import { signal } from "@preact/signals";

const KEPT_SAMPLES = 12;
const JUMP_MS = 2_000;

export type Band = "fresh" | "warn" | "late";

export interface Thresholds {
  warn_seconds: number;
  late_seconds: number;
}

/** Keep the samples that still count. A message is never early, so the largest offset is the truest one;
    a jump means that somebody set the device's clock and the older samples are worthless. */
export function withSample(samples: readonly number[], offset: number): number[] {
  const last = samples.at(-1);
  const kept = last !== undefined && Math.abs(offset - last) > JUMP_MS ? [] : samples;
  return [...kept, offset].slice(-KEPT_SAMPLES);
}

export function bandOf(age_seconds: number, thresholds: Thresholds): Band {
  if (age_seconds >= thresholds.late_seconds) return "late";
  return age_seconds >= thresholds.warn_seconds ? "warn" : "fresh";
}

/** Whole seconds between two instants in ms, never below 0. */
export function secondsSince(then: number, now: number): number {
  return Math.max(0, Math.floor((now - then) / 1_000));
}

/** 83 -> "1:23"; 3705 -> "1:01:45". */
export function minutesSeconds(seconds: number): string {
  const hours = Math.floor(seconds / 3_600);
  const minutes = Math.floor((seconds % 3_600) / 60);
  const rest = String(seconds % 60).padStart(2, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

let samples: number[] = [];
let offset = 0;

/** The server's time in ms, ticking once a second. */
export const now = signal(Date.now());

export function serverNow(): number {
  return Date.now() + offset;
}

/** Learn from a message that carried the server's time. */
export function learn(server_now: string | undefined): void {
  const told = server_now ? Date.parse(server_now) : Number.NaN;
  if (Number.isNaN(told)) return;
  samples = withSample(samples, told - Date.now());
  offset = Math.max(...samples);
}

/** Learn from news that were on their way for an unknown time: the server's clock is at least there. */
export function learnAtLeast(server_now: string | undefined): void {
  const told = server_now ? Date.parse(server_now) - Date.now() : Number.NaN;
  if (told > offset && told - offset < JUMP_MS) offset = told;
}

export function startClock(): void {
  now.value = serverNow();
  setInterval(() => {
    now.value = serverNow();
  }, 1_000);
}
