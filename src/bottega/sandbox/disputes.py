"""Disputes: the customer's bank takes the money back until the question is settled.

Opened by a test card or by hand; won or lost by the magic evidence of Stripe's test mode, or by hand. Funds withdrawn
and reinstated are events of their own. An inquiry (`warning_...`) only asks: no money moves unless it becomes a dispute.
"""

from bottega.sandbox import ledger
from bottega.sandbox.cards import card_of
from bottega.sandbox.charges import refundable
from bottega.sandbox.desk import Desk, created, listing, subject_of
from bottega.sandbox.events import emit
from bottega.sandbox.ids import new_id
from bottega.sandbox.params import Params
from bottega.sandbox.problems import Doc, conflict, invalid

INQUIRY = "inquiry"
OPEN = frozenset({"needs_response", "under_review", "warning_needs_response", "warning_under_review"})
CLOSED_WELL = frozenset({"won", "warning_closed"})
REASONS = frozenset({
    "bank_cannot_process", "check_returned", "credit_not_processed", "customer_initiated", "debit_not_authorized",
    "duplicate", "fraudulent", "general", "incorrect_account_details", "insufficient_funds", "product_not_received",
    "product_unacceptable", "subscription_canceled", "unrecognized",
})  # fmt: skip
EVIDENCE: tuple[str, ...] = (
    "access_activity_log", "billing_address", "cancellation_policy", "cancellation_policy_disclosure",
    "cancellation_rebuttal", "customer_communication", "customer_email_address", "customer_name",
    "customer_purchase_ip", "customer_signature", "duplicate_charge_documentation", "duplicate_charge_explanation",
    "duplicate_charge_id", "enhanced_evidence", "product_description", "receipt", "refund_policy",
    "refund_policy_disclosure", "refund_refusal_explanation", "service_date", "service_documentation",
    "shipping_address", "shipping_carrier", "shipping_date", "shipping_documentation", "shipping_tracking_number",
    "uncategorized_file", "uncategorized_text",
)  # fmt: skip
ANSWER_SECONDS = 7 * 86_400


def open_for_card(desk: Desk, charge_id: str) -> None:
    """What the dispute test cards do after paying."""
    charge = desk.find("charge", charge_id)
    method = desk.store.get("payment_method", charge["payment_method"]) or {}
    reason = card_of(method["_number"]).dispute if "_number" in method else method.get("_dispute", "")
    inquiry = reason == INQUIRY
    open_dispute(desk, charge_id, "fraudulent" if inquiry or not reason else reason, inquiry=inquiry)


def warn(desk: Desk, charge_id: str) -> None:
    """A bank tells that a charge was probably fraud; there is no dispute yet."""
    charge = desk.find("charge", charge_id)
    warning = created(
        desk, new_id("issfr"), "radar.early_fraud_warning",
        actionable=charge["amount_refunded"] == 0 and not charge["disputed"], charge=charge_id,
        fraud_type="made_with_stolen_card", payment_intent=charge["payment_intent"],
    )  # fmt: skip
    desk.save(warning, parent=subject_of(warning))
    emit(desk, "radar.early_fraud_warning.created", warning)


def retrieve_warning(desk: Desk, params: Params, name: str) -> Doc:
    """A bank's warning by id."""
    return desk.find("radar.early_fraud_warning", name)


def list_warnings(desk: Desk, params: Params) -> Doc:
    """Newest first, filtered by `charge`, `payment_intent` and `created`."""
    return listing(desk, "radar.early_fraud_warning", params, "/v1/radar/early_fraud_warnings")


def open_dispute(
    desk: Desk, charge_id: str, reason: str = "fraudulent", amount: int | None = None, *, inquiry: bool = False
) -> Doc:
    """The bank disputes what is left of the charge, or `amount` of it. Refused when it is disputed already."""
    charge = desk.find("charge", charge_id)
    left = refundable(charge)
    amount = left if amount is None else amount
    if reason not in REASONS:
        raise invalid(f"Invalid reason: must be one of {', '.join(sorted(REASONS))}", "reason")
    if charge["disputed"] or not 1 <= amount <= left:
        raise conflict(f"Charge {charge_id} can't be disputed.", "charge_disputed")
    dispute = created(
        desk, new_id("dp"), "dispute",
        amount=amount, balance_transaction=None, balance_transactions=[], charge=charge_id,
        currency=charge["currency"], enhanced_eligibility_types=[],
        evidence=dict.fromkeys(EVIDENCE), intended_submission_method=None, evidence_details={
            "due_by": desk.now + ANSWER_SECONDS, "has_evidence": False, "past_due": False, "submission_count": 0,
            "enhanced_eligibility": {},
        },
        is_charge_refundable=inquiry, metadata={}, network_reason_code="10.4", payment_intent=charge["payment_intent"],
        payment_method_details=_face(charge, inquiry), reason=reason,
        status="warning_needs_response" if inquiry else "needs_response",
    )  # fmt: skip
    if not inquiry:
        _moved(dispute, ledger.withdrawn(desk, dispute))
    _save(desk, dispute)
    charge["disputed"] = True
    desk.save(charge, parent=subject_of(charge))
    emit(desk, "charge.dispute.created", dispute)
    if not inquiry:
        emit(desk, "charge.dispute.funds_withdrawn", dispute)
    # The bank decides against whoever says nothing.
    desk.later("dispute_unanswered", dispute["id"], ANSWER_SECONDS)
    return dispute


def _face(charge: Doc, inquiry: bool) -> Doc:
    details = charge["payment_method_details"]
    if details["type"] != "card":
        return {"type": details["type"]}
    kind = "inquiry" if inquiry else "chargeback"
    return {
        "type": "card",
        "card": {"brand": details["card"]["brand"], "case_type": kind, "network_reason_code": "10.4"},
    }


def _moved(dispute: Doc, transaction: Doc) -> None:
    dispute["balance_transactions"].append(transaction)
    dispute["balance_transaction"] = transaction["id"]


def _save(desk: Desk, dispute: Doc) -> None:
    desk.save(dispute, parent=subject_of(dispute))


def _of(desk: Desk, charge: Doc) -> list[Doc]:
    if not charge["disputed"]:
        return []
    return [d for d in desk.store.children("dispute", subject_of(charge)) if d["charge"] == charge["id"]]


def blocks_refunds(desk: Desk, charge: Doc) -> bool:
    """A dispute that is open or lost has taken the money already; a won one or an inquiry hasn't."""
    return any(not d["is_charge_refundable"] and d["status"] not in CLOSED_WELL for d in _of(desk, charge))


def charge_refunded(desk: Desk, charge_id: str) -> None:
    """A full refund answers an inquiry."""
    charge = desk.find("charge", charge_id)
    for dispute in _of(desk, charge):
        if charge["refunded"] and dispute["status"].startswith("warning_") and dispute["status"] in OPEN:
            settle(desk, dispute["id"], won=True)


def settle(desk: Desk, name: str, won: bool) -> Doc:
    """The bank has decided. An inquiry ends without a winner."""
    dispute = desk.find("dispute", name)
    if dispute["status"] not in OPEN:
        raise conflict(f"Dispute {name} is already closed.", "dispute_already_closed")
    inquiry = dispute["status"].startswith("warning_")
    dispute["status"] = "warning_closed" if inquiry else "won" if won else "lost"
    back = won and not inquiry
    if back:
        _moved(dispute, ledger.reinstated(desk, dispute))
    dispute["is_charge_refundable"] = inquiry or won
    _save(desk, dispute)
    emit(desk, "charge.dispute.closed", dispute)
    if back:
        emit(desk, "charge.dispute.funds_reinstated", dispute)
    return dispute


def unanswered(desk: Desk, name: str) -> None:
    """The time to answer is over."""
    dispute = desk.find("dispute", name)
    if dispute["status"] in ("needs_response", "warning_needs_response"):
        dispute["evidence_details"]["past_due"] = True
        _save(desk, dispute)
        settle(desk, name, won=False)


def close(desk: Desk, params: Params, name: str) -> Doc:
    """Give in: the dispute is lost."""
    return settle(desk, name, won=False)


def update(desk: Desk, params: Params, name: str) -> Doc:
    """Evidence. As `uncategorized_text`, `winning_evidence` and `losing_evidence` decide it at once, and
    `escalate_inquiry_evidence` makes a dispute of an inquiry.
    """
    dispute = desk.find("dispute", name)
    if dispute["status"] not in OPEN:
        raise conflict(f"Dispute {name} is already closed.", "dispute_already_closed")
    dispute["metadata"] = params.metadata(dispute["metadata"])
    if method := params.text("intended_submission_method"):
        dispute["intended_submission_method"] = method
    evidence = params.table("evidence")
    words = evidence.text("uncategorized_text", limit=150_000) if evidence else None
    if evidence:
        dispute["evidence"] |= evidence.tree
        dispute["evidence_details"]["has_evidence"] = True
    if evidence and params.flag("submit", default=True):
        dispute["evidence_details"]["submission_count"] += 1
        dispute["status"] = "warning_under_review" if dispute["status"].startswith("warning_") else "under_review"
    _save(desk, dispute)
    emit(desk, "charge.dispute.updated", dispute)
    if words in ("winning_evidence", "losing_evidence"):
        return settle(desk, name, won=words == "winning_evidence")
    return escalate(desk, name) if words == "escalate_inquiry_evidence" else dispute


def escalate(desk: Desk, name: str) -> Doc:
    """The bank isn't content with the answer to its inquiry and takes the money. Nothing happens to a dispute."""
    dispute = desk.find("dispute", name)
    if dispute["status"] not in OPEN or not dispute["status"].startswith("warning_"):
        return dispute
    left = refundable(desk.find("charge", dispute["charge"]))
    dispute |= {"status": "needs_response", "is_charge_refundable": False, "amount": min(dispute["amount"], left)}
    dispute["evidence_details"]["due_by"] = desk.now + ANSWER_SECONDS
    _moved(dispute, ledger.withdrawn(desk, dispute))
    _save(desk, dispute)
    emit(desk, "charge.dispute.updated", dispute)
    emit(desk, "charge.dispute.funds_withdrawn", dispute)
    desk.later("dispute_unanswered", name, ANSWER_SECONDS)
    return dispute


def retrieve(desk: Desk, params: Params, name: str) -> Doc:
    """By id."""
    return desk.find("dispute", name)


def list_all(desk: Desk, params: Params) -> Doc:
    """Newest first, filtered by `payment_intent`, `charge` and `created`."""
    return listing(desk, "dispute", params, "/v1/disputes")
