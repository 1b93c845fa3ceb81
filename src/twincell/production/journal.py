"""The journal: an append-only, hash-chained SQLite file of everything worth keeping.

Entry n holds sha256(hash of n-1, stamp, kind, subject, detail) over canonical JSON, so an altered,
removed or reordered entry breaks every hash after it.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from twincell.errors import ProductionError
from twincell.production.messages import Journalled

__all__ = ["GENESIS", "Entry", "Journal", "verify"]

GENESIS = "0" * 64
"""The hash before the first entry."""

_TABLE = """
CREATE TABLE IF NOT EXISTS journal (
    number INTEGER PRIMARY KEY,
    content TEXT NOT NULL,
    hash TEXT NOT NULL
) STRICT
"""


@dataclass(frozen=True)
class Entry:
    """One line with its number (from 1) and its hash."""

    number: int
    line: Journalled
    hash: str


def _content(line: Journalled) -> str:
    """Canonical JSON: sorted keys, no spaces, no NaN."""
    body = {
        "stamp": line.stamp,
        "kind": line.kind,
        "subject": line.subject,
        "detail": line.detail,
    }
    try:
        return json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ProductionError(
            f"journal: '{line.kind}' of '{line.subject}' cannot be kept: {error}; valid: numbers "
            "that are finite, strings, lists and dictionaries of them"
        ) from None


def _chain(previous: str, content: str) -> str:
    return hashlib.sha256(f"{previous}\n{content}".encode()).hexdigest()


class Journal:
    """Appends lines to a file; each is on the disk when `append` returns.

    Args:
        path: of the SQLite file; an existing one is verified and continued.

    Raises:
        ProductionError: the file is no journal, or it was altered.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._file = _open(self.path)
        try:
            # a commit then is one sequential write, and a killed process loses nothing committed
            self._file.execute("PRAGMA journal_mode=WAL")
            self._file.execute("PRAGMA synchronous=FULL")
            self._file.execute(_TABLE)
            self._file.commit()
        except sqlite3.DatabaseError as error:
            self._file.close()
            raise ProductionError(f"{self.path}: not a journal: {error}") from None
        self._last, self._count = GENESIS, 0
        try:
            for entry in _entries(self._file, self.path):
                self._last, self._count = entry.hash, entry.number
        except ProductionError:
            self._file.close()
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __len__(self) -> int:
        return self._count

    @property
    def head(self) -> str:
        """Hash of the last entry: whoever keeps it notices a cut-off end."""
        return self._last

    def append(self, line: Journalled) -> Entry:
        """Keep a line.

        Raises:
            ProductionError: its detail cannot be written as JSON.
        """
        content = _content(line)
        digest = _chain(self._last, content)
        number = self._count + 1
        with self._file:
            self._file.execute("INSERT INTO journal VALUES (?, ?, ?)", (number, content, digest))
        self._last, self._count = digest, number
        return Entry(number, line, digest)

    def replay(self, until: float = float("inf")) -> Iterator[Entry]:
        """Entries in order, up to a stamp [s], verified on the way.

        Raises:
            ProductionError: an entry was altered.
        """
        for entry in _entries(self._file, self.path):
            if entry.line.stamp <= until:
                yield entry

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def verify(path: str | Path) -> int:
    """Check every hash of a journal.

    Returns:
        The number of entries.

    Raises:
        ProductionError: no such file, no journal, or the number of the first entry that is wrong.
    """
    path = Path(path)
    if not path.is_file():
        raise ProductionError(f"no journal '{path}'")
    file = _open(path)
    try:
        return sum(1 for _ in _entries(file, path))
    finally:
        file.close()


def _open(path: Path) -> sqlite3.Connection:
    try:
        return sqlite3.connect(path)
    except sqlite3.Error as error:
        raise ProductionError(f"{path}: cannot be opened: {error}") from None


def _entries(file: sqlite3.Connection, path: Path) -> Iterator[Entry]:
    previous, expected = GENESIS, 1
    try:
        for number, content, digest in file.execute("SELECT * FROM journal ORDER BY number"):
            if number != expected:
                raise ProductionError(f"{path}: entry {expected} is missing")
            if _chain(previous, content) != digest:
                raise ProductionError(f"{path}: entry {number} was altered: its hash is wrong")
            yield Entry(number, _line(content), digest)
            previous, expected = digest, expected + 1
    except (sqlite3.DatabaseError, ValueError, KeyError, TypeError) as error:
        raise ProductionError(f"{path}: entry {expected} cannot be read: {error}") from None


def _line(content: str) -> Journalled:
    body: dict[str, Any] = json.loads(content)
    return Journalled(body["stamp"], body["kind"], body["subject"], body["detail"])
