"""A whole shift in lockstep, from the world file to its result."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twincell.cell.assembly import assemble
from twincell.cell.extras import DeviationMap, Extras
from twincell.cell.led import Lead
from twincell.cell.lockstep import LockstepCell
from twincell.cell.plain import encode
from twincell.cell.result import RunResult
from twincell.world.model import World

__all__ = ["Fingerprint", "collect", "run_cell", "run_shift"]

Progress = Callable[[float, int, int], None]
"""Called about once a simulated second with: time [s], blades done, blades in all."""

Attend = Callable[[LockstepCell], AbstractContextManager[Callable[[], None]]]
"""Takes a cell before its first step; in its context, what is called after each step."""

POWER_STRIDE = 5
"""Every so-many-th value of the power is kept for the report."""
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
    lead: Lead | None = None,
    attend: Attend | None = None,
) -> RunResult:
    """Run a shift, as fast as it can where nobody attends.

    Args:
        world: the cell.
        path: the file that it was read from.
        seed: root of all chance.
        progress: told about once a simulated second.
        longest: simulation time after which the shift is cut off [s].
        lead: has policies lead arms; without it, what they would do is planned.
        attend: has somebody look at the cell, and act in it, between steps.
    """
    cell = LockstepCell(assemble(world, path, seed), lead)
    if attend is None:
        return run_cell(cell, progress, longest)
    with attend(cell) as between:
        return run_cell(cell, progress, longest, between)


def run_cell(
    cell: LockstepCell,
    progress: Progress | None = None,
    longest: float = LONGEST,
    between: Callable[[], None] | None = None,
) -> RunResult:
    """Step an assembled cell until its shift is over; see `run_shift`.

    Args:
        cell: before its first step.
        progress: told about once a simulated second.
        longest: simulation time after which the shift is cut off [s].
        between: called after each step.
    """
    world = cell.assembly.world
    began = time.perf_counter()
    fingerprint = Fingerprint()
    every = max(1, round(world.physics_rate))
    steps = 0
    while not cell.finished and cell.time < longest:
        cell.step()
        if between is not None:
            between()
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
    assembly = cell.assembly
    result = cell.log.result(assembly, cell.orchestrator.state, cell.time, wall)
    told = result.to_dict()
    for key in ("wall", "hash", "real_time_factor"):
        del told[key]
    fingerprint.plain(told)
    extras = Extras(
        power=np.array(cell.power[::POWER_STRIDE]).reshape(-1, 2),
        tariff=tuple((s.start, s.price) for s in assembly.world.production.tariff),
        maps={name: DeviationMap(*found) for name, found in cell.scanning.deviations.items()},
        picture=cell.scanning.picture,
    )
    return replace(result, hash=fingerprint.hex(), extras=extras)
