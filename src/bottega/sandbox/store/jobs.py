"""What is to happen at a time: a kind, a target, an account."""

from bottega.sandbox.store import Row, Store


def add(store: Store, due: float, kind: str, target: str, account: str) -> None:
    """Remember a job."""
    store.run("INSERT INTO jobs (due, kind, target, account) VALUES (?,?,?,?)", (due, kind, target, account))


def due(store: Store, now: float) -> list[Row]:
    """Number, kind, target and account of the jobs whose time has come."""
    return store.rows("SELECT id, kind, target, account FROM jobs WHERE due <= ? ORDER BY due, id LIMIT 200", (now,))


def done(store: Store, number: int) -> None:
    """Forget a job."""
    store.run("DELETE FROM jobs WHERE id = ?", (number,))
