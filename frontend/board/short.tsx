// A line is out: what of it, whether the menu shall say so too, and what the customer is offered instead.

import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import type { Ticket, TicketLine } from "./contract";
import { Modal } from "./modal";
import { sellablesShown, type Sellable } from "./state";
import { LineText } from "./ticket";
import { runShort } from "./verbs";
import { t } from "./words";

type Menu = "end" | "on" | "keep";
type Offer = "fitting" | "picked" | "none";

interface Option<T extends string> {
  value: T;
  label: string;
}

function Choice<T extends string>({ legend, options, value, pick }: { legend: string; options: Option<T>[]; value: T; pick: (value: T) => void }): VNode {
  return (
    <fieldset class="choice">
      <legend>{legend}</legend>
      <div class="choice-row wrap">
        {options.map((one) => (
          <button key={one.value} type="button" aria-pressed={value === one.value} onClick={() => pick(one.value)}>
            {one.label}
          </button>
        ))}
      </div>
    </fieldset>
  );
}

function Count({ all, qty, set }: { all: number; qty: number; set: (qty: number) => void }): VNode {
  return (
    <fieldset class="choice">
      <legend>{t.short_count}</legend>
      <div class="stepper">
        <button type="button" class="outline" aria-label={t.less} disabled={qty === 1} onClick={() => set(qty - 1)}>
          −
        </button>
        <output class="grow stepper-value">{qty === all ? t.short_all(all) : t.short_some(qty, all)}</output>
        <button type="button" class="outline" aria-label={t.more} disabled={qty === all} onClick={() => set(qty + 1)}>
          +
        </button>
      </div>
    </fieldset>
  );
}

/** The choices of a line that the menu knows by name: one of them can be what is out. */
function choicesOf(line: TicketLine, things: readonly Sellable[]): Option<string>[] {
  const known = line.modifiers.flatMap((modifier) =>
    things.filter((thing) => thing.subject === "modifiers" && thing.name === modifier.name && modifier.kind !== "REMOVE").slice(0, 1),
  );
  return known.map((thing) => ({ value: thing.id, label: thing.name }));
}

function others(line: TicketLine, things: readonly Sellable[]): Sellable[] {
  const alike = (thing: Sellable): boolean => thing.group === line.category || thing.group.startsWith(`${line.category ?? ""} · `);
  return things.filter((thing) => thing.subject === "products" && thing.available && thing.name !== line.name && alike(thing));
}

export function Short({ ticket, line_id }: { ticket: Ticket; line_id: string }): VNode | null {
  const missing = useSignal("");
  const menu = useSignal<Menu>("end");
  const offer = useSignal<Offer>("fitting");
  const picked = useSignal<readonly string[]>([]);
  const fewer = useSignal(0); // how many of the line are there all the same
  const line = ticket.lines.find((one) => one.line_id === line_id);
  if (!line) return null;
  const qty = Math.max(1, line.qty - fewer.value);
  const choices = choicesOf(line, sellablesShown.value);
  const products = others(line, sellablesShown.value);
  const toggle = (id: string): void => {
    picked.value = picked.value.includes(id) ? picked.value.filter((one) => one !== id) : [...picked.value, id];
  };
  const send = (event: Event): void => {
    event.preventDefault();
    const named = offer.value === "none" ? [] : offer.value === "picked" && picked.value.length > 0 ? [...picked.value] : null;
    runShort(ticket, line_id, {
      ...(missing.value ? { modifier_id: missing.value } : {}),
      ...(qty < line.qty ? { qty } : {}),
      sold_out: menu.value !== "keep",
      until: menu.value === "end" ? "END_OF_DAY" : null,
      ...(named === null ? {} : { substitutes: named }),
    });
  };
  return (
    <Modal title={t.short_title(ticket.number)}>
      <div class="short-line line">
        <LineText line={line} />
      </div>
      {choices.length > 0 && (
        <Choice
          legend={t.short_what}
          options={[{ value: "", label: line.name }, ...choices]}
          value={missing.value}
          pick={(value) => (missing.value = value)}
        />
      )}
      {line.qty > 1 && <Count all={line.qty} qty={qty} set={(value) => (fewer.value = line.qty - value)} />}
      <Choice<Menu>
        legend={t.short_menu}
        options={[{ value: "end", label: t.until_end }, { value: "on", label: t.until_on }, { value: "keep", label: t.short_keep }]}
        value={menu.value}
        pick={(value) => (menu.value = value)}
      />
      <Choice<Offer>
        legend={t.short_offer}
        options={[
          { value: "fitting", label: t.short_fitting },
          ...(products.length > 0 ? [{ value: "picked", label: t.short_picked } as const] : []),
          { value: "none", label: t.short_none },
        ]}
        value={offer.value}
        pick={(value) => (offer.value = value)}
      />
      {offer.value === "picked" && (
        <div class="choice-row wrap picks">
          {products.map((thing) => (
            <button key={thing.id} type="button" aria-pressed={picked.value.includes(thing.id)} onClick={() => toggle(thing.id)}>
              {thing.name}
            </button>
          ))}
        </div>
      )}
      <p class="quiet">{offer.value === "none" ? t.short_help_none : offer.value === "picked" ? t.short_help_picked : t.short_help_fitting}</p>
      <form onSubmit={send}>
        <button type="submit" class="main">
          {t.short_send}
        </button>
      </form>
    </Modal>
  );
}
