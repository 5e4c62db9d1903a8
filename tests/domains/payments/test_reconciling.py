"""Comparing the ledgers: every kind of difference is planted on one side, found, and mended where the provider's word can.

Both directions, on a real database and the sandbox, through the official SDK.
"""

from datetime import timedelta

import pytest

from bottega.domains.payments import Mend, PaymentStatus, RefundRequest, request_refund
from bottega.kit import ids
from bottega.kit.clock import utc_now
from bottega.kit.subject import system
from tests.domains.sandbox.processes import Sandbox
from tests.simulators.ledgers import Books

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content:DeprecationWarning")  # the SDK's way to use httpx


async def test_ledgers_that_agree_have_no_difference(both: Books) -> None:
    await both.paid(700)
    await both.paid(900, "new-york")
    await both.opened(300)
    await both.written(400)

    outcome = await both.compare(Mend.REFUND)

    assert both.open() == both.mended() == []
    assert (outcome.total.there, outcome.total.here) == (3, 3)
    assert outcome.total.remaining == outcome.total.mended == 0
    assert outcome.unmarked == ()


async def test_money_taken_there_is_found_and_recorded_here(both: Books) -> None:
    payment = await both.paid_there(700)

    listed = await both.compare(Mend.LIST)
    assert both.open() == [("CAPTURED_THERE", payment.provider_ref)]
    assert listed.total.remaining == 1

    mended = await both.compare(Mend.RECORD)
    assert both.open() == []
    assert both.mended() == [("CAPTURED_THERE", payment.provider_ref)]
    assert (mended.total.mended, mended.total.remaining) == (1, 0)
    assert (await both.ours(payment)).status is PaymentStatus.CAPTURED
    assert (await both.compare(Mend.RECORD)).total.mended == 0


async def test_a_lost_answer_to_opening_is_made_up_for(both: Books) -> None:
    payment = await both.paid_there(700)
    both.change("update payments set provider_ref = null, client_secret = null")

    await both.compare(Mend.RECORD)

    now = await both.ours(payment)
    assert (now.status, now.provider_ref) == (PaymentStatus.CAPTURED, payment.provider_ref)
    assert both.open() == []


async def test_money_that_only_we_call_captured_is_listed(both: Books) -> None:
    payment = await both.opened(700)
    both.change("update payments set status = 'CAPTURED', captured_minor = amount_minor")

    outcome = await both.compare(Mend.REFUND)

    assert both.open() == [("CAPTURED_HERE", payment.provider_ref)]
    assert outcome.total.remaining == 1


async def test_what_is_written_otherwise_here_is_listed(both: Books) -> None:
    changes = {
        "update payments set amount_minor = 600, captured_minor = 600": "AMOUNT_DIFFERS",
        "update payments set captured_minor = 650": "AMOUNT_DIFFERS",
        "update payments set currency = 'USD'": "CURRENCY_DIFFERS",
        "update payments set provider_account = 'another'": "WRONG_ACCOUNT",
        "update payments set status = 'AUTHORIZED', captured_minor = 0": "CAPTURED_THERE",
        "update payments set provider_ref = 'pi_nobody'": "UNKNOWN_THERE",
    }
    planted: list[tuple[str, str | None]] = []
    for change, code in changes.items():
        payment = await both.paid(700)
        both.change(f"{change} where payment_id = %s", payment.payment_id)
        planted.append((code, "pi_nobody" if "pi_nobody" in change else payment.provider_ref))
        if "pi_nobody" in change:
            planted.append(("SECOND_CHARGE", payment.provider_ref))

    outcome = await both.compare(Mend.LIST)

    assert both.open() == sorted(planted)
    assert outcome.total.remaining == len(planted)


async def test_a_payment_of_another_store_or_with_lost_marks_is_listed(both: Books) -> None:
    payment = await both.paid(700)
    assert payment.provider_ref is not None
    await both.stripe.v1.payment_intents.update_async(
        payment.provider_ref, {"metadata": {"store_id": str(both.place("new-york").store_id)}}
    )

    await both.compare(Mend.REFUND, store_id=both.place().store_id)

    assert both.open() == [("WRONG_TENANT", payment.provider_ref)]


async def test_a_reference_that_was_put_right_differs_no_longer(both: Books) -> None:
    payment = await both.paid(700)
    both.change("update payments set provider_ref = 'pi_nobody'")
    await both.compare(Mend.LIST)
    both.change("update payments set provider_ref = %s", payment.provider_ref)

    await both.compare(Mend.LIST)

    assert both.open() == []


async def test_what_can_not_be_written_down_here_keeps_no_other_payment_from_being_mended(both: Books) -> None:
    one, two, three = await both.paid(700), await both.paid_there(900), await both.paid_there(300)
    both.change("update payments set provider_ref = null where payment_id = %s", two.payment_id)
    both.change("update payments set provider_ref = %s where payment_id = %s", two.provider_ref, one.payment_id)

    await both.compare(Mend.RECORD)

    assert (await both.ours(three)).status is PaymentStatus.CAPTURED
    assert ("WRONG_TENANT", two.provider_ref) in both.open()


async def test_money_whose_payment_is_gone_is_given_back_when_somebody_asks_for_it(both: Books) -> None:
    intent = await both.intent(700, **both.marks())

    assert (await both.compare(Mend.RECORD)).total.remaining == 1
    assert both.open() == [("ORPHAN_CHARGE", intent.id)]

    outcome = await both.compare(Mend.REFUND)
    assert both.open() == []
    assert both.mended() == [("ORPHAN_CHARGE", intent.id)]
    refunds = (await both.stripe.v1.refunds.list_async({"payment_intent": intent.id})).data
    assert [(each.amount, each.status) for each in refunds] == [(700, "succeeded")]
    assert outcome.total.remaining == 0

    await both.compare(Mend.REFUND)
    assert len((await both.stripe.v1.refunds.list_async({"payment_intent": intent.id})).data) == 1


async def test_money_is_never_given_back_by_marks_that_do_not_fit(both: Books) -> None:
    elsewhere = both.marks(ids.new_id(4_000_000))
    foreign = {name: str(ids.new_id(7)) for name in elsewhere}
    one, two, three = await both.intent(**elsewhere), await both.intent(**foreign), await both.intent()

    outcome = await both.compare(Mend.REFUND)

    assert both.open() == [("ORPHAN_CHARGE", one.id)]
    assert sorted((each.code, each.object_ref) for each in outcome.unmarked) == sorted(
        [("ORPHAN_CHARGE", two.id), ("UNMARKED_CHARGE", three.id)]
    )
    assert (await both.stripe.v1.refunds.list_async()).data == []


async def test_what_nobody_ordered_is_given_back_again_when_it_did_not_arrive(both: Books, provider: Sandbox) -> None:
    await both.intent(700, **both.marks())
    await both.compare(Mend.REFUND)
    [returned] = (await both.stripe.v1.refunds.list_async()).data
    provider.control(f"refunds/{returned.id}/fail", {})

    await both.compare(Mend.REFUND)

    refunds = (await both.stripe.v1.refunds.list_async()).data
    assert sorted((each.amount, each.status) for each in refunds) == [(700, "failed"), (700, "succeeded")]
    assert both.open() == []


async def test_money_that_is_held_without_an_intent_is_found_until_it_is_let_go(both: Books) -> None:
    held = {"amount": 500, "currency": "eur", "source": "tok_visa", "capture": False}
    marked = await both.stripe.v1.charges.create_async({**held, "metadata": both.marks()})  # type: ignore[typeddict-item]
    foreign = await both.stripe.v1.charges.create_async(held)  # type: ignore[arg-type]

    of_store = await both.compare(Mend.REFUND, store_id=both.place().store_id)
    of_all = await both.compare(Mend.REFUND)
    await both.stripe.v1.refunds.create_async({"charge": foreign.id})

    assert of_store.unmarked == ()
    assert both.mended() == [("ORPHAN_CHARGE", marked.id)]
    assert [(each.code, each.object_ref) for each in of_all.unmarked] == [("UNMARKED_CHARGE", foreign.id)]
    assert (await both.compare(Mend.LIST)).unmarked == ()


async def test_a_second_charge_of_one_payment_is_given_back(both: Books) -> None:
    payment = await both.paid(700)
    second = await both.intent(700, **both.marks(payment.payment_id))

    await both.compare(Mend.REFUND)

    assert both.mended() == [("SECOND_CHARGE", second.id)]
    refunds = (await both.stripe.v1.refunds.list_async()).data
    assert [(each.payment_intent, each.amount) for each in refunds] == [(second.id, 700)]
    assert (await both.ours(payment)).status is PaymentStatus.CAPTURED


async def test_a_refund_made_at_the_provider_is_taken_into_our_books(both: Books) -> None:
    payment = await both.paid(700)
    assert payment.provider_ref is not None
    refund = await both.stripe.v1.refunds.create_async({"payment_intent": payment.provider_ref, "amount": 200})

    await both.compare(Mend.LIST)
    assert both.open() == [("REFUND_THERE", refund.id)]

    await both.compare(Mend.RECORD)
    assert both.open() == []
    now = await both.ours(payment)
    assert (now.status, now.refunded_minor) == (PaymentStatus.PARTIALLY_REFUNDED, 200)
    assert both.rows("select amount_minor, status, provider_ref from refunds") == [(200, "SUCCEEDED", refund.id)]


async def refunded(both: Books, amount: int = 300) -> str:
    """A payment of which a part was given back by us, on both sides; the refund's reference."""
    payment = await both.paid(700)
    command = RefundRequest(
        store_id=payment.store_id, payment_id=payment.payment_id, amount_minor=amount, reason="cold"
    )
    await both.database.run(request_refund, command, by=system(payment.merchant_id))
    await both.desk.ask(payment.merchant_id, payment.store_id, payment.payment_id, first=True)
    [(ref,)] = both.rows("select provider_ref from refunds")
    return ref


async def test_a_refund_that_stands_otherwise_there_is_recorded(both: Books, provider: Sandbox) -> None:
    ref = await refunded(both)
    assert (await both.compare(Mend.LIST)).total.remaining == 0
    provider.control(f"refunds/{ref}/fail", {})

    await both.compare(Mend.RECORD)

    assert both.mended() == [("REFUND_STATE_DIFFERS", ref)]
    assert both.rows("select status from refunds") == [("FAILED",)]
    assert both.rows("select status, refunded_minor from payments") == [("CAPTURED", 0)]


async def test_a_refund_whose_answer_was_lost_is_recognised_by_our_id(both: Books) -> None:
    ref = await refunded(both)
    both.change("update refunds set status = 'PENDING', provider_ref = null")
    both.change("delete from payment_entries where kind = 'REFUNDED'")
    both.change("update payments set status = 'CAPTURED', refunded_minor = 0")

    await both.compare(Mend.RECORD)

    assert both.mended() == [("REFUND_STATE_DIFFERS", ref)]
    assert both.rows("select status, provider_ref from refunds") == [("SUCCEEDED", ref)]
    assert both.rows("select status, refunded_minor from payments") == [("PARTIALLY_REFUNDED", 300)]


async def test_a_dispute_that_nobody_told_us_of_is_recorded_and_followed(both: Books, provider: Sandbox) -> None:
    payment = await both.paid(700)
    assert payment.provider_ref is not None
    intent = await both.stripe.v1.payment_intents.retrieve_async(payment.provider_ref)
    dispute = provider.control(f"charges/{intent.latest_charge}/dispute", {})["id"]

    await both.compare(Mend.LIST)
    assert both.open() == [("DISPUTE_THERE", dispute)]
    await both.compare(Mend.RECORD)
    assert both.mended() == [("DISPUTE_THERE", dispute)]
    assert (await both.ours(payment)).status is PaymentStatus.DISPUTED

    provider.control(f"disputes/{dispute}/win", {})
    await both.compare(Mend.RECORD)
    assert both.mended() == [("DISPUTE_STATE_DIFFERS", dispute), ("DISPUTE_THERE", dispute)]
    assert (await both.ours(payment)).status is PaymentStatus.CAPTURED

    both.change("update disputes set provider_ref = 'dp_nobody'")
    await both.compare(Mend.LIST)
    assert both.open() == [("DISPUTE_HERE", "dp_nobody"), ("DISPUTE_THERE", dispute)]


async def test_what_a_bank_decides_long_after_the_window_is_followed(both: Books, provider: Sandbox) -> None:
    payment = await both.paid(700)
    assert payment.provider_ref is not None
    intent = await both.stripe.v1.payment_intents.retrieve_async(payment.provider_ref)
    dispute = provider.control(f"charges/{intent.latest_charge}/dispute", {})["id"]
    await both.compare(Mend.RECORD)
    provider.control(f"disputes/{dispute}/win", {})

    await both.compare(Mend.RECORD, since=utc_now() - timedelta(hours=20), until=utc_now() - timedelta(hours=19))

    assert (await both.ours(payment)).status is PaymentStatus.CAPTURED
    both.change("update disputes set amount_minor = 600")
    await both.compare(Mend.LIST)
    assert both.open() == [("DISPUTE_STATE_DIFFERS", dispute)]


async def test_a_hold_that_ran_out_there_is_recorded(both: Books, provider: Sandbox) -> None:
    both.change("update stores set capture_mode = 'MANUAL'")
    payment = await both.paid_there(700)
    await both.tell(payment)
    assert (await both.ours(payment)).status is PaymentStatus.AUTHORIZED
    assert (await both.compare(Mend.LIST)).total.remaining == 0
    provider.control(f"payment_intents/{payment.provider_ref}/expire", {})

    await both.compare(Mend.RECORD)

    assert both.mended() == [("STATE_DIFFERS", payment.provider_ref)]
    assert (await both.ours(payment)).status is PaymentStatus.VOIDED


async def test_money_for_a_payment_that_is_dead_here_goes_back(both: Books) -> None:
    payment = await both.paid_there(700)
    both.change("update payments set status = 'VOIDED'")

    await both.compare(Mend.RECORD)

    assert both.mended() == [("CAPTURED_THERE", payment.provider_ref)]
    refunds = (await both.stripe.v1.refunds.list_async()).data
    assert [(each.amount, each.status) for each in refunds] == [(700, "succeeded")]
    assert (await both.compare(Mend.LIST)).total.remaining == 0


async def test_money_that_was_never_ours_is_returned_again_when_nobody_told_us_that_it_did_not_arrive(
    both: Books, provider: Sandbox
) -> None:
    payment = await both.paid_there(700)
    both.change("update payments set status = 'VOIDED'")
    await both.compare(Mend.RECORD)
    [returned] = (await both.stripe.v1.refunds.list_async()).data
    provider.control(f"refunds/{returned.id}/fail", {})

    for _ in range(2):
        await both.compare(Mend.RECORD)

    assert both.open() == []
    refunds = (await both.stripe.v1.refunds.list_async()).data
    assert sorted((each.amount, each.status) for each in refunds) == [(700, "failed"), (700, "succeeded")]
    kinds = both.rows("select kind from payment_entries where payment_id = %s order by entry_no", payment.payment_id)
    assert kinds[-3:] == [("MISMATCH_RETURNED",), ("RETURN_FAILED",), ("MISMATCH_RETURNED",)]


async def test_refunds_that_only_we_know_or_with_another_amount_are_listed(both: Books) -> None:
    ref = await refunded(both)
    both.change("update refunds set amount_minor = 250")
    await both.compare(Mend.RECORD)
    assert both.open() == [("REFUND_AMOUNT_DIFFERS", ref)]

    both.change("update refunds set amount_minor = 300, provider_ref = 're_nobody'")
    await both.compare(Mend.LIST)
    assert both.open() == [("REFUND_HERE", "re_nobody"), ("REFUND_THERE", ref)]


async def test_what_differed_is_looked_at_again_outside_of_the_window(both: Books) -> None:
    payment = await both.paid_there(700)
    await both.compare(Mend.LIST)
    await both.tell(payment)

    await both.compare(Mend.LIST, until=utc_now() - timedelta(hours=20))

    assert both.open() == []
    assert both.mended() == [("CAPTURED_THERE", payment.provider_ref)]


async def test_a_refund_is_found_though_its_payment_lies_before_the_window(both: Books, provider: Sandbox) -> None:
    payment = await both.paid(700)
    assert payment.provider_ref is not None
    provider.control("clock", {"advance": 7200})  # for good: this is the last test of the file
    refund = await both.stripe.v1.refunds.create_async({"payment_intent": payment.provider_ref, "amount": 200})

    outcome = await both.compare(Mend.LIST, since=utc_now() + timedelta(hours=1))

    assert both.open() == [("REFUND_THERE", refund.id)]
    assert (outcome.total.there, outcome.total.here) == (0, 0)
