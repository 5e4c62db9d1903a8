// Pausing the intake, with resuming by itself, and the time that customers are told.

import type { VNode } from "preact";
import { commands, intake } from "../state";
import { pauseIntake, resumeIntake, setPrepTime } from "../verbs";
import { clockTime, t } from "../words";
import { Sheet } from "./sheet";

const PAUSES = [10, 20, 30];
const STEP_MINUTES = 5;
const LONGEST_MINUTES = 90;

/** The store's intake with what was asked and not yet answered laid over it. */
function intended(): { paused: boolean; until: string | null; prep: number } {
  const told = intake.value;
  let paused = told?.paused ?? false;
  let until = told?.until ?? null;
  let prep = told?.prep_minutes ?? 10;
  for (const { intent, at, state } of commands.value) {
    if (state !== "waiting") continue;
    if (intent.kind === "prep") prep = intent.prep_minutes;
    if (intent.kind !== "intake") continue;
    paused = intent.state === "PAUSED";
    until = paused && intent.minutes ? new Date(at + intent.minutes * 60_000).toISOString() : null;
  }
  return { paused, until, prep };
}

export function IntakePanel(): VNode {
  const { paused, until, prep } = intended();
  const state = paused ? (until ? t.intake_paused_until(clockTime(until)) : t.intake_paused) : t.intake_open;
  const change = (by: number): void => setPrepTime(Math.min(LONGEST_MINUTES, Math.max(STEP_MINUTES, prep + by)));
  return (
    <Sheet title={t.intake}>
      <h3>{t.prep_title}</h3>
      <p class="quiet">{t.prep_text}</p>
      <div class="stepper" role="group" aria-label={t.prep_title}>
        <button type="button" class="outline" aria-label={t.less} onClick={() => change(-STEP_MINUTES)}>
          −
        </button>
        <output class="grow stepper-value">{t.minutes(prep)}</output>
        <button type="button" class="outline" aria-label={t.more} onClick={() => change(STEP_MINUTES)}>
          +
        </button>
      </div>
      <h3 class={`intake-state ${paused ? "is-paused" : "is-open"}`}>{state}</h3>
      <p class="quiet">{t.intake_text}</p>
      {/* Nothing moves under the finger when the state changes: what comes and goes stands last. */}
      <div class="stack">
        {PAUSES.map((minutes) => (
          <button key={minutes} type="button" class="outline wide" onClick={() => pauseIntake(minutes)}>
            {t.pause_for(minutes)}
          </button>
        ))}
        <button type="button" class="outline wide" onClick={() => pauseIntake(null)}>
          {t.pause_open}
        </button>
        {paused && (
          <button type="button" class="solid wide" onClick={resumeIntake}>
            {t.resume}
          </button>
        )}
      </div>
    </Sheet>
  );
}
