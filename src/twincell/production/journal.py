"""The journal: an append-only, hash-chained MCAP file of everything worth keeping.

Entry n is a message whose JSON holds sha256(hash of n-1, canonical JSON of the line). Every byte of
the file follows from its lines (MCAP records without chunks, stamps and numbers taken from the
line), so that whoever reads it can write it anew and compare: no byte can be altered unseen.

A process that is killed leaves a file without the closing records of MCAP, at worst with the
beginning of an entry that was never acknowledged; the next one cuts that off and goes on.
Format: https://mcap.dev/spec
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import math
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from mcap.data_stream import RecordBuilder
from mcap.opcode import Opcode
from mcap.records import Channel, DataEnd, Footer, Header, McapRecord, Message, Schema

from twincell.errors import ProductionError
from twincell.production.messages import Journalled

__all__ = ["GENESIS", "Entry", "Journal", "Verified", "check", "read_journal", "verify"]

GENESIS = "0" * 64
"""The hash before the first entry."""

_MAGIC = b"\x89MCAP0\r\n"
_FRAME, _FIXED = 9, 22
"""Bytes of opcode and length, and of a message ahead of its data."""
_SCHEMA = json.dumps(
    {
        "title": "twincell/Journalled",
        "type": "object",
        "properties": {
            "stamp": {"type": "number", "description": "simulation time [s]"},
            "kind": {"type": "string"},
            "subject": {"type": "string"},
            "detail": {"type": "object"},
            "hash": {"type": "string", "description": "sha256 over the one before and this line"},
        },
    },
    sort_keys=True,
).encode()


@dataclass(frozen=True)
class Entry:
    """One line with its number (from 1) and its hash."""

    number: int
    line: Journalled
    hash: str


@dataclass(frozen=True)
class Verified:
    """What a look at every byte of a journal gave.

    Attributes:
        entries: that are whole and in the chain.
        bad: number of the first that is not, None where all are.
        fault: what is wrong, empty where nothing is.
        closed: whether the file was ended in order.
        torn: bytes at the end of an entry that was never acknowledged.
    """

    entries: tuple[Entry, ...]
    bad: int | None = None
    fault: str = ""
    closed: bool = False
    torn: int = 0

    @property
    def head(self) -> str:
        """Hash of the last whole entry: whoever keeps it notices a cut-off end."""
        return self.entries[-1].hash if self.entries else GENESIS


class Journal:
    """Appends lines to a file; each is on the disk when `append` returns.

    Args:
        path: of the MCAP file; an existing one is verified and continued.

    Raises:
        ProductionError: the file is no journal, was altered, or another process writes it.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        try:
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise ProductionError(f"{path}: cannot be opened: {error.strerror}") from None
        try:
            self._resume()
        except BaseException:
            os.close(self._file)
            raise

    def _resume(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ProductionError(f"{self.path}: another process writes this journal") from None
        data = self.path.read_bytes()
        if _PROLOGUE.startswith(data):
            # new, or killed before the first entry
            data = b""
        found = _scan(data) if data else Verified(())
        if found.fault:
            raise ProductionError(f"{self.path}: {found.fault}")
        whole = _PROLOGUE + b"".join(_record(e.number, e.line, e.hash) for e in found.entries)
        os.ftruncate(self._file, min(len(whole), len(data)))
        os.lseek(self._file, 0, os.SEEK_END)
        if not data:
            self._write(_PROLOGUE)
            # a new name in a folder is on the disk when the folder is
            folder = os.open(self.path.parent, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)
        self._crc = zlib.crc32(whole)
        self._entries = list(found.entries)
        self._open = True

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
        return len(self._entries)

    @property
    def head(self) -> str:
        """Hash of the last entry: whoever keeps it notices a cut-off end."""
        return self._entries[-1].hash if self._entries else GENESIS

    def append(self, line: Journalled) -> Entry:
        """Keep a line.

        Raises:
            ProductionError: its detail cannot be written as JSON, or the disk is full; the journal
                is as it was.
        """
        content = _content(line)
        entry = Entry(len(self) + 1, _line(json.loads(content)), _chain(self.head, content))
        record = _record(entry.number, entry.line, entry.hash)
        self._write(record)
        self._crc = zlib.crc32(record, self._crc)
        self._entries.append(entry)
        return entry

    def replay(self, until: float = math.inf) -> Iterator[Entry]:
        """Entries in order, up to a stamp [s]."""
        return (e for e in tuple(self._entries) if e.line.stamp <= until)

    def close(self) -> None:
        """End the file in order, so that any MCAP reader takes it; it can be continued later."""
        if self._open:
            self._open = False
            self._write(_epilogue(self._crc))
            os.close(self._file)

    def _write(self, data: bytes) -> None:
        """All of it and on the disk, or none of it."""
        size = os.lseek(self._file, 0, os.SEEK_END)
        try:
            done = 0
            while done < len(data):
                done += os.write(self._file, data[done:])
            os.fsync(self._file)
        except OSError as error:
            os.ftruncate(self._file, size)
            raise ProductionError(f"{self.path}: cannot be written: {error.strerror}") from None


def check(path: str | Path) -> Verified:
    """Look at every byte of a journal; nothing is changed.

    Raises:
        ProductionError: there is no such file, or it cannot be read.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ProductionError(f"no journal '{path}': {error.strerror}") from None
    return _scan(data)


def read_journal(path: str | Path, until: float = math.inf) -> tuple[Entry, ...]:
    """Entries in order, up to a stamp [s].

    Raises:
        ProductionError: no such file, no journal, or the first entry that is wrong.
    """
    found = check(path)
    if found.fault:
        raise ProductionError(f"{path}: {found.fault}")
    return tuple(e for e in found.entries if e.line.stamp <= until)


def verify(path: str | Path) -> int:
    """Check every byte of a journal.

    Returns:
        The number of entries.

    Raises:
        ProductionError: no such file, no journal, or the number of the first entry that is wrong.
    """
    return len(read_journal(path))


def _scan(data: bytes) -> Verified:
    if not data.startswith(_PROLOGUE):
        if _PROLOGUE.startswith(data):
            # killed before the first entry
            return Verified((), torn=len(data))
        ours = b"twincell" in data[: len(_PROLOGUE)]
        kept = "it is a journal whose beginning was altered" if ours else "not a journal"
        return Verified((), 0, f"{kept}; valid: a file that twincell wrote")
    entries: list[Entry] = []
    at, head, crc = len(_PROLOGUE), GENESIS, zlib.crc32(_PROLOGUE)
    while at < len(data):
        number, left = len(entries) + 1, len(data) - at
        # both look at all that is left: only where it is the last of the file, or a fault
        if data[at] == Opcode.DATA_END and (end := _epilogue(crc)).startswith(data[at:]):
            closed = left == len(end)
            return Verified(tuple(entries), closed=closed, torn=0 if closed else left)
        size = _FRAME + int.from_bytes(data[at + 1 : at + _FRAME], "little")
        if left < _FRAME or size > left:
            if _torn(data[at:], number):
                return Verified(tuple(entries), torn=left)
            return Verified(tuple(entries), number, _altered(number, entries))
        record = data[at : at + size]
        entry = _entry(record, number, head)
        if isinstance(entry, str):
            return Verified(tuple(entries), number, entry)
        entries.append(entry)
        at, head, crc = at + size, entry.hash, zlib.crc32(record, crc)
    return Verified(tuple(entries))


def _altered(number: int, entries: list[Entry]) -> str:
    after = f", after {entries[-1].line.stamp:g} s" if entries else ""
    return f"entry {number} was altered{after}: it is not what was written"


def _entry(record: bytes, number: int, head: str) -> Entry | str:
    """The entry, or what is wrong with it."""
    wrong = f"entry {number} was altered"
    try:
        body = json.loads(record[_FRAME + _FIXED :])
        digest, line = body["hash"], _line(body)
        content = _content(line)
        if _record(number, line, str(digest)) != record:
            sequence = int.from_bytes(record[_FRAME + 2 : _FRAME + 6], "little")
            if sequence != number and _record(sequence, line, str(digest)) == record:
                return f"entry {number} is missing: entry {sequence} stands in its place"
            return f"{wrong}: it is not what was written"
    except (ArithmeticError, ValueError, KeyError, TypeError, AttributeError, RecursionError,
            ProductionError):  # fmt: skip
        return f"{wrong}: it cannot be read"
    if _chain(head, content) != digest:
        return f"{wrong}: its hash is wrong"
    return Entry(number, line, digest)


def _torn(rest: bytes, number: int) -> bool:
    """Whether this is the beginning of a message whose writer was killed, and nothing else.

    A canonical line has no control characters and is no whole JSON value before its last byte, so
    neither a record behind it nor a length that was altered passes for that.
    """
    size = rest[1:_FRAME]
    if rest[0] != Opcode.MESSAGE or any(size[4:]):
        return False
    body = rest[_FRAME:]
    fixed = b"\x01\x00" + number.to_bytes(4, "little")
    if body[:6] != fixed[: len(body)]:
        return False
    first, second = body[6:14], body[14:_FIXED]
    if not first.startswith(second):
        return False
    data = body[_FIXED:]
    if any(not 32 <= byte < 127 for byte in data) or data[:10] != b'{"detail":'[: len(data)]:
        return False
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return True
    return False


def _content(line: Journalled) -> str:
    """Canonical JSON: sorted keys, no spaces, ASCII, no NaN."""
    body = {
        "stamp": line.stamp,
        "kind": line.kind,
        "subject": line.subject,
        "detail": line.detail,
    }
    try:
        # twice: keys that are no strings become ones, and are sorted as such
        plain = json.loads(json.dumps(body, allow_nan=False))
        if not 0 <= line.stamp * 1e9 < 2**64:
            raise ValueError(f"stamp {line.stamp!r}")
        return _canonical(plain)
    except (TypeError, ValueError, RecursionError) as error:
        raise ProductionError(
            f"journal: '{line.kind}' of '{line.subject}' cannot be kept: {error}; valid: numbers "
            "that are finite, strings, lists and dictionaries of them, and a stamp from 0 on"
        ) from None


def _canonical(body: dict[str, Any]) -> str:
    return json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _chain(previous: str, content: str) -> str:
    return hashlib.sha256(f"{previous}\n{content}".encode()).hexdigest()


def _line(body: dict[str, Any]) -> Journalled:
    kinds = {"stamp": int | float, "kind": str, "subject": str, "detail": dict}
    if not all(isinstance(body[key], kind) for key, kind in kinds.items()):
        raise ValueError("not as the schema says")
    return Journalled(body["stamp"], body["kind"], body["subject"], body["detail"])


def _record(number: int, line: Journalled, digest: str) -> bytes:
    """The message of an entry, as it stands in the file."""
    body = {**json.loads(_content(line)), "hash": digest}
    stamp = round(line.stamp * 1e9)
    return _bytes(Message(1, stamp, _canonical(body).encode(), stamp, number))


def _bytes(*records: McapRecord) -> bytes:
    builder = RecordBuilder()
    for record in records:
        record.write(builder)
    made: bytes = builder.end()  # type: ignore[no-untyped-call]
    return made


_PROLOGUE = _MAGIC + _bytes(
    Header(profile="", library="twincell journal 1"),
    Schema(id=1, data=_SCHEMA, encoding="jsonschema", name="twincell/Journalled"),
    Channel(id=1, topic="/production/journal", message_encoding="json", metadata={}, schema_id=1),
)


def _epilogue(crc: int) -> bytes:
    """What ends a file of this checksum in order."""
    end = _bytes(DataEnd(crc))
    # the checksum covers the footer up to itself; without a summary it is left out
    return end + _bytes(Footer(0, 0, 0)) + _MAGIC
