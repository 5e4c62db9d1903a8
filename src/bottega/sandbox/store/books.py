"""The ledger's rows: append only. What they mean and that they balance is ledger.py's concern."""

from dataclasses import dataclass

from bottega.sandbox.store import Doc, Store


@dataclass(frozen=True, slots=True)
class Movement:
    """What the entries of one movement share."""

    movement: str
    at: int
    kind: str
    source: str
    payment_intent: str
    merchant: str
    currency: str


def write(store: Store, about: Movement, entries: dict[str, int]) -> None:
    """One row an account."""
    for account, amount in entries.items():
        store.run(
            "INSERT INTO ledger (movement, at, kind, source, payment_intent, merchant, currency, account, amount)"
            " VALUES (?,?,?,?,?,?,?,?,?)",
            (about.movement, about.at, about.kind, about.source, about.payment_intent, about.merchant, about.currency,
             account, amount),
        )  # fmt: skip


def entries(store: Store, after: int, limit: int, intent: str = "") -> list[Doc]:
    """Entries in the order they were written, from after the given `seq`, of one intent if asked."""
    if intent:
        sql = "SELECT * FROM ledger WHERE payment_intent = ? AND seq > ? ORDER BY seq LIMIT ?"
        return store.dicts(sql, (intent, after, limit))
    return store.dicts("SELECT * FROM ledger WHERE seq > ? ORDER BY seq LIMIT ?", (after, limit))


def balances(store: Store) -> dict[str, dict[str, int]]:
    """Per currency and account; each currency sums to zero."""
    found: dict[str, dict[str, int]] = {}
    for currency, account, total in store.rows(
        "SELECT currency, account, sum(amount) FROM ledger GROUP BY currency, account ORDER BY currency, account"
    ):
        found.setdefault(currency, {})[account] = total
    return found


def owed(store: Store, merchant: str, settled: int) -> list[Doc]:
    """What a merchant has coming, by currency: `available` of movements up to the instant `settled`, the rest `pending`."""
    return store.dicts(
        """
SELECT currency, -sum(CASE WHEN at <= ? THEN amount ELSE 0 END) AS available,
  -sum(CASE WHEN at > ? THEN amount ELSE 0 END) AS pending
FROM ledger WHERE account = 'merchant' AND merchant = ? GROUP BY currency ORDER BY currency
""",
        (settled, settled, merchant),
    )


def totals(store: Store, after: str, limit: int) -> list[Doc]:
    """One row per payment intent that ever moved money, by id from after the given one."""
    return store.dicts(
        """
SELECT payment_intent, currency, merchant,
  sum(CASE WHEN kind = 'charge' AND account = 'card_network' THEN amount ELSE 0 END) AS captured,
  -sum(CASE WHEN kind IN ('refund', 'refund_failure') AND account = 'card_network' THEN amount ELSE 0 END) AS refunded,
  -sum(CASE WHEN kind = 'adjustment' AND account = 'card_network' THEN amount ELSE 0 END) AS disputed,
  sum(CASE WHEN account = 'holds_network' THEN amount ELSE 0 END) AS held,
  -sum(CASE WHEN account = 'fees' THEN amount ELSE 0 END) AS fees,
  max(seq) AS last_seq, count(DISTINCT CASE WHEN kind = 'charge' THEN source END) AS charges
FROM ledger WHERE payment_intent > ? GROUP BY payment_intent ORDER BY payment_intent LIMIT ?
""",
        (after, limit),
    )
