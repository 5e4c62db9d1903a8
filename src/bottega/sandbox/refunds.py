"""Refunds: money back, wholly or in parts, never more than was captured. They may fail days later.

A pending refund already counts against what is left; a failed or cancelled one gives its amount back.
"""

from bottega.sandbox import disputes, ledger
from bottega.sandbox.cards import card_of
from bottega.sandbox.charges import let_go, refundable
from bottega.sandbox.debits import DEBITS
from bottega.sandbox.desk import Desk, created, listing, subject_of
from bottega.sandbox.events import emit, snapshot
from bottega.sandbox.faults import Kind
from bottega.sandbox.ids import new_id
from bottega.sandbox.params import Params
from bottega.sandbox.problems import Doc, conflict, invalid, not_found

REASONS = frozenset({"duplicate", "fraudulent", "requested_by_customer"})
SETTLE_SECONDS = 3.0


def create(desk: Desk, params: Params) -> Doc:
    """Refund a charge or an intent, wholly unless `amount` (minor units) says less."""
    charge = _charge_of(desk, params)
    amount, reason = params.integer("amount"), params.text("reason", REASONS)
    if amount is not None and amount < 1:
        raise invalid("Invalid positive integer", "amount", "parameter_invalid_integer")
    left = refundable(charge)
    if not charge["captured"]:
        if charge["payment_intent"] is None and charge["paid"] and not charge.get("_voided"):
            return _release(desk, charge, params, (amount, reason))
        if charge["refunded"]:
            raise conflict(f"Charge {charge['id']} has already been refunded.", "charge_already_refunded")
        raise conflict(f"Charge {charge['id']} has not been captured.", "charge_not_captured")
    if disputes.blocks_refunds(desk, charge):
        raise conflict(f"Charge {charge['id']} has been charged back; cannot issue a refund.", "charge_disputed")
    if left == 0:
        raise conflict(f"Charge {charge['id']} has already been refunded.", "charge_already_refunded")
    amount = left if amount is None else amount
    if amount > left:
        message = f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})."
        raise conflict(message, "amount_too_large", "amount")
    status, fails = _fate(desk, charge)
    refund = created(
        desk, new_id("re"), "refund",
        amount=amount, balance_transaction=None, charge=charge["id"], currency=charge["currency"],
        destination_details=_destination(charge["payment_method_details"]["type"]), failure_reason=None,
        metadata=params.metadata(), payment_intent=charge["payment_intent"], reason=reason, receipt_number=None,
        source_transfer_reversal=None, status=status, transfer_reversal=None,
    )  # fmt: skip
    refund["balance_transaction"] = ledger.refunded(desk, refund)["id"]
    _save(desk, refund)
    _count(desk, charge["id"], amount)
    emit(desk, "refund.created", refund)
    disputes.charge_refunded(desk, charge["id"])
    if status == "pending":
        desk.later("settle_refund", refund["id"], fails or SETTLE_SECONDS)
    elif fails:
        desk.later("fail_refund", refund["id"], fails)
    return refund


def _destination(kind: str) -> Doc:
    if kind != "card":
        kind = {"us_bank_account": "us_bank_transfer", "sepa_debit": "eu_bank_transfer",
                "bacs_debit": "gb_bank_transfer"}.get(kind, kind)  # fmt: skip
        return {kind: {}, "type": kind}
    return {"card": {"type": "refund", "reference": None, "reference_status": "pending",
                     "reference_type": "acquirer_reference_number"}, "type": "card"}  # fmt: skip


def _release(desk: Desk, charge: Doc, params: Params, asked: tuple[int | None, str | None]) -> Doc:
    """Refunding a hold lets go of it, all of it."""
    amount, reason = asked
    if amount not in (None, charge["amount"]):
        message = "You cannot partially refund an uncaptured charge. Capture a part of it instead."
        raise conflict(message, "charge_not_captured", "amount")
    refund = let_go(desk, charge, reason)
    refund["metadata"] = params.metadata()
    _save(desk, refund)
    return refund


def _fate(desk: Desk, charge: Doc) -> tuple[str, float]:
    """Its first status, and after how many seconds it changes (0: it doesn't)."""
    method = desk.store.get("payment_method", charge["payment_method"]) or {}
    behaviour = card_of(method["_number"]).refund if "_number" in method else "succeeded"
    if rule := desk.faults.draw(Kind.REFUND_FAILS_LATER, subject_of(charge)):
        return "succeeded", rule.seconds or 0.001
    if rule := desk.faults.draw(Kind.REFUND_PENDING, subject_of(charge)):
        return "pending", rule.seconds
    if charge["payment_method_details"]["type"] in DEBITS:
        return "pending", SETTLE_SECONDS
    if behaviour == "failed":
        return "succeeded", SETTLE_SECONDS
    return behaviour, 0.0


def _charge_of(desk: Desk, params: Params) -> Doc:
    intent, charge = params.text("payment_intent"), params.text("charge")
    if charge is not None:
        return desk.find("charge", charge, "charge")
    if intent is None:
        raise invalid("One of the following params should be provided: payment_intent or charge.")
    paid = desk.find("payment_intent", intent, "payment_intent")
    if not paid["latest_charge"] or paid["status"] not in ("succeeded", "requires_capture"):
        raise conflict(
            f"This PaymentIntent ({intent}) does not have a successful charge to refund.",
            "payment_intent_unexpected_state", "payment_intent",
        )  # fmt: skip
    return desk.find("charge", paid["latest_charge"])


def _save(desk: Desk, refund: Doc) -> None:
    desk.save(refund, parent=subject_of(refund))


def _count(desk: Desk, charge_id: str, amount: int) -> None:
    """`amount` more of the charge is refunded (less, when negative)."""
    charge = desk.find("charge", charge_id)
    before = dict(charge)
    charge["amount_refunded"] += amount
    left = refundable(charge)
    charge["refunded"] = left == 0
    assert 0 <= left <= charge["amount_captured"], f"{charge_id}: refunds exceed the capture"
    desk.save(charge, parent=subject_of(charge))
    emit(desk, "charge.refunded" if amount > 0 else "charge.updated", charge, snapshot(before, charge))


def settle(desk: Desk, name: str) -> Doc | None:
    """A pending refund has arrived on the card."""
    refund = desk.find("refund", name)
    if refund["status"] != "pending":
        return None
    refund["status"] = "succeeded"
    _save(desk, refund)
    _tell(desk, refund, {"status": "pending"})
    return refund


def _tell(desk: Desk, refund: Doc, previous: Doc) -> None:
    """A refund changed. Stripe tells it twice, under an old name and a new one."""
    emit(desk, "refund.updated", refund, previous)
    emit(desk, "charge.refund.updated", refund, previous)


def fail(desk: Desk, name: str, reason: str = "lost_or_stolen_card") -> Doc | None:
    """The card's bank sent it back, be it long after it succeeded."""
    refund = desk.find("refund", name)
    if refund["status"] not in ("pending", "succeeded") or refund["balance_transaction"] is None:
        return None
    previous = {"status": refund["status"]}
    refund |= {"status": "failed", "failure_reason": reason}
    refund["failure_balance_transaction"] = ledger.refund_failed(desk, refund)["id"]
    _save(desk, refund)
    _count(desk, refund["charge"], -refund["amount"])
    emit(desk, "refund.failed", refund)
    _tell(desk, refund, previous)
    return refund


def cancel(desk: Desk, params: Params, name: str) -> Doc:
    """Only while it is pending."""
    refund = desk.find("refund", name)
    if refund["status"] != "pending":
        raise conflict(f"Refund {name} has a status of {refund['status']} and cannot be canceled.", None)
    refund["status"] = "canceled"
    refund["failure_balance_transaction"] = ledger.refund_failed(desk, refund)["id"]
    _save(desk, refund)
    _count(desk, refund["charge"], -refund["amount"])
    _tell(desk, refund, {"status": "pending"})
    return refund


def retrieve(desk: Desk, params: Params, name: str) -> Doc:
    """By id."""
    return desk.find("refund", name)


def update(desk: Desk, params: Params, name: str) -> Doc:
    """Metadata only."""
    refund = desk.find("refund", name)
    before = dict(refund)
    refund["metadata"] = params.metadata(refund["metadata"])
    _save(desk, refund)
    _tell(desk, refund, snapshot(before, refund))
    return refund


def list_of_charge(desk: Desk, params: Params, charge: str) -> Doc:
    """Those of one charge, newest first."""
    desk.find("charge", charge)
    return listing(desk, "refund", Params({**params.tree, "charge": charge}), f"/v1/charges/{charge}/refunds")


def retrieve_of_charge(desk: Desk, params: Params, charge: str, name: str) -> Doc:
    """One, if it is of this charge."""
    refund = desk.find("refund", name)
    if refund["charge"] != charge:
        raise not_found("refund", name)
    return refund


def list_all(desk: Desk, params: Params) -> Doc:
    """Newest first, filtered by `payment_intent`, `charge` and `created`."""
    return listing(desk, "refund", params, "/v1/refunds")
