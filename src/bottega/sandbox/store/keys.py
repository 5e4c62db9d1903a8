"""The stored answers of idempotency keys."""

from bottega.sandbox.store import Row, Store


def find(store: Store, account: str, key: str) -> Row | None:
    """Fingerprint, status, body, request id and time of the first call."""
    found = store.rows(
        "SELECT fingerprint, status, body, request_id, created FROM idempotency WHERE account = ? AND key = ?",
        (account, key),
    )
    return found[0] if found else None


def keep(store: Store, row: Row) -> None:
    """Account, key, fingerprint, status, body, request id, time."""
    store.run(
        "INSERT OR REPLACE INTO idempotency (account, key, fingerprint, status, body, request_id, created)"
        " VALUES (?,?,?,?,?,?,?)",
        row,
    )
