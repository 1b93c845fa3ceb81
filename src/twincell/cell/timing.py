"""How long tasks and their steps take in the physics cell: what `twincell calibrate` measures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from twincell.cell.assembly import assemble
from twincell.cell.lockstep import LockstepCell
from twincell.production.messages import Command, Done, Event, TaskKind, Verdicts
from twincell.production.problem import KINDS
from twincell.world.model import World

__all__ = ["Timed", "quiet", "time_shift"]

LONGEST = 1200.0
"""A shift that has not ended by then never will [s]."""


@dataclass
class Timed:
    """Durations seen in one shift [s].

    Attributes:
        tasks: by kind: those that nothing disturbed.
        steps: by `<kind>/<step>`: from the command to its answer, the last command where a step
            took several.
    """

    tasks: dict[TaskKind, list[float]] = field(default_factory=lambda: {k: [] for k in KINDS})
    steps: dict[str, list[float]] = field(default_factory=dict)

    def add(self, other: Timed) -> None:
        """Take in those of another shift."""
        for kind, seen in other.tasks.items():
            self.tasks[kind] += seen
        for name, seen in other.steps.items():
            self.steps.setdefault(name, []).extend(seen)


class _StepWatch:
    """Listens to commands and their answers."""

    def __init__(self, into: dict[str, list[float]]) -> None:
        self._into = into
        self._sent: dict[str, float] = {}

    def __call__(self, event: Event, commands: Sequence[Command], now: float) -> None:
        if isinstance(event, Done | Verdicts):
            began = self._sent.pop(event.tag, None)
            ok = isinstance(event, Verdicts) or event.ok
            if began is not None and ok:
                _part, task, step, _count = event.tag.rsplit("/", 3)
                name = f"{task.partition('#')[0]}/{step}"
                self._into.setdefault(name, []).append(now - began)
        for command in commands:
            tag = getattr(command, "tag", None)
            if tag is not None:
                self._sent[tag] = now


def quiet(world: World, seed: int) -> World:
    """The world on a calm day: nobody walks in, nothing is disrupted, blades in any pockets.

    LiDARs and camera are left out: they cost most of the time and move nothing.

    Args:
        world: the cell.
        seed: of the pockets.
    """
    tray = world.racks[world.rack_of("in_tray")]
    rng = np.random.default_rng([seed, *b"pockets"])
    pockets = rng.permutation(tray.rows * tray.columns)
    blades = {
        name: replace(blade, slot=int(pocket))
        for (name, blade), pocket in zip(world.blades.items(), pockets, strict=False)
    }
    production = replace(world.production, disruptions=(), policies=())
    sensors = {world.inspection.profiler: world.sensors[world.inspection.profiler]}
    inspection = replace(world.inspection, camera=None)
    return replace(
        world,
        visitor=None,
        blades=blades,
        production=production,
        sensors=sensors,
        inspection=inspection,
    )


def time_shift(
    world: World,
    path: Path,
    seed: int,
    tell: Callable[[float], None] | None = None,
    longest: float = LONGEST,
) -> Timed:
    """Play a shift in the physics cell in lockstep, and time it.

    Args:
        world: the cell, as it is or `quiet`.
        path: the file it was read from.
        seed: root of all chance.
        tell: told the time about once a simulated second [s].
        longest: simulation time after which the shift is cut off [s].
    """
    found = Timed()
    cell = LockstepCell(assemble(world, path, seed), witness=_StepWatch(found.steps))
    every = max(1, round(world.physics_rate))
    steps = 0
    while not cell.finished and cell.time < longest:
        cell.step()
        steps += 1
        if tell is not None and steps % every == 0:
            tell(cell.time)
    found.tasks = {kind: list(seen) for kind, seen in cell.orchestrator.planner.seen.items()}
    return found
