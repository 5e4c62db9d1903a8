// The part of the public menu and of the store that the panels need. Pure.

import type { Intake, Sellable } from "./state";

/** Local times of the store between which a product is offered; the end is not included. */
export interface Daypart {
  from: string;
  to: string;
}

export interface MenuBody {
  categories: { category_id: string; name: string }[];
  products: { product_id: string; name: string; category_id: string; available: boolean; unavailable_until: string | null; daypart?: Daypart | null }[];
  modifier_groups: { name: string; modifiers: { modifier_id: string; name: string; available: boolean }[] }[];
}

export interface StoreBody {
  status: string;
  ready_estimate?: { min_minutes: number; max_minutes: number };
  paused_until?: string | null;
  prep_minutes?: number;
}

/** Whether a product is not offered at this time of day ("11:30"): then it is out without being sold out. */
function outside(daypart: Daypart | null | undefined, local_time: string): boolean {
  if (!daypart) return false;
  const { from, to } = daypart;
  return from <= to ? local_time < from || local_time >= to : local_time < from && local_time >= to;
}

/** Everything that can be sold out, products first; who switched it is kept from before, the menu doesn't say.
    `local_time` is the store's, as in "09:05". */
export function sellablesOf(menu: MenuBody, before: readonly Sellable[], local_time: string): Sellable[] {
  const known = new Map(before.map((thing) => [thing.id, thing]));
  const groups = new Map(menu.categories.map((category) => [category.category_id, category.name]));
  const things = new Map<string, Sellable>();
  const add = (subject: Sellable["subject"], id: string, name: string, group: string, available: boolean, until: string | null): void => {
    const old = known.get(id);
    const same = old?.available === available;
    things.set(id, {
      subject, id, name, group, available, until,
      left: same ? (old?.left ?? null) : null,
      by: same ? (old?.by ?? null) : null,
      at: same ? (old?.at ?? null) : null,
    });
  };
  for (const product of menu.products) {
    const group = groups.get(product.category_id) ?? "";
    const { daypart, product_id, name } = product;
    const resting = !product.available && outside(daypart, local_time);
    const place = daypart ? `${group} · ${daypart.from}–${daypart.to}` : group;
    add("products", product_id, name, place, product.available || resting, product.unavailable_until);
  }
  for (const group of menu.modifier_groups) {
    for (const modifier of group.modifiers) add("modifiers", modifier.modifier_id, modifier.name, group.name, modifier.available, null);
  }
  return [...things.values()];
}

export function intakeOf(store: StoreBody): Intake {
  const prep_minutes = store.prep_minutes ?? store.ready_estimate?.min_minutes ?? null;
  return { paused: store.status === "PAUSED", until: store.paused_until ?? null, prep_minutes };
}

/** Case and accents don't matter in a search. */
export function found(things: readonly Sellable[], query: string): Sellable[] {
  const plain = (text: string): string => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const words = plain(query).split(/\s+/).filter(Boolean);
  return things.filter((thing) => words.every((word) => plain(`${thing.name} ${thing.group}`).includes(word)));
}
