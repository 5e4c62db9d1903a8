"""Events reach the shop signed, in order, again and again, and every mischief a person can do by hand."""

import json
import time
from collections.abc import Iterator

import pytest
import stripe

from bottega.sandbox.webhooks import forge, signature
from tests.domains.sandbox.processes import SECRET, Sandbox, Shop, until


@pytest.fixture(autouse=True)
def _flowing(sandbox: Sandbox) -> Iterator[None]:
    yield
    sandbox.control("webhooks/deliver", {})


def pay(sandbox: Sandbox, method: str = "pm_card_visa", **more: object) -> stripe.PaymentIntent:
    params = {"amount": 500, "currency": "eur", "confirm": True, "payment_method": method, **more}
    return sandbox.client.v1.payment_intents.create(params)  # type: ignore[arg-type]


def deliveries(sandbox: Sandbox, intent: str) -> list[dict[str, object]]:
    return sandbox.control(f"deliveries?subject={intent}")["deliveries"][::-1]


def test_events_are_signed_and_come_in_order(sandbox: Sandbox, shop: Shop) -> None:
    intent = pay(sandbox, capture_method="manual")
    sandbox.client.v1.payment_intents.capture(intent.id)
    sandbox.client.v1.refunds.create({"payment_intent": intent.id})
    wanted = [
        "payment_intent.created", "charge.succeeded", "payment_intent.amount_capturable_updated", "charge.captured",
        "payment_intent.succeeded", "charge.refunded", "refund.created",
    ]  # fmt: skip
    until(lambda: len(shop.types(intent.id)) >= len(wanted))
    assert shop.types(intent.id) == wanted
    event = shop.events(intent.id)[0]
    assert sandbox.client.v1.events.retrieve(event.id).data.object["id"] == intent.id
    assert [e.type for e in sandbox.client.v1.events.list({"type": "charge.captured"}).data] == ["charge.captured"]


def test_declines_challenges_and_cancels_are_told(sandbox: Sandbox, shop: Shop) -> None:
    intent = pay(sandbox, "pm_card_authenticationRequired")
    sandbox.control(f"payment_intents/{intent.id}/fail", {})
    sandbox.client.v1.payment_intents.cancel(intent.id)
    wanted = ["created", "requires_action", "payment_failed", "canceled"]
    until(lambda: len(shop.types(intent.id)) >= len(wanted))
    assert shop.types(intent.id) == [f"payment_intent.{name}" for name in wanted]


def test_a_refused_delivery_is_tried_again_and_keeps_its_place(sandbox: Sandbox, shop: Shop) -> None:
    shop.answers[:] = [500, 503]
    intent = pay(sandbox)
    sandbox.control("clock", {"advance": 5})
    until(lambda: len(shop.events(intent.id)) >= 5)
    assert shop.types(intent.id) == ["payment_intent.created"] * 3 + ["charge.succeeded", "payment_intent.succeeded"]
    assert [d["attempts"] for d in deliveries(sandbox, intent.id)] == [3, 1, 1]


def test_webhooks_can_be_held_back_and_let_go(sandbox: Sandbox, shop: Shop) -> None:
    sandbox.control("webhooks/hold", {})
    intent = pay(sandbox)
    assert {d["state"] for d in deliveries(sandbox, intent.id)} == {"HELD"}
    assert shop.types(intent.id) == []
    sandbox.control("webhooks/deliver", {})
    until(lambda: len(shop.types(intent.id)) == 3)
    assert shop.types(intent.id)[-1] == "payment_intent.succeeded"


def test_one_webhook_can_be_dropped_delivered_and_repeated_by_hand(sandbox: Sandbox, shop: Shop) -> None:
    sandbox.control("webhooks/hold", {})
    intent = pay(sandbox)
    created, charged, succeeded = (int(str(d["id"])) for d in deliveries(sandbox, intent.id))
    sandbox.control(f"deliveries/{created}/drop", {})
    sandbox.control(f"deliveries/{succeeded}/deliver", {})
    until(lambda: shop.types(intent.id) == ["payment_intent.succeeded"])
    sandbox.control(f"deliveries/{charged}/deliver", {})
    sandbox.control(f"deliveries/{succeeded}/resend", {})
    until(lambda: len(shop.types(intent.id)) == 3)
    assert sorted(shop.types(intent.id)) == ["charge.succeeded"] + ["payment_intent.succeeded"] * 2


def test_forged_webhooks_never_pass_the_sdk(sandbox: Sandbox, shop: Shop) -> None:
    intent = pay(sandbox)
    until(lambda: len(shop.types(intent.id)) == 3)
    before = len(shop.received)
    sandbox.control("webhooks/forge", {"event": shop.events(intent.id)[-1].id})
    until(lambda: len(shop.received) == before + 7)
    accepted = []
    for body, header in shop.received[before:]:
        try:
            accepted.append(stripe.Webhook.construct_event(body, header, SECRET))
        except (ValueError, stripe.SignatureVerificationError):
            continue
    # The SDK lets a future timestamp pass: the shop has to look at that one itself.
    assert len(accepted) == 1
    until(lambda: all(d["state"] != "PENDING" for d in deliveries(sandbox, intent.id)))


@pytest.mark.parametrize("variant", ["wrong_secret", "no_signature", "v0_only", "stale", "tampered", "truncated"])
def test_each_forgery_is_refused(variant: str) -> None:
    body = json.dumps({"id": "evt_1", "object": "event", "data": {"object": {"amount": 5}}}, separators=(",", ":"))
    forged, header = forge(variant, SECRET, int(time.time()), body.encode())
    with pytest.raises((ValueError, stripe.SignatureVerificationError)):
        stripe.Webhook.construct_event(forged, header, SECRET)


def test_the_signature_is_the_one_the_sdk_verifies() -> None:
    body = b'{"id":"evt_1","object":"event"}'
    assert stripe.Webhook.construct_event(body, signature(SECRET, 1, body), SECRET, tolerance=None).id == "evt_1"


def test_endpoints_made_through_the_api_get_what_they_subscribe_to(sandbox: Sandbox) -> None:
    other = Shop()
    endpoint = sandbox.client.v1.webhook_endpoints.create({"url": other.url, "enabled_events": ["charge.succeeded"]})
    intent = pay(sandbox)
    until(lambda: other.received)
    event = stripe.Webhook.construct_event(*other.received[0], str(endpoint.secret))
    assert (event.type, event.data.object["payment_intent"]) == ("charge.succeeded", intent.id)
    sandbox.client.v1.webhook_endpoints.delete(endpoint.id)
    other.close()
