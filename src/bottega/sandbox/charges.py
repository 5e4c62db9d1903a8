"""Charges: one per attempt to take money. Written by confirming, capturing and cancelling an intent; read by anybody.

Every change of a charge that moves money writes the ledger in the same breath.
"""

from bottega.sandbox import ledger
from bottega.sandbox.cards import Decline, card_of
from bottega.sandbox.desk import Desk, created, listing, subject_of
from bottega.sandbox.events import emit, snapshot
from bottega.sandbox.faults import Kind
from bottega.sandbox.ids import new_id
from bottega.sandbox.params import Params
from bottega.sandbox.problems import Doc, invalid

_HOLD_SECONDS = 7 * 86_400


def _blank(desk: Desk, intent: Doc, method: Doc) -> Doc:
    kind: str = method["type"]
    details = dict(method[kind])
    if kind == "card":
        details |= {"amount_authorized": intent["amount"], "authorization_code": "123456", "three_d_secure": None}
        details["network_transaction_id"] = new_id("net")[4:19]
    return created(
        desk, new_id("ch"), "charge",
        amount=intent["amount"], amount_captured=0, amount_refunded=0, application=None, application_fee=None,
        application_fee_amount=None, balance_transaction=None, billing_details=method["billing_details"],
        calculated_statement_descriptor="BOTTEGA SANDBOX", captured=False, currency=intent["currency"],
        customer=intent["customer"], description=intent["description"], disputed=False,
        failure_balance_transaction=None, failure_code=None, failure_message=None, fraud_details={},
        metadata=dict(intent["metadata"]), on_behalf_of=None, outcome=None, paid=True, payment_intent=intent["id"],
        payment_method=method["id"], payment_method_details={"type": kind, kind: details}, radar_options={},
        receipt_email=intent["receipt_email"], receipt_number=None, receipt_url=None, refunded=False, review=None,
        shipping=intent["shipping"], source=intent["source"], source_transfer=None,
        statement_descriptor=intent["statement_descriptor"],
        statement_descriptor_suffix=intent["statement_descriptor_suffix"], status="succeeded", transfer_data=None,
        transfer_group=intent["transfer_group"],
    )  # fmt: skip


def charge(desk: Desk, intent: Doc, method: Doc, capture: bool) -> Doc:
    """The bank says yes: the amount is taken, or held for seven days when `capture` is false."""
    made = _blank(desk, intent, method)
    made["outcome"] = {
        "network_status": "approved_by_network", "reason": None, **_risk(method), "seller_message": "Payment complete.",
        "type": "authorized",
    }  # fmt: skip
    if capture:
        made |= {"captured": True, "amount_captured": made["amount"]}
        made["balance_transaction"] = ledger.captured(desk, made, made["amount"])["id"]
    else:
        if method["type"] == "card":
            made["payment_method_details"]["card"]["capture_before"] = desk.now + _HOLD_SECONDS
        ledger.hold(desk, made, made["amount"])
    keep(desk, made)
    emit(desk, "charge.succeeded", made)
    return made


def pending(desk: Desk, intent: Doc, method: Doc) -> Doc:
    """A bank debit is on its way; nothing has moved yet."""
    made = _blank(desk, intent, method)
    made |= {"status": "pending", "paid": False}
    keep(desk, made)
    emit(desk, "charge.pending", made)
    return made


def arrived(desk: Desk, made: Doc) -> Doc:
    """The debit has come through."""
    made |= {"status": "succeeded", "paid": True, "captured": True, "amount_captured": made["amount"]}
    made["balance_transaction"] = ledger.captured(desk, made, made["amount"])["id"]
    keep(desk, made)
    emit(desk, "charge.succeeded", made)
    return made


def bounced(desk: Desk, made: Doc, decline: Decline) -> Doc:
    """The debit came back: nothing has moved."""
    made |= {"status": "failed", "failure_code": decline.code, "failure_message": decline.message}
    keep(desk, made)
    emit(desk, "charge.failed", made)
    return made


def failed(desk: Desk, intent: Doc, method: Doc, decline: Decline) -> Doc:
    """The bank says no: kept as a failed charge, nothing moves."""
    made = _blank(desk, intent, method)
    made |= {"status": "failed", "paid": False, "failure_code": decline.code, "failure_message": decline.message}
    made["outcome"] = {
        "network_status": "declined_by_network", "reason": decline.decline_code or decline.code, **_risk(method),
        "seller_message": "The bank declined the payment.", "type": "issuer_declined",
    }  # fmt: skip
    if made["outcome"]["risk_level"] == "highest":
        made["outcome"] |= {
            "network_status": "not_sent_to_network", "reason": "highest_risk_level", "type": "blocked",
            "seller_message": "The payment was blocked: its risk is too high.",
        }  # fmt: skip
    keep(desk, made)
    emit(desk, "charge.failed", made)
    return made


def _risk(method: Doc) -> Doc:
    level = card_of(method["_number"]).risk if "_number" in method else "normal"
    return {"risk_level": level, "risk_score": {"normal": 12, "elevated": 65, "highest": 92}[level]}


def capture(desk: Desk, name: str, amount: int) -> Doc:
    """Take `amount` of the held money and let go of the rest."""
    held = desk.find("charge", name)
    before = dict(held)
    ledger.hold(desk, held, -held["amount"], "hold_released")
    held |= {"captured": True, "amount_captured": amount}
    held["balance_transaction"] = ledger.captured(desk, held, amount)["id"]
    as_refund = amount < held["amount"] and _looks_refunded(desk, held, held["amount"] - amount)
    keep(desk, held)
    emit(desk, "charge.captured", held, snapshot(before, held))
    if as_refund:
        emit(desk, "charge.refunded", held, snapshot(before, held))
    return held


def void(desk: Desk, name: str, expired: bool) -> Doc:
    """Let go of the held money, because somebody cancelled or the time ran out."""
    held = desk.find("charge", name)
    ledger.hold(desk, held, -held["amount"], "hold_expired" if expired else "hold_voided")
    before = dict(held)
    held["_voided"] = True
    as_refund = _looks_refunded(desk, held, held["amount"])
    keep(desk, held)
    if expired:
        emit(desk, "charge.expired", held)
    elif as_refund:
        emit(desk, "charge.refunded", held, snapshot(before, held))
    return held


def _looks_refunded(desk: Desk, held: Doc, amount: int) -> bool:
    """Accounts older than API version 2025-03-31 see a released hold as a refund that moved no money."""
    if not desk.faults.draw(Kind.RELEASE_AS_REFUND, subject_of(held)):
        return False
    _show_refund(desk, held, amount, None)
    return True


def _show_refund(desk: Desk, held: Doc, amount: int, reason: str | None) -> Doc:
    held |= {"amount_refunded": amount, "refunded": amount == held["amount"], "_released": amount}
    shown = created(
        desk, new_id("re"), "refund",
        amount=amount, balance_transaction=None, charge=held["id"], currency=held["currency"],
        destination_details=None, failure_reason=None, metadata={}, payment_intent=held["payment_intent"],
        reason=reason, receipt_number=None, source_transfer_reversal=None, status="succeeded", transfer_reversal=None,
    )  # fmt: skip
    desk.save(shown, parent=subject_of(held))
    return shown


def let_go(desk: Desk, held: Doc, reason: str | None) -> Doc:
    """Release a hold that no intent cares for; the refund that shows it. Nothing of it may have been captured."""
    before = dict(held)
    ledger.hold(desk, held, -held["amount"], "hold_voided")
    held["_voided"] = True
    shown = _show_refund(desk, held, held["amount"], reason)
    keep(desk, held)
    emit(desk, "charge.refunded", held, snapshot(before, held))
    emit(desk, "refund.created", shown)
    return shown


def keep(desk: Desk, made: Doc) -> None:
    """Save a charge under the story it belongs to."""
    desk.save(made, parent=subject_of(made))


def refundable(charge: Doc) -> int:
    """What was captured and not given back yet."""
    return charge["amount_captured"] - charge["amount_refunded"] + charge.get("_released", 0)


def retrieve(desk: Desk, params: Params, name: str) -> Doc:
    """By id."""
    return desk.find("charge", name)


def update(desk: Desk, params: Params, name: str) -> Doc:
    """Description, metadata, receipt, shipping, transfer group; whether it was fraud; the customer of one without."""
    made = desk.find("charge", name)
    before = dict(made)
    if customer := params.text("customer"):
        if made["customer"] not in (None, customer):
            raise invalid("The charge has another customer already.", "customer")
        made["customer"] = desk.find("customer", customer, "customer")["id"]
    if "shipping" in params:
        made["shipping"] = params.plain("shipping")
    if fraud := params.table("fraud_details"):
        made["fraud_details"] = {"user_report": fraud.text("user_report", {"safe", "fraudulent"})}
    made["metadata"] = params.metadata(made["metadata"])
    for text in ("description", "receipt_email", "transfer_group"):
        if text in params:
            made[text] = params.text(text)
    keep(desk, made)
    emit(desk, "charge.updated", made, snapshot(before, made))
    return made


def list_all(desk: Desk, params: Params) -> Doc:
    """Newest first, filtered by `payment_intent`, `customer` and `created`."""
    return listing(desk, "charge", params, "/v1/charges")
