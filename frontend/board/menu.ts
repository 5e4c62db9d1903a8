// The part of the public menu and of the store that the panels need. Pure.

import type { Intake, Sellable } from "./state";

export interface MenuBody {
  categories: { category_id: string; name: string }[];
  products: { product_id: string; name: string; category_id: string; available: boolean; unavailable_until: string | null }[];
  modifier_groups: { name: string; modifiers: { modifier_id: string; name: string; available: boolean }[] }[];
}

export interface StoreBody {
  status: string;
  ready_estimate?: { min_minutes: number; max_minutes: number };
  paused_until?: string | null;
  prep_minutes?: number;
}

/** Everything that can be sold out, products first; who switched it is kept from before, the menu doesn't say. */
export function sellablesOf(menu: MenuBody, before: readonly Sellable[]): Sellable[] {
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
    add("products", product.product_id, product.name, group, product.available, product.unavailable_until);
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
