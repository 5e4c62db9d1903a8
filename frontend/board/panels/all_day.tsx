// All-day counts; a tap on one lights up its tickets.

import type { VNode } from "preact";
import { allDay } from "../allday";
import { set, settings } from "../settings";
import { highlight, shown } from "../state";
import { t } from "../words";
import { Choice, Sheet } from "./sheet";

export function AllDayPanel(): VNode {
  const by_modifier = settings.value.by_modifier;
  const counts = allDay(shown.value.open, by_modifier);
  const choose = (value: boolean): void => {
    highlight.value = null;
    set({ by_modifier: value });
  };
  return (
    <Sheet title={t.all_day}>
      <Choice label={t.by_modifier} value={by_modifier} options={[[false, t.off], [true, t.on]]} choose={choose} />
      {counts.length === 0 ? <p class="quiet">{t.all_day_empty}</p> : <p class="quiet">{t.all_day_hint}</p>}
      <ul class="rows">
        {counts.map((count) => (
          <li key={count.key}>
            <button
              type="button"
              class="row count"
              aria-pressed={highlight.value === count.key}
              onClick={() => (highlight.value = highlight.value === count.key ? null : count.key)}
            >
              <span class="total">{count.left}</span>
              <span class="row-text">
                <span>{count.name}</span>
                {count.size && <b>{count.size}</b>}
                {count.modifiers.length > 0 && <b>{count.modifiers.join(" · ")}</b>}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </Sheet>
  );
}
