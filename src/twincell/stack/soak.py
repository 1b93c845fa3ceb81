"""A soak: the ROS cell runs for hours with random faults; what grew, was late, was missed."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from twincell.errors import TwincellError
from twincell.stack.alone import run_alone
from twincell.stack.specs import NodeSpec, ParameterValue

__all__ = ["Growth", "Record", "growths", "read_record", "run_soak", "seconds_of", "summary"]

WARM_UP = 0.25
"""Share of a process's life in which caches fill, which is no leak."""
SHORTEST = 120.0
"""A process that lived shorter tells nothing about growth [s]."""
FEW = 0.05
"""Share of the cases that may fail to begin (an arm that a busy machine starts too late)."""
_UNITS = {"s": 1, "min": 60, "h": 3600}
_TIME = re.compile(r"\s*(\d+(?:\.\d+)?(?:/\d+)?)\s*(s|min|h)?\s*")


def seconds_of(text: str) -> float:
    """A duration in words [s]: hours without a unit, fractions too, or with s, min, h.

    Args:
        text: e.g. `2`, `1/2`, `0.5`, `30 min`, `90 s`.

    Raises:
        TwincellError: no duration, or not above 0.
    """
    match = _TIME.fullmatch(text)
    valid = "valid: hours above 0 ('2', '1/2', '0.5') or a number with its unit ('30 min', '90 s')"
    if match is None:
        raise TwincellError(f"--hours '{text}' is no duration; {valid}")
    top, _, bottom = match[1].partition("/")
    if bottom and int(bottom) == 0:
        raise TwincellError(f"--hours '{text}' divides by 0; {valid}")
    value = float(Fraction(top) / Fraction(bottom or 1) * _UNITS[match[2] or "h"])
    if not (math.isfinite(value) and value > 0):
        raise TwincellError(f"--hours '{text}'; {valid}")
    return value


@dataclass(frozen=True)
class Record:
    """What a soak wrote down.

    Attributes:
        samples: in order: `t` [s of wall time from the start], `memory` (name to [pid, bytes]),
            `load`, `accepted_ms` (wall time from request to accepted, each stop since the sample
            before), `stand_ms` (simulated time from accepted to standstill), `gap_ms` (longest
            between safety states), `simulated` [s], `stops`, `restarts`.
        cases: in order: as the fault campaign gives them, and `t`; `run` is False where a case
            could not begin.
    """

    samples: tuple[Mapping[str, Any], ...]
    cases: tuple[Mapping[str, Any], ...]


def read_record(lines: Iterable[str]) -> Record:
    """The record from its lines of JSON; a last line that was cut short is left out.

    Raises:
        TwincellError: another line is no JSON.
    """
    rows = [line for line in lines if line.strip()]
    found: dict[str, list[Mapping[str, Any]]] = {"sample": [], "case": [], "renewed": []}
    for number, line in enumerate(rows, 1):
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            if number == len(rows):
                break
            raise TwincellError(f"soak record, line {number}: {error}") from error
        found[row["kind"]].append(row)
    return Record(tuple(found["sample"]), tuple(found["case"]))


@dataclass(frozen=True)
class Growth:
    """How the memory of one process went in one life.

    Attributes:
        name: of the node.
        pid: of the process.
        span: time that was looked at, after the warm-up [s].
        rate: slope of the line through it [bytes/s].
        total: `rate` times `span` [bytes].
    """

    name: str
    pid: int
    span: float
    rate: float
    total: float


def growths(samples: Sequence[Mapping[str, Any]]) -> tuple[Growth, ...]:
    """Growth of each process that lived long enough, fastest first.

    The slope is Theil and Sen's: the median of the slopes between all pairs of samples, which a
    few outliers do not move.

    Args:
        samples: of a `Record`.
    """
    lives: dict[tuple[str, int], list[tuple[float, float]]] = {}
    for sample in samples:
        for name, (pid, size) in sample["memory"].items():
            lives.setdefault((name, pid), []).append((sample["t"], size))
    found = []
    for (name, pid), rows in lives.items():
        times, sizes = np.array(rows, float).T
        if times[-1] - times[0] < SHORTEST:
            continue
        kept = times >= times[0] + WARM_UP * (times[-1] - times[0])
        t, m = times[kept], sizes[kept]
        if len(t) < 3:
            continue
        first, second = np.triu_indices(len(t), 1)
        rate = float(np.median((m[second] - m[first]) / (t[second] - t[first])))
        span = float(t[-1] - t[0])
        found.append(Growth(name, pid, span, rate, rate * span))
    return tuple(sorted(found, key=lambda g: -g.total))


def summary(record: Record, bound: float) -> dict[str, Any]:
    """A soak in one object.

    Args:
        record: what it wrote down.
        bound: growth after the warm-up that no process may exceed [MB].

    Returns:
        `ok`, `why` (empty where ok), `minutes`, `cases`, `unsafe`, `not_begun`, `stops`,
        `restarts`, `accepted_ms` (percentiles), `growth` (MB, by process, the largest life).
    """
    unsafe = [c for c in record.cases if c["run"] and not c["safe"]]
    absent = [c for c in record.cases if not c["run"]]
    largest: dict[str, float] = {}
    for g in growths(record.samples):
        largest[g.name] = max(g.total / 1e6, largest.get(g.name, -math.inf))
    why = [f"{c['fault']} in {c['phase']}: {c['why']}" for c in unsafe]
    why += [
        f"{n} grew by {mb:.0f} MB; at most {bound:g}" for n, mb in largest.items() if mb > bound
    ]
    if not record.cases:
        why.append("no case was run")
    elif len(absent) > FEW * len(record.cases):
        why.append(f"{len(absent)} of {len(record.cases)} cases could not begin")
    latencies = [x for s in record.samples for x in s["accepted_ms"]]
    cuts = np.percentile(latencies, (50, 99, 99.9, 100)).tolist() if latencies else [None] * 4
    last = record.samples[-1] if record.samples else {"t": 0.0, "stops": 0, "restarts": 0}
    return {
        "ok": not why,
        "why": why,
        "minutes": last["t"] / 60.0,
        "cases": len(record.cases),
        "unsafe": len(unsafe),
        "not_begun": len(absent),
        "stops": last["stops"],
        "restarts": last["restarts"],
        "accepted_ms": dict(zip(("50", "99", "99.9", "most"), cuts, strict=True)),
        "growth_mb": largest,
        "bound_mb": bound,
    }


def run_soak(
    world_path: Path,
    seed: int,
    duration: float,
    out: Path,
    echo: Callable[[NodeSpec, str], None],
) -> Record:
    """Run the stack with random faults.

    Args:
        world_path: of the world file.
        seed: root of all chance, of the faults too.
        duration: [s of wall time].
        out: folder of the stack's logs and of `soak.jsonl`.
        echo: called with each line.

    Raises:
        TwincellError: it did not get to its end.
    """
    out = out.resolve()
    given: dict[str, ParameterValue] = {
        "world": str(world_path), "seed": seed, "out": str(out / "stack"),
        "duration": float(duration),
    }  # fmt: skip
    record = run_alone("soak", given, out, out / "stack" / "soak.jsonl", echo)
    return read_record(record.splitlines())
