// A line is out and its customer stands at the counter: what they may have instead, chosen here for them.

import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import type { Shortage, Substitute, Ticket } from "./contract";
import { Modal } from "./modal";
import { readNow } from "./reading";
import { chooseFor } from "./verbs";
import { money, t } from "./words";

function Offer({ name, choices, price, pick }: { name: string; choices: string; price: string; pick: () => void }): VNode {
  return (
    <button type="button" class="outline wide offer" onClick={pick}>
      <span class="offer-name">{name}</span>
      <span class="offer-price">{price}</span>
      {choices && <span class="quiet offer-choices">{choices}</span>}
    </button>
  );
}

function named(one: Substitute): string {
  return [one.name, one.variant_name].filter(Boolean).join(" · ");
}

function Asked({ ticket, shortage }: { ticket: Ticket; shortage: Shortage }): VNode {
  const { line, missing, choices, substitutes } = shortage;
  const choose = (choice: "SUBSTITUTE" | "REFUND", substitute?: number): void => chooseFor(ticket, shortage.shortage_id, choice, substitute);
  const cheaper = (amount: number): string => (amount > 0 ? t.choose_less(money(amount, ticket.currency)) : t.choose_same);
  return (
    <section class="stack" aria-label={line.name}>
      <p class="choose-line">
        {line.qty}× {line.name}
        {missing !== line.name && ` · ${missing}`}
      </p>
      {substitutes.map((one) => (
        <Offer
          key={one.number}
          name={named(one)}
          choices={one.modifiers.map((modifier) => modifier.name).join(", ")}
          price={cheaper(one.refund)}
          pick={() => choose("SUBSTITUTE", one.number)}
        />
      ))}
      {choices.includes("REFUND") && (
        <Offer name={t.choose_leave} choices="" price={cheaper(shortage.refund)} pick={() => choose("REFUND")} />
      )}
    </section>
  );
}

export function Choose({ ticket }: { ticket: Ticket }): VNode {
  const asked = useSignal<Shortage[] | null | undefined>(undefined);
  useEffect(() => {
    void readNow<{ shortages: Shortage[] }>(`/v1/orders/${ticket.order_id}`).then((order) => {
      asked.value = order && order.shortages.filter((one) => one.state === "OFFERED");
    });
  }, [ticket.version]);
  const found = asked.value;
  return (
    <Modal title={t.choose_title(ticket.number)}>
      {found === null && <p class="quiet">{t.choose_offline}</p>}
      {found?.length === 0 && <p class="quiet">{t.choose_over}</p>}
      {found?.map((shortage) => <Asked key={shortage.shortage_id} ticket={ticket} shortage={shortage} />)}
    </Modal>
  );
}
