"""Disputes: the customer's bank takes the money back until the question is settled.

Opened by a test card or by hand; won or lost by the magic evidence of Stripe's test mode, or by hand. Funds withdrawn
and reinstated are events of their own.
"""

from bottega.sandbox import ledger
from bottega.sandbox.cards import card_of
from bottega.sandbox.desk import Desk, created, listing
from bottega.sandbox.events import emit
from bottega.sandbox.ids import new_id
from bottega.sandbox.params import Params
from bottega.sandbox.problems import Doc, conflict

OPEN = frozenset({"needs_response", "under_review", "warning_needs_response", "warning_under_review"})
ANSWER_SECONDS = 7 * 86_400


def open_for_card(desk: Desk, charge_id: str) -> None:
    """What the dispute test cards do after paying."""
    charge = desk.find("charge", charge_id)
    method = desk.store.get("payment_method", charge["payment_method"]) or {}
    reason = card_of(method["_number"]).dispute if "_number" in method else ""
    open_dispute(desk, charge_id, reason or "fraudulent")


def open_dispute(desk: Desk, charge_id: str, reason: str = "fraudulent") -> Doc:
    """The bank disputes what is left of the charge. Refused when nothing is left or it is disputed already."""
    charge = desk.find("charge", charge_id)
    amount = charge["amount_captured"] - charge["amount_refunded"]
    if charge["disputed"] or amount < 1:
        raise conflict(f"Charge {charge_id} can't be disputed.", "charge_disputed")
    dispute = created(
        desk, new_id("dp"), "dispute",
        amount=amount, balance_transaction=None, balance_transactions=[], charge=charge_id,
        currency=charge["currency"], enhanced_eligibility_types=[],
        evidence={"uncategorized_text": None}, evidence_details={
            "due_by": desk.now + ANSWER_SECONDS, "has_evidence": False, "past_due": False, "submission_count": 0,
            "enhanced_eligibility": {},
        },
        is_charge_refundable=False, metadata={}, network_reason_code="10.4", payment_intent=charge["payment_intent"],
        payment_method_details={"type": charge["payment_method_details"]["type"]}, reason=reason,
        status="needs_response",
    )  # fmt: skip
    _moved(dispute, ledger.withdrawn(desk, dispute))
    _save(desk, dispute)
    charge["disputed"] = True
    desk.save(charge, parent=charge["payment_intent"])
    emit(desk, "charge.dispute.created", dispute)
    emit(desk, "charge.dispute.funds_withdrawn", dispute)
    return dispute


def _moved(dispute: Doc, transaction: Doc) -> None:
    dispute["balance_transactions"].append(transaction)
    dispute["balance_transaction"] = transaction["id"]


def _save(desk: Desk, dispute: Doc) -> None:
    desk.save(dispute, parent=dispute["payment_intent"])


def settle(desk: Desk, name: str, won: bool) -> Doc:
    """The bank has decided."""
    dispute = desk.find("dispute", name)
    if dispute["status"] not in OPEN:
        raise conflict(f"Dispute {name} is already closed.", "dispute_already_closed")
    dispute["status"] = "won" if won else "lost"
    if won:
        _moved(dispute, ledger.reinstated(desk, dispute))
        charge = desk.find("charge", dispute["charge"])
        charge["disputed"] = False
        desk.save(charge, parent=charge["payment_intent"])
    _save(desk, dispute)
    emit(desk, "charge.dispute.closed", dispute)
    if won:
        emit(desk, "charge.dispute.funds_reinstated", dispute)
    return dispute


def close(desk: Desk, params: Params, name: str) -> Doc:
    """Give in: the dispute is lost."""
    return settle(desk, name, won=False)


def update(desk: Desk, params: Params, name: str) -> Doc:
    """Evidence; `winning_evidence` and `losing_evidence` as `uncategorized_text` decide it at once."""
    dispute = desk.find("dispute", name)
    if dispute["status"] not in OPEN:
        raise conflict(f"Dispute {name} is already closed.", "dispute_already_closed")
    dispute["metadata"] = params.metadata(dispute["metadata"])
    evidence = params.table("evidence")
    words = evidence.text("uncategorized_text", limit=150_000) if evidence else None
    if evidence:
        dispute["evidence"] |= evidence.tree
        dispute["evidence_details"]["has_evidence"] = True
    if evidence and params.flag("submit", default=True):
        dispute["evidence_details"]["submission_count"] += 1
        dispute["status"] = "under_review"
    _save(desk, dispute)
    emit(desk, "charge.dispute.updated", dispute)
    if words in ("winning_evidence", "losing_evidence"):
        return settle(desk, name, won=words == "winning_evidence")
    return dispute


def retrieve(desk: Desk, params: Params, name: str) -> Doc:
    """By id."""
    return desk.find("dispute", name)


def list_all(desk: Desk, params: Params) -> Doc:
    """Newest first, filtered by `payment_intent`, `charge` and `created`."""
    return listing(desk, "dispute", params, "/v1/disputes")
