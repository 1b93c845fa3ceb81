"""Reads flexible job-shop files (Brandimarte 1993) and job-shop files (Fisher and Thompson 1963).

A flexible file has a first line `jobs machines [mean number of machines an operation]`, then a line
a job: number of operations, and for each the number of its machines and pairs of machine and
duration. A job-shop file has a line a job of such pairs, with or without a first line `jobs
machines`. Machines are numbered from 1; where a 0 occurs, from 0.
"""

from __future__ import annotations

from pathlib import Path

from twincell.errors import ProductionError
from twincell.production.shop import Operation, Shop, ShopJob

__all__ = ["lines_of", "read_any", "read_job_shop", "read_shop", "whole"]

_LARGEST = 10**7
"""A duration above it is a fault: CP-SAT counts sums of them in 64 bits."""


def lines_of(path: Path) -> list[tuple[int, str]]:
    """Number and text of each line that is not empty.

    Raises:
        ProductionError: the file cannot be read, is not text, or is empty.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise ProductionError(f"{path}: cannot be read: {reason}") from None
    rows = [(n, line.strip()) for n, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not rows:
        raise ProductionError(f"{path}: empty; valid: a job-shop file")
    return rows


def whole(path: Path, line: int, text: str, what: str, low: int, high: int = _LARGEST) -> int:
    """A whole number within bounds.

    Raises:
        ProductionError: it is not; the message tells file, line, given and valid.
    """
    try:
        value = int(text)
    except ValueError:
        value = low - 1
    if not low <= value <= high:
        raise ProductionError(
            f"{path}:{line}: {what} '{text}'; valid: a whole number from {low} to {high}"
        )
    return value


def _header(path: Path, line: int, text: str) -> tuple[int, int]:
    words = text.split()
    if len(words) not in (2, 3):
        raise ProductionError(
            f"{path}:{line}: header '{text[:60]}'; valid: jobs machines [mean machines a step]"
        )
    jobs = whole(path, line, words[0], "number of jobs", 1)
    machines = whole(path, line, words[1], "number of machines", 1)
    if len(words) == 3:
        try:
            float(words[2])
        except ValueError:
            raise ProductionError(
                f"{path}:{line}: mean number of machines '{words[2]}'; valid: a number, or nothing"
            ) from None
    return jobs, machines


def read_shop(path: Path) -> Shop:
    """A flexible job-shop file.

    Raises:
        ProductionError: the file is not one; the message tells line, given and valid.
    """
    (first, header), *rows = lines_of(path)
    jobs, machines = _header(path, first, header)
    _count(path, rows, jobs)
    raw: list[tuple[int, list[list[tuple[int, int]]]]] = []
    for line, text in rows:
        words = iter(text.split())

        def take(
            what: str, low: int, high: int = _LARGEST, line: int = line, words: object = words
        ) -> int:
            word = next(words, None)  # type: ignore[call-overload]
            if word is None:
                raise ProductionError(
                    f"{path}:{line}: ends where the {what} should stand; is the file cut off?"
                )
            return whole(path, line, word, what, low, high)

        steps = []
        for _ in range(take("number of operations", 1)):
            options = take("number of machines of an operation", 1, machines)
            steps.append(
                [(take("machine", 0, machines), take("duration", 0)) for _ in range(options)]
            )
        rest = list(words)
        if rest:
            raise ProductionError(
                f"{path}:{line}: {len(rest)} numbers after the last operation: "
                f"'{' '.join(rest)[:40]}'; valid: none"
            )
        raw.append((line, steps))
    return _shop(path, machines, raw)


def read_job_shop(path: Path) -> Shop:
    """A job-shop file: one machine an operation.

    Raises:
        ProductionError: the file is not one; the message tells line, given and valid.
    """
    rows = lines_of(path)
    machines = None
    if len(rows[0][1].split()) == 2 and len(rows) > 1 and len(rows[1][1].split()) > 2:
        jobs, machines = _header(path, *rows[0])
        rows = rows[1:]
        _count(path, rows, jobs)
    if machines is None:
        machines = max(len(text.split()) // 2 for _, text in rows)
    raw: list[tuple[int, list[list[tuple[int, int]]]]] = []
    for line, text in rows:
        words = text.split()
        if len(words) % 2 or not words:
            raise ProductionError(
                f"{path}:{line}: {len(words)} numbers; valid: pairs of machine and duration"
            )
        raw.append(
            (
                line,
                [
                    [
                        (
                            whole(path, line, words[k], "machine", 0, machines),
                            whole(path, line, words[k + 1], "duration", 0),
                        )
                    ]
                    for k in range(0, len(words), 2)
                ],
            )
        )
    return _shop(path, machines, raw)


def read_any(path: Path) -> Shop:
    """A flexible file, or a job-shop file in which every job visits a machine once at most.

    Raises:
        ProductionError: the file is neither; the message is about the flexible format unless the
            first line has no header.
    """
    rows = lines_of(path)
    if len(rows[0][1].split()) > 3:
        return read_job_shop(path)
    try:
        return read_shop(path)
    except ProductionError:
        lengths = {len(text.split()) for _, text in rows[1:]}
        try:
            shop = read_job_shop(path)
        except ProductionError:
            shop = None
        if shop is None or lengths != {2 * shop.machines} or not all(map(_visits_once, shop.jobs)):
            raise
        return shop


def _visits_once(job: ShopJob) -> bool:
    machines = [o.modes[0][0] for o in job.operations]
    return len(set(machines)) == len(machines)


def _count(path: Path, rows: list[tuple[int, str]], jobs: int) -> None:
    if len(rows) != jobs:
        cut = "; is the file cut off?" if len(rows) < jobs else ""
        raise ProductionError(
            f"{path}: {len(rows)} lines of jobs, the header tells {jobs}; "
            f"valid: as many as it tells{cut}"
        )


def _shop(path: Path, machines: int, raw: list[tuple[int, list[list[tuple[int, int]]]]]) -> Shop:
    """Number machines from 0, whichever way the file does."""
    first = 0 if any(m == 0 for _, steps in raw for modes in steps for m, _ in modes) else 1
    jobs = []
    for number, (line, steps) in enumerate(raw, 1):
        for modes in steps:
            for machine, _ in modes:
                if machine - first >= machines:
                    raise ProductionError(
                        f"{path}:{line}: unknown machine {machine}; valid: {first} to "
                        f"{machines - 1 + first}, as the file numbers them from {first}"
                    )
            if len({m for m, _ in modes}) != len(modes):
                raise ProductionError(
                    f"{path}:{line}: an operation names a machine twice: "
                    f"{', '.join(str(m) for m, _ in modes)}; valid: each once"
                )
        operations = tuple(
            Operation(k, tuple((m - first, d) for m, d in modes)) for k, modes in enumerate(steps)
        )
        jobs.append(ShopJob(f"J{number}", operations))
    return Shop(machines, tuple(jobs))
