// What to do with each answer of the server: the one table that decides whether a command is done, goes again,
// waits for a sign-in or needs a person. Pure, so that every row has a test.

import type { Problem } from "./contract";

export interface Answer {
  /** HTTP status; 0 when the network gave none. */
  status: number;
  problem: Problem | null;
  /** Seconds asked for by Retry-After, or null. */
  retry_after: number | null;
}

export type Action =
  | { do: "done" }
  | { do: "retry"; after_ms: number; offline: boolean }
  | { do: "moved"; problem: Problem }
  | { do: "attention"; reason: string }
  | { do: "sign_in" }
  | { do: "new_token" };

/** Refusals of a POST whose form token is of another sign-in. */
const FORM_TOKEN_CODES = new Set(["cross_site"]);
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;

/** Exponential wait with jitter: between half and all of 1, 2, 4 … 60 s. `chance` is in [0, 1). */
export function backoff(attempts: number, chance: number): number {
  const full = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(attempts, 10));
  return Math.round(full * (0.5 + chance / 2));
}

export function actionFor(answer: Answer, attempts: number, chance: number): Action {
  const { status, problem, retry_after } = answer;
  const wait = retry_after === null ? backoff(attempts, chance) : retry_after * 1_000;
  if (status >= 200 && status < 300) return { do: "done" };
  if (status === 0) return { do: "retry", after_ms: backoff(attempts, chance), offline: true };
  if (status === 401) return { do: "sign_in" };
  if (status === 403 && FORM_TOKEN_CODES.has(problem?.code ?? "")) return { do: "new_token" };
  // The first sending of the same key is still running: its answer will be ours.
  if (status === 409 && retry_after !== null) return { do: "retry", after_ms: wait, offline: false };
  if (status === 409) return { do: "moved", problem: problem ?? {} };
  if (status === 408 || status === 425 || status === 429 || status >= 500) return { do: "retry", after_ms: wait, offline: false };
  return { do: "attention", reason: problem?.detail ?? problem?.title ?? `${status}` };
}
