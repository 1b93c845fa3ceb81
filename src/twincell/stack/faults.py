"""The fault campaign: started as one process that starts the stack; its cases as a matrix."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from twincell.errors import ProductionError, TwincellError
from twincell.production.identity import require_rows, shift_line
from twincell.production.journal import check
from twincell.stack.alone import run_alone
from twincell.stack.rows import read_rows, write_rows
from twincell.stack.specs import NodeSpec, ParameterValue
from twincell.world.load import load_world
from twincell.world.model import World

__all__ = [
    "GRACE",
    "SETTLED",
    "SILENT",
    "UNSAFE",
    "Case",
    "cells",
    "claim",
    "journal_fault",
    "matrix",
    "motion_fault",
    "read_cases",
    "run_faults",
    "stop_told",
]

Case = dict[str, Any]
"""What one fault in one phase of work led to."""

WHERE = {"detector_killed": ("scan", "replanning")}
"""Faults that only some phases can have: a detector that scans nothing is missed by nobody."""


UNSAFE = 3
"""Exit code of a campaign that has ended with an unsafe case: 1 is that of a Python that fails."""
GRACE = 0.05
"""A stop may take so long from the supervisor's word to the arms [s of simulated time]."""
SETTLED = 0.1
"""An arm that is slow for so long stands; what comes before is how its servos settle [s]."""
SILENT = 0.3
"""Arms that have heard no safety state for so long have stopped by themselves [s of wall time]."""


def cells(runs: int, faults: Sequence[str], phases: Sequence[str]) -> list[tuple[int, str, str]]:
    """All cells of a campaign as (run, fault, phase): run by run, the re-planning ones last."""
    order = sorted(phases, key=lambda p: p == "replanning")
    parts = [[p for p in order if p != "replanning"], [p for p in order if p == "replanning"]]
    return [
        (run, fault, phase)
        for run in range(runs)
        for part in parts
        for fault in faults
        for phase in part
        if phase in WHERE.get(fault, phases)
    ]


def read_cases(path: Path) -> list[Case]:
    """The cases of an earlier campaign, to go on with; none where there is no file.

    Cases that could not be run are left out, so that they are tried again.

    Raises:
        TwincellError: the file holds something else.
    """
    cases = read_rows(path, "cases", _touch)
    return [case for case in cases if not _unrun(case)]


def _touch(case: Case) -> None:
    if not _unrun(case):
        hash(tuple(case[key] for key in ("run", "fault", "phase", "safe", "ms")))


def _unrun(case: Case) -> bool:
    return bool(case["why"].startswith("could not be run"))


def journal_fault(path: Path, heard: Iterable[tuple[float, str, str]]) -> str:
    """What is wrong with a journal, in words; empty where it is whole and holds what was told.

    Args:
        path: of the journal.
        heard: time [s], kind and subject of each event that the orchestrator has told.
    """
    try:
        found = check(path)
    except (ProductionError, OSError) as error:
        return f"the journal cannot be read: {error}"
    if found.fault:
        return f"the journal is not whole: {found.fault}"
    kept = Counter((round(e.line.stamp, 6), e.line.kind, e.line.subject) for e in found.entries)
    told = Counter((round(stamp, 6), kind, subject) for stamp, kind, subject in heard)
    lost = told - kept
    if lost:
        stamp, kind, subject = next(iter(lost))
        return f"the journal lost {lost.total()} events, first {kind} {subject} at {stamp:.3f} s"
    return ""


def stop_told(permits: Sequence[tuple[float, bool]], at: float, silence: float) -> float | None:
    """When the arms had to know that they are to stop.

    Args:
        permits: stamp [s] and whether all may move, of each safety state heard since the fault.
        at: time of the fault [s].
        silence: since the newest state was heard [s of wall time].

    Returns:
        Stamp of the first state that forbids motion, of the last one before a silence that has the
        arms stop by themselves; the fault's time where that is later [s]. None: not yet.
    """
    for stamp, allowed in permits:
        if not allowed:
            return max(at, stamp)
    if silence > SILENT:
        return max(at, permits[-1][0]) if permits else at
    return None


def motion_fault(
    rows: Iterable[tuple[float, float]], at: float, told: float | None, limit: float, moving: float
) -> str:
    """What is wrong with a mover's motion after a fault, in words; empty where nothing is.

    What happened is read off the stamps, since a busy machine may hear it late.

    Args:
        rows: stamp [s] and speed of the fastest joint, of each joint state since the fault.
        at: time of the fault [s].
        told: when the arms had to know of it (`stop_told`).
        limit: time in which it has to stand [s].
        moving: a faster joint moves.
    """
    if told is None:
        return "was never told to stop"
    rows = sorted(rows)
    since = stood = None
    for stamp, speed in rows:
        if stamp <= told + GRACE:
            continue
        if speed > moving:
            if stood is not None:
                return f"moved again {stamp - at:.2f} s after the fault"
            since = None
            continue
        since = stamp if since is None else since
        if stood is None and stamp - since >= SETTLED:
            stood = since
    if stood is None or stood - at > limit:
        return f"still moves after {limit:g} s"
    return ""


def claim(out: Path, world: World, seed: int) -> None:
    """Make sure that a folder's cases are of this world and seed; an empty one is theirs from now.

    Raises:
        TwincellError: they are of another campaign, or do not say of which.
    """
    file, line = out / "campaign.json", shift_line(world, seed)
    if not (out / "cases.json").is_file():
        write_rows(file, [{"name": world.name, **line.detail}])
        return
    kept = read_rows(file, "campaign", lambda row: row["name"])
    if not kept:
        raise TwincellError(
            f"{out}: does not say of which world and seed its cases are; nothing was started; "
            "give another --out"
        )
    require_rows(kept, world, seed, str(file))


def run_faults(
    world_path: Path,
    seed: int,
    runs: int,
    out: Path,
    echo: Callable[[NodeSpec, str], None],
    faults: str = "",
    phases: str = "",
) -> list[Case]:
    """Break the running stack, each fault in each phase of work.

    Args:
        world_path: of the world file.
        seed: root of all chance.
        runs: of the whole matrix.
        out: folder of the stack's logs and of `cases.json`; cases that it has are not run again.
        echo: called with each line of the campaign.
        faults: names of those wanted, with commas; all without.
        phases: likewise.

    Returns:
        The cases in order: `run`, `fault`, `phase`, `safe`, `ms`, `simulated_ms`, `slower_ms`,
        `why`.

    Raises:
        TwincellError: the campaign did not get to its end, or `out` holds another one.
    """
    out = out.resolve()
    claim(out, load_world(world_path), seed)
    given: dict[str, ParameterValue] = {
        "world": str(world_path), "seed": seed, "out": str(out), "runs": runs, "faults": faults,
        "phases": phases,
    }  # fmt: skip
    try:
        found = run_alone("fault_campaign", given, out, out / "cases.json", echo, codes=(0, UNSAFE))
    except TwincellError as error:
        raise TwincellError(f"{error}; the same command goes on") from None
    cases: list[Case] = json.loads(found)
    return cases


def matrix(cases: list[Case]) -> dict[str, dict[str, dict[str, Any]]]:
    """Cases by fault and phase.

    Args:
        cases: as `run_faults` gives them.

    Returns:
        fault -> phase -> `runs`, `unsafe`, and the slowest `ms`, `simulated_ms`, `slower_ms`.
    """
    table: dict[str, dict[str, dict[str, Any]]] = {}
    for case in cases:
        cell = table.setdefault(case["fault"], {}).setdefault(
            case["phase"],
            {"runs": 0, "unsafe": 0, "ms": 0.0, "simulated_ms": 0.0, "slower_ms": 0.0},
        )
        cell["runs"] += 1
        cell["unsafe"] += not case["safe"]
        for key in ("ms", "simulated_ms", "slower_ms"):
            cell[key] = max(cell[key], case[key])
    return table
