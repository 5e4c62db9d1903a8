"""The mails that were caught, as they came."""

from bottega.sandbox.store import Doc, Store


def add(store: Store, at: float, sender: str, recipients: str, raw: bytes) -> int:
    """Keep one; its number."""
    return store.run("INSERT INTO mails (at, sender, recipients, raw) VALUES (?,?,?,?)", (at, sender, recipients, raw))


def newest(store: Store, limit: int, recipient: str = "") -> list[Doc]:
    """Newest first, to one recipient if asked."""
    return store.dicts("SELECT * FROM mails WHERE instr(recipients, ?) ORDER BY id DESC LIMIT ?", (recipient, limit))


def get(store: Store, number: int) -> Doc | None:
    """One mail."""
    return next(iter(store.dicts("SELECT * FROM mails WHERE id = ?", (number,))), None)


def clear(store: Store) -> None:
    """Forget them all."""
    store.run("DELETE FROM mails")
