"""The provider's own books: double entry, append only, and the balance transactions that Stripe shows of them.

Every movement is a set of entries that sum to zero; that is asserted when it is written. Accounts: `card_network`
(what the networks owe us), `merchant` (what we owe the merchant), `fees` (ours), and the memo pair `holds_network`,
`holds_merchant` for authorised amounts. Nothing here decides whether money may move.
"""

from bottega.sandbox.desk import Desk, created, listing, subject_of
from bottega.sandbox.ids import new_id
from bottega.sandbox.params import Params
from bottega.sandbox.store import Doc, Store, books

DISPUTE_FEE = 1500
SETTLES_AFTER = 2 * 86_400
"""Seconds of our clock until money that was taken is available to the merchant."""


def fee_of(amount: int) -> int:
    """1.5 % and 25 minor units, never more than the amount. Invented, but never zero, so that netting is exercised."""
    return min(amount, (amount * 15 + 500) // 1000 + 25)


def hold(desk: Desk, charge: Doc, amount: int, kind: str = "hold") -> None:
    """An amount is authorised (or, negative, released)."""
    _write(desk, kind, charge, {"holds_network": amount, "holds_merchant": -amount})


def captured(desk: Desk, charge: Doc, amount: int) -> Doc:
    """The merchant has sold something: gross in, fee out."""
    fee = fee_of(amount)
    entries = {"card_network": amount, "merchant": fee - amount, "fees": -fee}
    return _book(desk, "charge", charge, amount, fee, entries)


def refunded(desk: Desk, refund: Doc) -> Doc:
    """Money on its way back to the card."""
    amount = refund["amount"]
    return _book(desk, "refund", refund, -amount, 0, {"card_network": -amount, "merchant": amount})


def refund_failed(desk: Desk, refund: Doc) -> Doc:
    """It came back to us."""
    amount = refund["amount"]
    entries = {"card_network": amount, "merchant": -amount}
    return _book(desk, "refund_failure", refund, amount, 0, entries)


def withdrawn(desk: Desk, dispute: Doc) -> Doc:
    """The bank took the disputed amount, and we take a fee."""
    amount = dispute["amount"]
    entries = {"card_network": -amount, "merchant": amount + DISPUTE_FEE, "fees": -DISPUTE_FEE}
    return _book(desk, "adjustment", dispute, -amount, DISPUTE_FEE, entries)


def reinstated(desk: Desk, dispute: Doc) -> Doc:
    """The dispute was won: amount and fee come back."""
    amount = dispute["amount"]
    entries = {"card_network": amount, "merchant": -amount - DISPUTE_FEE, "fees": DISPUTE_FEE}
    return _book(desk, "adjustment", dispute, amount, -DISPUTE_FEE, entries)


def _book(desk: Desk, kind: str, doc: Doc, amount: int, fee: int, entries: dict[str, int]) -> Doc:
    _write(desk, kind, doc, entries)
    details = [{"amount": fee, "application": None, "currency": doc["currency"], "description": "Sandbox fee",
                "type": "stripe_fee"}] if fee else []  # fmt: skip
    transaction = created(
        desk,
        new_id("txn"),
        "balance_transaction",
        amount=amount,
        available_on=desk.now + SETTLES_AFTER,
        balance_type="payments",
        currency=doc["currency"],
        description=None,
        exchange_rate=None,
        fee=fee,
        fee_details=details,
        net=amount - fee,
        reporting_category="dispute" if kind == "adjustment" else kind,
        source=doc["id"],
        status="pending",
        type=kind,
    )
    desk.save(transaction, parent=subject_of(doc))
    return transaction


def _write(desk: Desk, kind: str, doc: Doc, entries: dict[str, int]) -> None:
    assert sum(entries.values()) == 0, f"entries of a movement must balance: {entries}"
    about = books.Movement(new_id("mov"), desk.now, kind, doc["id"], subject_of(doc), desk.account, doc["currency"])
    books.write(desk.store, about, entries)


def balance(desk: Desk, params: Params) -> Doc:
    """What we owe the merchant, by currency: available, and pending for the two days that a payment takes to settle."""
    owed = books.owed(desk.store, desk.account, desk.now - SETTLES_AFTER)

    def shown(part: str) -> list[Doc]:
        return [{"amount": row[part], "currency": row["currency"], "source_types": {"card": row[part]}} for row in owed]

    return {"object": "balance", "available": shown("available"), "livemode": False, "pending": shown("pending")}


def retrieve(desk: Desk, params: Params, name: str) -> Doc:
    """A balance transaction."""
    return _aged(desk, desk.find("balance_transaction", name))


def _aged(desk: Desk, transaction: Doc) -> Doc:
    """It becomes available by time alone."""
    return transaction | ({"status": "available"} if transaction["available_on"] <= desk.now else {})


def list_all(desk: Desk, params: Params) -> Doc:
    """Newest first, filtered by `type`, `currency`, `source` and `created`."""
    found = listing(desk, "balance_transaction", params, "/v1/balance_transactions")
    found["data"] = [_aged(desk, transaction) for transaction in found["data"]]
    return found


def totals(store: Store, after: str, limit: int) -> list[Doc]:
    """One row per payment that ever moved money, by its intent or else its charge: captured, refunded, disputed, held, fees.

    Amounts are in the minor unit. With it what the intent says of itself: status, amount, metadata, created.
    """
    rows = books.totals(store, after, limit)
    for row in rows:
        name = row["payment_intent"]
        paid = store.get("payment_intent", name) or store.get("charge", name) or {}
        row["status"], row["metadata"] = paid.get("status"), paid.get("metadata", {})
        row["amount"], row["created"] = paid.get("amount"), paid.get("created")
    return rows
