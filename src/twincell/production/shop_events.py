"""Reads event files of the dynamic job shop (Benchmark-instances-for-DJSP, type codes 0 to 3).

A first line of titles, then `name time type details`; a line without a name continues the details.
Type 0: `M5 106`, the machine fails for as long as told. 1: `M6 66 M3 32 ...`, a job arrives. 2:
`J24 70`, job 2 takes 70 on machine 4. 3: `J4;J3;`, what is left of those jobs is cancelled.
Machines and jobs are numbered from 1; arrivals go on from the shop's last job.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from twincell.errors import ProductionError
from twincell.production.shop import Operation, Shop, ShopJob
from twincell.production.shop_files import lines_of, whole

__all__ = ["ShopEvent", "read_events"]

_HEAD = re.compile(r"^(D\S*)\s+(\S+)\s+(\S+)\s+(.*)$")


@dataclass(frozen=True)
class ShopEvent:
    """What happens at once.

    Attributes:
        name: in the file.
        time: of it.
        down: length of a failure, by machine.
        arrivals: jobs that are new.
        durations: new ones, by job and machine.
        cancelled: jobs of which the rest is not wanted.
    """

    name: str
    time: int
    down: tuple[tuple[int, int], ...] = ()
    arrivals: tuple[ShopJob, ...] = ()
    durations: tuple[tuple[str, int, int], ...] = ()
    cancelled: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """What happens, for a table."""
        said = [f"M{m + 1} down for {t}" for m, t in self.down]
        if self.arrivals:
            said.append(f"{len(self.arrivals)} jobs arrive")
        if self.durations:
            said.append(f"{len(self.durations)} durations change")
        if self.cancelled:
            said.append(f"{', '.join(self.cancelled)} cancelled")
        return ", ".join(said)


def read_events(path: Path, shop: Shop) -> tuple[ShopEvent, ...]:
    """The events in the sequence of the file.

    Raises:
        ProductionError: the file is not one, or does not fit the shop; the message tells line,
            given and valid.
    """
    rows = lines_of(path)
    if rows[0][1].split()[:2] != ["Dynamic", "events"]:
        raise ProductionError(
            f"{path}:{rows[0][0]}: '{rows[0][1][:40]}'; valid: the titles 'Dynamic events ...'"
        )
    blocks: list[tuple[int, str, str, str, list[tuple[int, str]]]] = []
    for line, text in rows[1:]:
        head = _HEAD.match(text)
        if head:
            blocks.append((line, head[1], head[2], head[3], [(line, head[4])]))
        elif blocks and text[0] in "MJ":
            blocks[-1][4].append((line, text))
        else:
            raise ProductionError(
                f"{path}:{line}: '{text[:40]}'; valid: an event 'D1 time type details'; "
                "is the file cut off?"
            )
    if not blocks:
        raise ProductionError(f"{path}: no event; valid: at least one line 'D1 time type details'")
    events: list[ShopEvent] = []
    count, clock = len(shop.jobs), 0
    visits = {j.name: _visits(j) for j in shop.jobs}
    for line, name, stamp, kind, details in blocks:
        time = whole(path, line, stamp, "time (never before the event above)", clock)
        code = whole(path, line, kind, "event type", 0, 3)
        clock = time
        if code == 0:
            downs = [_down(path, n, t, shop) for n, t in details]
            events.append(ShopEvent(name, time, down=tuple(downs)))
        elif code == 1:
            jobs = []
            for n, text in details:
                count += 1
                jobs.append(_arrival(path, n, text, shop, f"J{count}", time))
                visits[f"J{count}"] = _visits(jobs[-1])
            events.append(ShopEvent(name, time, arrivals=tuple(jobs)))
        elif code == 2:
            changes = [c for n, t in details for c in _changes(path, n, t, shop, count, visits)]
            events.append(ShopEvent(name, time, durations=tuple(changes)))
        else:
            names = []
            for n, text in details:
                words = text.replace(";", " ").split()
                names += [f"J{_number(path, n, word, 'J', count)}" for word in words]
            events.append(ShopEvent(name, time, cancelled=tuple(dict.fromkeys(names))))
    return tuple(events)


def _number(path: Path, line: int, word: str, letter: str, highest: int) -> int:
    digits = word[1:] if word[:1] == letter else ""
    if not digits.isdecimal() or not 1 <= int(digits) <= highest:
        what = "machine" if letter == "M" else "job"
        raise ProductionError(
            f"{path}:{line}: unknown {what} '{word}'; valid: {letter}1 to {letter}{highest}"
        )
    return int(digits)


def _pairs(path: Path, line: int, text: str) -> list[tuple[str, str]]:
    words = text.replace(";", " ").split()
    if len(words) % 2 or not words:
        raise ProductionError(
            f"{path}:{line}: '{text[:50]}': {len(words)} words; valid: pairs as 'M5 106'; "
            "is the file cut off?"
        )
    return list(zip(words[::2], words[1::2], strict=True))


def _down(path: Path, line: int, text: str, shop: Shop) -> tuple[int, int]:
    pairs = _pairs(path, line, text)
    if len(pairs) != 1:
        raise ProductionError(f"{path}:{line}: '{text[:50]}'; valid: one machine and its time")
    machine = _number(path, line, pairs[0][0], "M", shop.machines) - 1
    return machine, whole(path, line, pairs[0][1], "length of the failure", 0)


def _arrival(path: Path, line: int, text: str, shop: Shop, name: str, time: int) -> ShopJob:
    if not text.rstrip().endswith(";"):
        raise ProductionError(
            f"{path}:{line}: a job without its closing ';': '{text[-30:]}'; is the file cut off?"
        )
    steps = []
    for k, (machine, duration) in enumerate(_pairs(path, line, text)):
        number = _number(path, line, machine, "M", shop.machines) - 1
        steps.append(Operation(k, ((number, whole(path, line, duration, "duration", 0)),)))
    return ShopJob(name, tuple(steps), time)


def _visits(job: ShopJob) -> set[int]:
    """Machines of a job, numbered from 0."""
    return {machine for op in job.operations for machine, _ in op.modes}


def _changes(
    path: Path, line: int, text: str, shop: Shop, jobs: int, visits: Mapping[str, set[int]]
) -> list[tuple[str, int, int]]:
    """Job and machine stand without a sign between them: the line's one job settles which."""
    readings: list[set[int]] = []
    pairs = _pairs(path, line, text)
    for word, _ in pairs:
        digits = word[1:] if word[:1] == "J" and word[1:].isdecimal() else ""
        readings.append(
            {
                int(digits[:k])
                for k in range(1, len(digits))
                if 1 <= int(digits[:k]) <= jobs
                and digits[k] != "0"
                and int(digits[k:]) <= shop.machines
            }
        )
    common = set.intersection(*readings)
    if len(common) != 1:
        raise ProductionError(
            f"{path}:{line}: '{text[:50]}' names {len(common)} jobs; valid: one job a line, as "
            f"J{{job}}{{machine}} with jobs to {jobs} and machines to {shop.machines}"
        )
    job = common.pop()
    skip = 1 + len(str(job))
    for word, _ in pairs:
        if int(word[skip:]) - 1 not in visits[f"J{job}"]:
            known = ", ".join(f"M{m + 1}" for m in sorted(visits[f"J{job}"]))
            raise ProductionError(
                f"{path}:{line}: '{word}': job {job} never visits M{word[skip:]}; valid: {known}"
            )
    return [
        (f"J{job}", int(word[skip:]) - 1, whole(path, line, duration, "duration", 0))
        for word, duration in pairs
    ]
