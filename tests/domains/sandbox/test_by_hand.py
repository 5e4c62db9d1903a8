"""A person at the sandbox's pages: parts of amounts, forged webhooks, old-style charges, cards to be saved."""

from typing import Any

import pytest
import stripe

from bottega.sandbox.faults import DESCRIPTIONS
from tests.domains.sandbox.processes import Sandbox, Shop, until
from tests.simulators import http as clients

PAY: dict[str, Any] = {"amount": 1500, "currency": "eur", "confirm": True, "payment_method": "pm_card_visa"}


def press(sandbox: Sandbox, path: str, **fields: str) -> int:
    return clients.post(f"{sandbox.url}/_sandbox/{path}", data={"back": "/", **fields}).status_code


def pay(sandbox: Sandbox, **more: Any) -> stripe.PaymentIntent:
    return sandbox.client.v1.payment_intents.create({**PAY, **more})  # type: ignore[typeddict-item]


def bare(sandbox: Sandbox, **more: Any) -> stripe.Charge:
    return sandbox.client.v1.charges.create({"amount": 900, "currency": "eur", "source": "tok_visa", **more})  # type: ignore[typeddict-item]


def test_every_kind_of_trouble_has_its_button(sandbox: Sandbox) -> None:
    page = sandbox.page("/faults")
    for kind in DESCRIPTIONS:
        assert f'name="kind" value="{kind}"' in page


def test_a_part_is_captured_refunded_or_disputed_in_units_of_money(sandbox: Sandbox) -> None:
    v1 = sandbox.client.v1
    held = pay(sandbox, capture_method="manual")
    assert "Only a part, in EUR" in sandbox.page(f"/payments/{held.id}")
    assert press(sandbox, f"payment_intents/{held.id}/capture", units="12.5") == 303
    charge = v1.payment_intents.retrieve(held.id).latest_charge
    assert press(sandbox, f"charges/{charge}/refund", units="0.50") == 303
    assert press(sandbox, f"charges/{charge}/dispute", units="3") == 303
    after = v1.charges.retrieve(str(charge))
    assert (after.amount_captured, after.amount_refunded, after.disputed) == (1250, 50, True)
    assert v1.disputes.list({"charge": str(charge)}).data[0].amount == 300
    yen = pay(sandbox, currency="jpy")
    for wrong in ("0.5", "1e3", "NaN", "-1", "9" * 30):
        assert press(sandbox, f"charges/{yen.latest_charge}/refund", units=wrong) == 400


def test_an_event_is_forged_at_the_press_of_a_button(sandbox: Sandbox, shop: Shop) -> None:
    intent = pay(sandbox)
    until(lambda: "payment_intent.succeeded" in shop.types(intent.id))
    until(lambda: ">Forge<" in sandbox.page(f"/payments/{intent.id}"))
    event = shop.events(intent.id)[-1]
    before = len(shop.received)
    assert press(sandbox, "webhooks/forge", event=event.id) == 303
    until(lambda: len(shop.received) == before + 7)
    assert len(shop.events(intent.id)) == 4  # the future's signature is right: a shop has to look at its time


def test_charges_without_an_intent_have_a_page_and_buttons(sandbox: Sandbox) -> None:
    held, dropped, late = (bare(sandbox, capture=False, description=name) for name in ("First", "Second", "Third"))
    assert "First" in sandbox.page("/")
    for charge, verb in ((held, "capture"), (dropped, "cancel"), (late, "expire")):
        assert f"charges/{charge.id}/{verb}" in sandbox.page(f"/payments/{charge.id}")
        assert press(sandbox, f"charges/{charge.id}/{verb}") == 303
    read = sandbox.client.v1.charges.retrieve
    assert (read(held.id).captured, read(dropped.id).refunded, read(late.id).captured) == (True, True, False)
    assert "Canceled" in sandbox.page(f"/payments/{late.id}")
    refund = sandbox.client.v1.refunds.create({"charge": held.id})
    assert f'href="/payments/{held.id}"' in sandbox.page("/refunds")
    assert press(sandbox, f"refunds/{refund.id}/fail") == 303


@pytest.mark.parametrize(("verb", "status"), [("complete", "succeeded"), ("fail", "requires_payment_method")])
def test_a_card_to_be_saved_is_challenged_by_hand(sandbox: Sandbox, verb: str, status: str) -> None:
    setups = sandbox.client.v1.setup_intents
    setup = setups.create({"confirm": True, "payment_method": "pm_card_authenticationRequired"})
    assert f"setup_intents/{setup.id}/{verb}" in sandbox.page("/")
    assert press(sandbox, f"setup_intents/{setup.id}/{verb}") == 303
    assert setups.retrieve(setup.id).status == status
