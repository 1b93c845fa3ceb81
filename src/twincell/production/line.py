"""A production line: jobs, operations with inspections, resources, set-ups, energy.

Times in seconds from the shift's start. What may happen at an inspection: accept, rework and look
again, reject, look again at once. At the last look that is allowed, whoever is not accepted is
rejected.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twincell.errors import ProductionError
from twincell.production.tariff import Tariff

__all__ = ["LOOKS", "Line", "LinePlan", "LineState", "Rule", "sorted_plan"]

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

LOOKS = 3
"""How often a part is looked at by one inspection at most."""


class Rule:
    """How a free resource finds its next operation."""

    LIST = 0
    """The operation that can start now of lowest rank plus weighted set-up."""
    STRICT = 1
    """The next one of the resource's sequence, for which it waits."""
    FIFO = 2
    """The one that has waited longest."""


@dataclass(frozen=True)
class Line:
    """What is made, by what, and what it costs.

    Attributes:
        jobs: names, n.
        resources: names, m.
        operations: names of the route's o steps; each job takes all of them, in order.
        durations: mean time of each step, and last of rework, shape (n, o + 1, m) [s]; NaN where
            the resource has not the skill.
        spread: standard deviation of the logarithm of a duration.
        inspects: which steps are inspections, shape (o,).
        chances: of rework, reject and another look after a first look, shape (n, o, 3).
        family: of each job, shape (n,).
        setup: from family to family on each resource, shape (m, f, f) [s].
        arrival: when an order came, shape (n,) [s].
        release: when its material is there, shape (n,) [s].
        due: shape (n,) [s].
        penalty: for being late, shape (n,) [EUR/s].
        margin: of a job that is accepted, shape (n,) [EUR].
        scrap: cost of a job that is rejected, shape (n,) [EUR].
        holding: cost of a job from its arrival to its end [EUR/s].
        busy: power while it works, of each step and rework on each resource, shape (o + 1, m) [W].
        idle: power of each resource until the line's last job is done, shape (m,) [W].
        cap: of the power of what works at the same time [W]; inf where there is none.
        tariff: price of energy.
        windows: resource, from, to, speed (0 stands, below 1 slow), and spread of the length where
            that is an estimate; shape (k, 5).
        uptime: mean time between failures of each resource, shape (m,) [s]; inf for none.
        repair: mean length of a failure, shape (m,) [s]; exponential, as the time between them.
        slow: chance that a failure slows to `slow_speed` and does not stop.
        slow_speed: above 0, below 1.
        length: of the shift [s].
    """

    jobs: tuple[str, ...]
    resources: tuple[str, ...]
    operations: tuple[str, ...]
    durations: F64
    spread: float
    inspects: NDArray[np.bool_]
    chances: F64
    family: I64
    setup: F64
    arrival: F64
    release: F64
    due: F64
    penalty: F64
    margin: F64
    scrap: F64
    holding: float
    busy: F64
    idle: F64
    cap: float
    tariff: Tariff
    windows: F64
    uptime: F64
    repair: F64
    slow: float
    slow_speed: float
    length: float

    def __post_init__(self) -> None:
        n, m, o = len(self.jobs), len(self.resources), len(self.operations)
        families = self.setup.shape[-1]
        shapes: dict[str, tuple[int, ...]] = {
            "durations": (n, o + 1, m),
            "inspects": (o,),
            "chances": (n, o, 3),
            "family": (n,),
            "setup": (m, families, families),
            "busy": (o + 1, m),
            "idle": (m,),
            "windows": (len(self.windows), 5),
            "uptime": (m,),
            "repair": (m,),
        } | dict.fromkeys(("arrival", "release", "due", "penalty", "margin", "scrap"), (n,))
        for name, shape in shapes.items():
            given = getattr(self, name).shape
            if given != shape:
                raise ProductionError(f"line: {name}: given: shape {given}; valid: {shape}")
        self._check_values()

    def _check_values(self) -> None:
        """Values in their ranges, with the name of job and step."""
        if len(self.resources) > 62:
            raise ProductionError(f"line: {len(self.resources)} resources; valid: at most 62")
        for name in ("setup", "penalty", "busy", "idle", "repair"):
            least = float(np.min(getattr(self, name), initial=0.0))
            if not least >= 0:
                raise ProductionError(f"line: {name}: given: {least:g}; valid: >= 0")
        for job, ways in zip(self.jobs, self.durations, strict=True):
            names = (*self.operations, "rework")
            for step, times in zip(names, ways, strict=True):
                known = times[~np.isnan(times)]
                if not len(known):
                    raise ProductionError(
                        f"line: job '{job}', {step}: no resource has the skill; valid: at least one"
                    )
                if not (known > 0).all() or not np.isfinite(known).all():
                    raise ProductionError(
                        f"line: job '{job}', {step}: takes {known.min():g} s; valid: > 0"
                    )
        excess = (self.chances.sum(axis=2) > 1 + 1e-9).any(axis=1)
        bad = (self.chances < 0).any(axis=(1, 2)) | excess
        if bad.any():
            job = self.jobs[int(bad.argmax())]
            raise ProductionError(f"line: job '{job}': chances; valid: each >= 0, sum <= 1")
        if self.family.min(initial=0) < 0 or self.family.max(initial=0) >= self.setup.shape[1]:
            raise ProductionError(f"line: family; valid: 0 to {self.setup.shape[1] - 1}")
        early = self.due < self.arrival
        if early.any():
            late = int(early.argmax())
            raise ProductionError(
                f"line: job '{self.jobs[late]}': due at {self.due[late]:g} s, came at "
                f"{self.arrival[late]:g} s; valid: due no earlier than it came"
            )
        need = float(np.max(self.busy, initial=0.0))
        if need > self.cap:
            raise ProductionError(f"line: cap: given: {self.cap:g} W; valid: >= {need:g} W")
        if self.spread < 0 or not 0 < self.slow_speed < 1 or not 0 <= self.slow <= 1:
            raise ProductionError("line: spread, slow or slow_speed out of range")
        if len(self.windows) and not (
            (self.windows[:, 2] >= self.windows[:, 1]).all()
            and np.isfinite(self.windows[:, :3]).all()
            and (self.windows[:, 3] >= 0).all()
        ):
            raise ProductionError("line: windows; valid: finite, to >= from, speed >= 0")

    @property
    def steps(self) -> int:
        """Of the route, without rework."""
        return len(self.operations)


@dataclass(frozen=True)
class LinePlan:
    """Who does what, in which order.

    Attributes:
        rule: one of `Rule`.
        rank: rises along each job, lower goes first, shape (n, o).
        resource: index, or -1 for the quickest that is free, shape (n, o).
        earliest: no start before, shape (n, o) [s].
        name: for people.
        setup_weight: ranks that a second of set-up counts for under `LIST` [1/s].
    """

    rule: int
    rank: F64
    resource: I64
    earliest: F64
    name: str = ""
    setup_weight: float = 0.0

    @classmethod
    def fifo(cls, line: Line) -> LinePlan:
        """First in, first out at every step; no resource is fixed."""
        shape = (len(line.jobs), line.steps)
        rank = np.tile(np.arange(shape[1], dtype=float), (shape[0], 1))
        none = np.full(shape, -1, np.int64)
        return cls(Rule.FIFO, rank, none, np.zeros(shape), "first in, first out")

    @classmethod
    def by_job(cls, line: Line, score: F64, name: str) -> LinePlan:
        """Jobs of low score go first wherever they wait; no resource is fixed."""
        shape = (len(line.jobs), line.steps)
        order = np.argsort(np.argsort(score, kind="stable"), kind="stable").astype(float)
        rank: F64 = order[:, None] * shape[1] + np.arange(shape[1], dtype=np.float64)
        return cls(Rule.LIST, rank, np.full(shape, -1, np.int64), np.zeros(shape), name)

    def check(self, line: Line) -> None:
        """Raise ProductionError where the plan does not fit the line or could lock up."""
        shape = (len(line.jobs), line.steps)
        for name in ("rank", "resource", "earliest"):
            if getattr(self, name).shape != shape:
                raise ProductionError(
                    f"plan '{self.name}': {name}: given: shape {getattr(self, name).shape}; "
                    f"valid: {shape}"
                )
        if not (np.diff(self.rank, axis=1) > 0).all():
            raise ProductionError(f"plan '{self.name}': ranks; valid: rising along each job")
        if self.resource.max(initial=-1) >= len(line.resources):
            raise ProductionError(f"plan '{self.name}': unknown resource {self.resource.max()}")
        if not 0 <= self.setup_weight < np.inf or (self.setup_weight and self.rule != Rule.LIST):
            raise ProductionError(
                f"plan '{self.name}': setup_weight: given: {self.setup_weight:g}; valid: >= 0, "
                "and 0 but for lists"
            )
        if self.rule == Rule.STRICT and (self.resource < 0).any():
            raise ProductionError(f"plan '{self.name}': a sequence needs a resource for each step")
        jobs, steps = np.nonzero(self.resource >= 0)
        unable = np.isnan(line.durations[jobs, steps, self.resource[jobs, steps]])
        if unable.any():
            k = int(unable.argmax())
            job, step = int(jobs[k]), int(steps[k])
            raise ProductionError(
                f"plan '{self.name}': {line.resources[self.resource[job, step]]} cannot "
                f"{line.operations[step]} job '{line.jobs[job]}'"
            )


def sorted_plan(line: Line, starts: F64, resource: I64, rule: int, name: str) -> LinePlan:
    """A plan from starts, shape (n, o) [s]: ranks by start, a job's steps in their order."""
    n, o = starts.shape
    level = np.maximum.accumulate(starts, axis=1)
    flat = np.lexsort((np.tile(np.arange(o), n), level.ravel()))
    rank = np.empty(n * o)
    rank[flat] = np.arange(n * o)
    plan = LinePlan(rule, rank.reshape(n, o), resource.astype(np.int64), np.zeros((n, o)), name)
    plan.check(line)
    return plan


@dataclass(frozen=True)
class LineState:
    """Where the line stands; the arrays belong to the state and change as it is played.

    Attributes:
        now: [s].
        step: at which each job is or for which it waits, o for rework, shape (n,).
        back: inspection to return to after rework, shape (n,).
        looks: taken by the present inspection, shape (n,).
        status: 0 waits, 1 is worked on, 2 accepted, 3 rejected, 4 cancelled, shape (n,).
        ready: from when the next step could start, shape (n,) [s].
        end: of accepted and rejected jobs, shape (n,) [s].
        job: on each resource, -1 for none, shape (m,).
        began: start of what is on the resource, shape (m,) [s].
        until: its end as far as played, shape (m,) [s].
        fitting: set-up at the beginning of it, shape (m,) [s].
        set_for: family for which each resource is set up, -1 for none yet, shape (m,).
        starts: of each step's first time, NaN if not begun, shape (n, o) [s].
        where: resource of each step's first time, -1 if not begun, shape (n, o).
        spent: energy [J] and its cost [EUR] of work so far, without idling, shape (2,).
    """

    now: float
    step: I64
    back: I64
    looks: I64
    status: I64
    ready: F64
    end: F64
    job: I64
    began: F64
    until: F64
    fitting: F64
    set_for: I64
    starts: F64
    where: I64
    spent: F64

    @property
    def arrays(self) -> tuple[NDArray[np.float64] | NDArray[np.int64], ...]:
        """All but the time, in the order of the kernel's arguments."""
        return (
            self.step, self.back, self.looks, self.status, self.ready, self.end, self.job,
            self.began, self.until, self.fitting, self.set_for, self.starts, self.where, self.spent,
        )  # fmt: skip

    def copy(self) -> LineState:
        """With arrays of its own."""
        copies: list[Any] = [a.copy() for a in self.arrays]
        return LineState(self.now, *copies)

    @property
    def open_steps(self) -> NDArray[np.bool_]:
        """Steps that have not begun of jobs that go on, shape (n, o)."""
        return np.isnan(self.starts) & (self.status < 2)[:, None]

    @classmethod
    def initial(cls, line: Line) -> LineState:
        """Nothing has begun."""
        n, m, o = len(line.jobs), len(line.resources), line.steps
        return cls(
            0.0,
            np.zeros(n, np.int64),
            np.zeros(n, np.int64),
            np.zeros(n, np.int64),
            np.zeros(n, np.int64),
            line.release.copy(),
            np.zeros(n),
            np.full(m, -1, np.int64),
            np.zeros(m),
            np.zeros(m),
            np.zeros(m),
            np.full(m, -1, np.int64),
            np.full((n, o), np.nan),
            np.full((n, o), -1, np.int64),
            np.zeros(2),
        )
