"""Everything the sandbox remembers, in one SQLite file: objects as JSON documents, and a few tables beside them.

All SQL of the sandbox is in this package: documents here, the tables beside them in a file each. Documents keep their
private fields (a leading underscore) to themselves: `public` takes them out of whatever leaves the process. A
transaction is synchronous and never spans an await, so requests can't interleave inside one.
"""

import sqlite3
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, LiteralString

import msgspec

Doc = dict[str, Any]
Row = tuple[Any, ...]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, account TEXT NOT NULL,
  parent TEXT NOT NULL DEFAULT '', created INTEGER NOT NULL, body BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS objects_by_kind ON objects (kind, account, seq);
CREATE INDEX IF NOT EXISTS objects_by_time ON objects (kind, account, created, seq);
CREATE INDEX IF NOT EXISTS objects_by_parent ON objects (parent, kind, seq);
CREATE TABLE IF NOT EXISTS idempotency (
  account TEXT NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL, status INTEGER NOT NULL, body BLOB NOT NULL,
  request_id TEXT NOT NULL, created INTEGER NOT NULL, PRIMARY KEY (account, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ledger (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, movement TEXT NOT NULL, at INTEGER NOT NULL, kind TEXT NOT NULL,
  source TEXT NOT NULL, payment_intent TEXT NOT NULL, merchant TEXT NOT NULL, currency TEXT NOT NULL,
  account TEXT NOT NULL, amount INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS ledger_by_intent ON ledger (payment_intent);
CREATE TABLE IF NOT EXISTS deliveries (
  id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, type TEXT NOT NULL, subject TEXT NOT NULL,
  endpoint TEXT NOT NULL, lane TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
  next_at REAL NOT NULL, note TEXT NOT NULL DEFAULT '', answer TEXT NOT NULL DEFAULT '', created REAL NOT NULL,
  finished REAL);
CREATE INDEX IF NOT EXISTS deliveries_by_state ON deliveries (state, id);
CREATE INDEX IF NOT EXISTS deliveries_by_subject ON deliveries (subject, id);
CREATE TABLE IF NOT EXISTS jobs (
  id INTEGER PRIMARY KEY AUTOINCREMENT, due REAL NOT NULL, kind TEXT NOT NULL, target TEXT NOT NULL,
  account TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS jobs_by_due ON jobs (due);
CREATE TABLE IF NOT EXISTS mails (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, sender TEXT NOT NULL, recipients TEXT NOT NULL,
  raw BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


def public(doc: Doc) -> Doc:
    """The document as the world may see it."""
    return {key: value for key, value in doc.items() if not key.startswith("_")}


@dataclass(frozen=True, slots=True)
class Narrow:
    """Which documents a list is about: a kind, an account, bounds of `created`, and a parent if asked."""

    kind: str
    account: str
    created: tuple[int, int]
    parent: str = ""


class Store:
    """One connection to one file. `path` may be `:memory:`."""

    def __init__(self, path: str) -> None:
        """Opens the file and makes the tables that aren't there yet."""
        self.db = sqlite3.connect(path, isolation_level=None, cached_statements=256)
        # A crash of this process loses nothing; only a power cut may lose the last moments, which a sandbox may.
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=NORMAL")
        self.db.executescript(_SCHEMA)

    def close(self) -> None:
        """Write the log back and let go of the file."""
        self.db.close()

    @contextmanager
    def transaction(self) -> Generator[None]:
        """All or nothing. No await may happen inside."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")

    def rows(self, sql: LiteralString, args: Sequence[Any] = ()) -> list[Row]:
        """All rows of a reading statement."""
        return self.db.execute(sql, args).fetchall()

    def run(self, sql: LiteralString, args: Sequence[Any] = ()) -> int:
        """Run a writing statement; the id of the row it inserted."""
        return self.db.execute(sql, args).lastrowid or 0

    def dicts(self, sql: LiteralString, args: Sequence[Any] = ()) -> list[Doc]:
        """All rows by the names of their columns."""
        cursor = self.db.execute(sql, args)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def get(self, kind: str, name: str) -> Doc | None:
        """One document."""
        row = self.db.execute("SELECT body FROM objects WHERE id = ? AND kind = ?", (name, kind)).fetchone()
        return None if row is None else msgspec.json.decode(row[0])

    def account_of(self, name: str) -> str:
        """The account that owns a document, empty when there is no such document."""
        row = self.db.execute("SELECT account FROM objects WHERE id = ?", (name,)).fetchone()
        return row[0] if row else ""

    def put(self, doc: Doc, account: str, parent: str = "") -> None:
        """Insert or replace. The place in lists is that of the first insert."""
        self.db.execute(
            "INSERT INTO objects (id, kind, account, parent, created, body) VALUES (?,?,?,?,?,?)"
            " ON CONFLICT (id) DO UPDATE SET body = excluded.body, parent = excluded.parent",
            (doc["id"], doc["object"], account, parent, doc["created"], msgspec.json.encode(doc)),
        )

    def children(self, kind: str, parent: str) -> list[Doc]:
        """Documents under a parent, oldest first."""
        found = self.rows("SELECT body FROM objects WHERE parent = ? AND kind = ? ORDER BY seq", (parent, kind))
        return [msgspec.json.decode(row[0]) for row in found]

    def newest(self, kind: str, limit: int) -> list[Doc]:
        """The newest documents of a kind over all accounts, for the dashboard."""
        found = self.rows("SELECT body FROM objects WHERE kind = ? ORDER BY seq DESC LIMIT ?", (kind, limit))
        return [msgspec.json.decode(row[0]) for row in found]

    def page(self, narrow: Narrow, after: int, before: int, batch: int) -> list[tuple[int, Doc]]:
        """Newest first between two places (`before` and `after` are exclusive, 0 means open)."""
        about = (narrow.kind, narrow.account)
        # `created` never falls as `seq` grows, because the clock never runs backwards: bounds of time are bounds of seq.
        low, high = self._places(about, *narrow.created)
        low, high = max(low, before), min(high, after or (1 << 62))
        sql: LiteralString = "SELECT seq, body FROM objects WHERE kind=? AND account=? AND seq>? AND seq<?"
        args: tuple[Any, ...] = (*about, low, high)
        if narrow.parent:
            sql += " AND parent=?"
            args += (narrow.parent,)
        # Walking upwards: take the oldest of the newer ones, then show them newest first like every list.
        sql += " ORDER BY seq LIMIT ?" if before else " ORDER BY seq DESC LIMIT ?"
        return [(row[0], msgspec.json.decode(row[1])) for row in self.rows(sql, (*args, batch))]

    def _places(self, about: tuple[str, str], first: int, last: int) -> tuple[int, int]:
        """The places just outside of those created between the two times."""
        low, high = 0, 1 << 62
        if first > 0:
            sql = "SELECT seq FROM objects WHERE kind=? AND account=? AND created<? ORDER BY created DESC, seq DESC LIMIT 1"
            low = next((row[0] for row in self.rows(sql, (*about, first))), 0)
        if last < 1 << 62:
            sql = "SELECT seq FROM objects WHERE kind=? AND account=? AND created>? ORDER BY created, seq LIMIT 1"
            high = next((row[0] for row in self.rows(sql, (*about, last))), 1 << 62)
        return low, high

    def place(self, name: str) -> int:
        """A document's place in lists, 0 when there is none."""
        row = self.db.execute("SELECT seq FROM objects WHERE id = ?", (name,)).fetchone()
        return row[0] if row else 0

    def meta(self, key: str, default: str = "") -> str:
        """A remembered setting."""
        row = self.db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return row[0] if row else default

    def set_meta(self, key: str, value: str) -> None:
        """Remember a setting."""
        self.db.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (key, value))

    def wipe(self) -> None:
        """Forget everything that happened; settings stay."""
        self.db.execute("DELETE FROM objects")
        self.db.execute("DELETE FROM idempotency")
        self.db.execute("DELETE FROM ledger")
        self.db.execute("DELETE FROM deliveries")
        self.db.execute("DELETE FROM jobs")
        self.db.execute("DELETE FROM mails")

    def delete(self, name: str) -> None:
        """Forget one document."""
        self.db.execute("DELETE FROM objects WHERE id = ?", (name,))
