// The sold-out switch: find a product or a modifier, take it off sale and say until when, or put it back.

import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { found } from "../menu";
import { sellablesShown, type Sellable } from "../state";
import { setAvailability } from "../verbs";
import { clockTime, t } from "../words";
import { Sheet } from "./sheet";

function until(thing: Sellable): string {
  if (thing.available) return thing.left === null ? t.is_on : t.is_left(thing.left);
  if (thing.until === "END_OF_DAY") return `${t.is_out} · ${t.until_end}`;
  return thing.until ? t.is_out_until(clockTime(thing.until)) : t.is_out;
}

function Until({ thing, done }: { thing: Sellable; done: () => void }): VNode {
  const left = useSignal(5);
  const act = (work: () => void): void => {
    work();
    done();
  };
  return (
    <div class="until">
      <button type="button" class="outline" onClick={() => act(() => setAvailability(thing, false, null))}>
        {t.until_on}
      </button>
      <button type="button" class="outline" onClick={() => act(() => setAvailability(thing, false, "END_OF_DAY"))}>
        {t.until_end}
      </button>
      {thing.subject === "products" && (
        <div class="stepper" role="group" aria-label={t.left_count}>
          <button type="button" class="outline" aria-label={t.less} onClick={() => (left.value = Math.max(1, left.value - 1))}>
            −
          </button>
          <button type="button" class="outline grow" onClick={() => act(() => setAvailability(thing, true, null, left.value))}>
            {t.set_left(left.value)}
          </button>
          <button type="button" class="outline" aria-label={t.more} onClick={() => (left.value = Math.min(999, left.value + 1))}>
            +
          </button>
        </div>
      )}
    </div>
  );
}

function Thing({ thing, open, toggle }: { thing: Sellable; open: boolean; toggle: () => void }): VNode {
  return (
    <li class={`thing${thing.available ? "" : " out"}`} data-sellable={thing.id}>
      <div class="row">
        <span class="row-text">
          <span class="thing-name">{thing.name}</span>
          <span class="quiet">
            {[thing.group, until(thing), thing.by && thing.at && t.by_whom(thing.by, clockTime(thing.at))].filter(Boolean).join(" · ")}
          </span>
        </span>
        {thing.available ? (
          <button type="button" class="outline" aria-expanded={open} onClick={toggle}>
            {t.sold_out}
          </button>
        ) : (
          <button type="button" class="solid" onClick={() => setAvailability(thing, true, null)}>
            {t.turn_on}
          </button>
        )}
      </div>
      {open && thing.available && <Until thing={thing} done={toggle} />}
    </li>
  );
}

function Group({ title, things, open }: { title: string; things: Sellable[]; open: { value: string | null } }): VNode | null {
  if (things.length === 0) return null;
  return (
    <>
      <h3>{title}</h3>
      <ul class="rows">
        {things.map((thing) => (
          <Thing
            key={thing.id}
            thing={thing}
            open={open.value === thing.id}
            toggle={() => (open.value = open.value === thing.id ? null : thing.id)}
          />
        ))}
      </ul>
    </>
  );
}

export function SoldOutPanel(): VNode {
  const query = useSignal("");
  const open = useSignal<string | null>(null);
  const all = sellablesShown.value;
  const matching = found(all, query.value);
  const out = matching.filter((thing) => !thing.available);
  const of = (subject: Sellable["subject"]): Sellable[] => matching.filter((thing) => thing.available && thing.subject === subject);
  return (
    <Sheet title={t.sold_out}>
      <label class="field">
        <span>{t.search}</span>
        <input type="search" value={query.value} autocomplete="off" onInput={(event) => (query.value = event.currentTarget.value)} />
      </label>
      {all.length === 0 && <p class="quiet">{t.menu_missing}</p>}
      {all.length > 0 && matching.length === 0 && <p class="quiet">{t.nothing_found(query.value)}</p>}
      <Group title={t.out_now} things={out} open={open} />
      <Group title={t.products} things={of("products")} open={open} />
      <Group title={t.modifiers} things={of("modifiers")} open={open} />
    </Sheet>
  );
}
