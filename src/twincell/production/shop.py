"""A flexible job shop: jobs are chains of operations, each of which has machines to choose from.

Times are whole numbers in the unit of the file; machines and jobs are numbered from 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from twincell.errors import ProductionError

__all__ = ["Key", "Operation", "Placed", "Shop", "ShopJob", "ShopPlan", "makespan", "nervousness"]

Key = tuple[str, int]
"""A job's name and the number of one of its operations."""


@dataclass(frozen=True)
class Operation:
    """What is done without interruption.

    Attributes:
        number: in its job, from 0.
        modes: machine and duration of each way to do it.
    """

    number: int
    modes: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class ShopJob:
    """A chain of operations, of which the first starts no earlier than `ready`."""

    name: str
    operations: tuple[Operation, ...]
    ready: int = 0


@dataclass(frozen=True)
class Placed:
    """An operation on its machine in time."""

    job: str
    number: int
    machine: int
    start: int
    end: int

    @property
    def key(self) -> Key:
        """Of the operation."""
        return self.job, self.number


ShopPlan = Mapping[Key, Placed]


@dataclass(frozen=True)
class Shop:
    """What is to be done.

    Attributes:
        machines: how many.
        jobs: with different names.
        ready: machine not before; all 0 where it is empty.
        setup: between the end of job a and the start of job b on a machine, by the jobs' places in
            `jobs`, shape (machines, jobs, jobs); None without set-ups.
        frozen: operations that stay where they are: the first of their jobs.
    """

    machines: int
    jobs: tuple[ShopJob, ...]
    ready: tuple[int, ...] = ()
    setup: NDArray[np.int64] | None = None
    frozen: Mapping[Key, Placed] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = [j.name for j in self.jobs]
        if len(set(names)) != len(names):
            raise ProductionError(f"a job is there twice: {', '.join(sorted(names))}")
        if self.ready and len(self.ready) != self.machines:
            raise ProductionError(f"ready: {len(self.ready)} values; valid: {self.machines}")
        for job in self.jobs:
            for op in job.operations:
                where = f"job '{job.name}', operation {op.number + 1}"
                if not op.modes:
                    raise ProductionError(f"{where}: no machine; valid: at least one")
                for machine, duration in op.modes:
                    if not 0 <= machine < self.machines:
                        raise ProductionError(
                            f"{where}: unknown machine {machine}; valid: 0 to {self.machines - 1}"
                        )
                    if duration < 0:
                        raise ProductionError(f"{where}: takes {duration}; valid: >= 0")
        shape = (self.machines, len(self.jobs), len(self.jobs))
        if self.setup is not None and (self.setup.shape != shape or self.setup.min(initial=0) < 0):
            raise ProductionError(f"setup: shape {self.setup.shape}; valid: {shape}, all >= 0")
        self._check_frozen()

    def _check_frozen(self) -> None:
        """They are what has begun: the first of their jobs, one after the other."""
        known = {(j.name, o.number) for j in self.jobs for o in j.operations}
        for key in self.frozen:
            if key not in known:
                raise ProductionError(f"frozen operation {key} is not in the shop")
        for job in self.jobs:
            begun, clock = True, 0
            for op in job.operations:
                placed = self.frozen.get((job.name, op.number))
                if placed is not None and (not begun or placed.start < clock):
                    raise ProductionError(
                        f"frozen operation {placed.key} starts before the one ahead of it has "
                        "ended; valid: the first operations of a job, in sequence"
                    )
                begun = placed is not None
                clock = placed.end if placed is not None else clock
        on = sorted(self.frozen.values(), key=lambda p: (p.machine, p.start, p.end))
        for first, second in pairwise(on):
            if first.machine == second.machine and second.start < first.end:
                raise ProductionError(
                    f"frozen operations {first.key} and {second.key} are on machine "
                    f"{first.machine} at once; valid: one after the other"
                )

    def free(self, machine: int) -> int:
        """When a machine is there first."""
        return self.ready[machine] if self.ready else 0

    @property
    def operations(self) -> int:
        """How many there are in all."""
        return sum(len(j.operations) for j in self.jobs)


def makespan(plan: ShopPlan) -> int:
    """End of the last operation, 0 of an empty plan."""
    return max((p.end for p in plan.values()), default=0)


def nervousness(before: ShopPlan, after: ShopPlan) -> tuple[int, int]:
    """Shift of the starts of the operations in both plans, summed, and how many those are.

    A change of machine counts as a shift, too: by the operation's duration.
    """
    both = before.keys() & after.keys()
    moved = 0
    for key in both:
        old, new = before[key], after[key]
        moved += abs(new.start - old.start)
        moved += (new.end - new.start) * (new.machine != old.machine)
    return moved, len(both)
