// How this screen is set up: size, colours, layout, sound, stations, and which keys it knows.

import { computed } from "@preact/signals";
import type { VNode } from "preact";
import { boot } from "../boot";
import { fullscreen } from "../screen";
import { set, settings, zoomBy } from "../settings";
import { startSound } from "../shift";
import { shownTickets } from "../state";
import { t } from "../words";
import { Choice, Sheet } from "./sheet";

const categories = computed(() => {
  const names = new Set(settings.value.categories);
  for (const ticket of shownTickets.value.values()) {
    for (const line of ticket.lines) if (line.category) names.add(line.category);
  }
  return [...names].sort();
});

function Stations(): VNode | null {
  const chosen = settings.value.categories;
  if (categories.value.length < 2) return null;
  const toggle = (name: string): void => {
    set({ categories: chosen.includes(name) ? chosen.filter((other) => other !== name) : [...chosen, name] });
  };
  return (
    <fieldset class="choice">
      <legend>{t.stations}</legend>
      <div class="choice-row wrap">
        <button type="button" aria-pressed={chosen.length === 0} onClick={() => set({ categories: [] })}>
          {t.all_stations}
        </button>
        {categories.value.map((name) => (
          <button key={name} type="button" aria-pressed={chosen.includes(name)} onClick={() => toggle(name)}>
            {name}
          </button>
        ))}
      </div>
    </fieldset>
  );
}

function Zoom(): VNode {
  return (
    <fieldset class="choice">
      <legend>{t.zoom}</legend>
      <div class="stepper">
        <button type="button" class="outline" aria-label={t.zoom_out} onClick={() => zoomBy(-1)}>
          −
        </button>
        <output class="grow stepper-value">{Math.round(settings.value.zoom * 100)} %</output>
        <button type="button" class="outline" aria-label={t.zoom_in} onClick={() => zoomBy(1)}>
          +
        </button>
      </div>
    </fieldset>
  );
}

function Keys(): VNode {
  return (
    <>
      <h3>{t.keys_title}</h3>
      <dl class="keys">
        {t.keys.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

export function ScreenPanel(): VNode {
  const now = settings.value;
  const volume = (value: number): void => {
    set({ volume: value });
    void startSound();
  };
  return (
    <Sheet title={t.screen}>
      <Choice label={t.layout} value={now.layout} options={[["flow", t.flow], ["lanes", t.lanes]]} choose={(layout) => set({ layout })} />
      <Zoom />
      <Choice label={t.theme} value={now.theme} options={[["dark", t.dark], ["light", t.light]]} choose={(theme) => set({ theme })} />
      <Choice label={t.sound} value={now.volume} options={[[0, t.volume_off], [0.2, t.volume_low], [0.5, t.volume_high]]} choose={volume} />
      <Choice label={t.repeat} value={now.repeat} options={[[false, t.off], [true, t.on]]} choose={(repeat) => set({ repeat })} />
      <Choice
        label={t.recall_place}
        value={now.recalled_first}
        options={[[true, t.recall_front], [false, t.recall_time]]}
        choose={(recalled_first) => set({ recalled_first })}
      />
      <Stations />
      <button type="button" class="outline wide" onClick={() => void fullscreen(!document.fullscreenElement)}>
        {t.fullscreen}
      </button>
      <Keys />
      <p class="quiet">{t.staff(boot.staff_name)}</p>
    </Sheet>
  );
}
