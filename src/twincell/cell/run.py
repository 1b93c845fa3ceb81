"""A whole shift in lockstep, from the world file to its result."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twincell.cell.assembly import assemble
from twincell.cell.lockstep import LockstepCell
from twincell.cell.plain import encode
from twincell.cell.result import BladeResult, OrderResult, RunResult, Stop
from twincell.cell.score import blade_result, truth_of
from twincell.inspection.anomaly import Anomaly, Verdict
from twincell.world.model import World

__all__ = ["Fingerprint", "collect", "run_cell", "run_shift"]

Progress = Callable[[float, int, int], None]
"""Called about once a simulated second with: time [s], blades done, blades in all."""

LONGEST = 1200.0
"""A shift that has not ended by then never will [s]."""


class Fingerprint:
    """SHA-256 over joint positions and everything that was decided."""

    def __init__(self) -> None:
        self._sha = hashlib.sha256()

    def array(self, values: NDArray[Any]) -> None:
        """Take in an array to the bit."""
        self._sha.update(np.ascontiguousarray(values).tobytes())

    def plain(self, value: Any) -> None:
        """Take in anything that `encode` knows."""
        self._sha.update(json.dumps(encode(value), sort_keys=True).encode())

    def hex(self) -> str:
        """The digest in hexadecimal."""
        return self._sha.hexdigest()


def run_shift(
    world: World,
    path: Path,
    seed: int,
    progress: Progress | None = None,
    longest: float = LONGEST,
) -> RunResult:
    """Run a shift headless, as fast as it can.

    Args:
        world: the cell.
        path: the file that it was read from.
        seed: root of all chance.
        progress: told about once a simulated second.
        longest: simulation time after which the shift is cut off [s].
    """
    return run_cell(LockstepCell(assemble(world, path, seed)), progress, longest)


def run_cell(
    cell: LockstepCell, progress: Progress | None = None, longest: float = LONGEST
) -> RunResult:
    """Step an assembled cell until its shift is over; see `run_shift`."""
    world = cell.assembly.world
    began = time.perf_counter()
    fingerprint = Fingerprint()
    every = max(1, round(world.physics_rate))
    steps = 0
    while not cell.finished and cell.time < longest:
        cell.step()
        steps += 1
        if steps % every == 0:
            fingerprint.array(cell.physics.poses())
            if progress is not None:
                ended = sum(b.finished is not None for b in cell.orchestrator.state.blades.values())
                progress(cell.time, ended, len(world.blades))
    return collect(cell, fingerprint, time.perf_counter() - began)


def collect(cell: LockstepCell, fingerprint: Fingerprint, wall: float) -> RunResult:
    """The result of a cell that has run.

    Args:
        cell: after its last step.
        fingerprint: of the motions; what was decided is added here.
        wall: time that it took [s].
    """
    world, state = cell.assembly.world, cell.orchestrator.state
    late = state.lateness()
    orders = []
    for name, order in state.orders.items():
        ends = [state.blades[p].finished for p in order.parts]
        known = [e for e in ends if e is not None]
        finished = max(known) if known and len(known) == len(ends) else None
        orders.append(OrderResult(name, order.due, finished, late[name], tuple(order.parts)))
    result = RunResult(
        world=world.name,
        seed=cell.assembly.seed,
        hash="",
        duration=cell.time,
        wall=wall,
        blades=tuple(_blade(cell, name) for name in world.blades),
        stops=tuple(Stop(request, report) for request, report in cell.stops),
        plans=tuple(cell.plans),
        tasks=tuple(state.tasks.values()),
        energy=state.energy,
        energy_cost=state.energy_cost,
        orders=tuple(orders),
        events=tuple(cell.events),
    )
    told = result.to_dict()
    for key in ("wall", "hash", "real_time_factor"):
        del told[key]
    fingerprint.plain(told)
    return RunResult(**{**vars(result), "hash": fingerprint.hex()})


def _blade(cell: LockstepCell, name: str) -> BladeResult:
    """The verdict as it was carried out: a scan cut short by a critical crack has no other."""
    blade = cell.orchestrator.state.blades[name]
    verdict = cell.verdicts.get(name)
    if verdict is None:
        seen: tuple[Anomaly, ...] = tuple(cell.early.get(name, ()))
        worst = {a.id: a for a in seen}
        verdict = Verdict(
            name, "reject" if blade.decision == "reject" else "rescan", tuple(worst.values()), 0, 0
        )
    flaws = truth_of(cell.assembly.blades[name].flaws)
    criteria = cell.assembly.world.inspection.criteria
    return blade_result(name, verdict, flaws, criteria)
