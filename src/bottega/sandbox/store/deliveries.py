"""Deliveries of events to endpoints: one row each, from queued to delivered, dropped or given up."""

from dataclasses import dataclass

from bottega.sandbox.store import Doc, Store


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """What is to be sent where, when, and in which lane (empty: one of its own)."""

    event: str
    type: str
    subject: str
    endpoint: str
    at: float
    lane: str = ""
    state: str = "PENDING"
    note: str = ""


def add(store: Store, new: NewDelivery, now: float) -> int:
    """Queue one; its number."""
    return store.run(
        "INSERT INTO deliveries (event, type, subject, endpoint, lane, state, next_at, note, created)"
        " VALUES (?,?,?,?,?,?,?,?,?)",
        (new.event, new.type, new.subject, new.endpoint, new.lane, new.state, new.at, new.note, now),
    )


def get(store: Store, number: int) -> Doc | None:
    """One delivery."""
    return next(iter(store.dicts("SELECT * FROM deliveries WHERE id = ?", (number,))), None)


def pending(store: Store) -> list[int]:
    """Those that wait to be sent, in the order they were queued."""
    return [row[0] for row in store.rows("SELECT id FROM deliveries WHERE state = 'PENDING' ORDER BY id")]


def finish(store: Store, number: int, state: str, attempts: int, tail: tuple[str, float]) -> None:
    """It is over, unless somebody took it out of the queue meanwhile. `tail` is the answer and when."""
    store.run(
        "UPDATE deliveries SET state = ?, attempts = ?, answer = ?, finished = ? WHERE id = ? AND state = 'PENDING'",
        (state, attempts, *tail, number),
    )


def retry(store: Store, number: int, attempts: int, tail: tuple[str, float]) -> None:
    """It failed; `tail` is the answer and when to try again."""
    store.run("UPDATE deliveries SET attempts = ?, answer = ?, next_at = ? WHERE id = ?", (attempts, *tail, number))


def move(store: Store, number: int, state: str, at: float) -> None:
    """By hand into another state. It leaves its lane: those behind it may have gone already."""
    store.run(
        "UPDATE deliveries SET state = ?, lane = '', next_at = ?, attempts = 0, finished = NULL WHERE id = ?",
        (state, at, number),
    )


def release(store: Store, at: float) -> list[int]:
    """Every held one may go, in order again; their numbers."""
    held = [row[0] for row in store.rows("SELECT id FROM deliveries WHERE state = 'HELD' ORDER BY id")]
    store.run("UPDATE deliveries SET state = 'PENDING', lane = subject, next_at = ? WHERE state = 'HELD'", (at,))
    return held


def counts(store: Store) -> dict[str, int]:
    """How many are in each state."""
    return dict(store.rows("SELECT state, count(*) FROM deliveries GROUP BY state"))


def undelivered(store: Store, subject: str, event: str) -> int:
    """How many endpoints haven't had an event yet (forged copies don't count)."""
    found = store.rows(
        "SELECT count(DISTINCT endpoint) - count(DISTINCT CASE WHEN state = 'DELIVERED' THEN endpoint END)"
        " FROM deliveries WHERE subject = ? AND event = ? AND note NOT LIKE 'forged%'",
        (subject, event),
    )
    return found[0][0]


def newest(store: Store, limit: int, state: str = "", subject: str = "") -> list[Doc]:
    """Newest first, of one state or about one subject if asked."""
    return store.dicts(
        "SELECT id, event, type, subject, endpoint, state, attempts, next_at, note, answer, created, finished"
        " FROM deliveries WHERE (?1 = '' OR state = ?1) AND (?2 = '' OR subject = ?2) ORDER BY id DESC LIMIT ?3",
        (state, subject, limit),
    )
