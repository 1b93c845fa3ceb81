"""The rest of the shift as a sequencing problem, and the one way in which a sequence is timed.

Each blade is loaded, inspected and unloaded. The handler loads and unloads, the inspector inspects,
and the fixture is held from the end of a load to the end of its unload.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from twincell.errors import ProductionError
from twincell.production.messages import TaskKind
from twincell.production.tariff import Tariff

__all__ = ["KINDS", "POWER", "Due", "Job", "Pace", "Problem", "Slot", "Weights", "cost"]
__all__ += ["energy_cost", "inversions", "tardiness", "timing"]

KINDS: tuple[TaskKind, ...] = ("load", "inspect", "unload")
POWER: dict[TaskKind, float] = {"load": 60.0, "inspect": 80.0, "unload": 60.0}
"""Mean power that a task draws on top of idle at full speed [W]."""


@dataclass(frozen=True)
class Weights:
    """What a plan is judged by, in seconds of weighted lateness.

    Attributes:
        tardiness: a second of lateness of an order of priority 1.
        makespan: a second of the shift.
        energy: a EUR of energy.
        stability: a pair of blades that changes places against the running plan.
    """

    tardiness: float = 1.0
    makespan: float = 0.05
    energy: float = 2_000.0
    stability: float = 0.01


@dataclass(frozen=True)
class Pace:
    """How fast work goes for a time.

    Attributes:
        share: of the full speed, in (0, 1].
        until: `then` from then on [s].
        then: share of the full speed after that, in (0, 1].
        last: full speed from then on [s].
    """

    share: float = 1.0
    until: float = 0.0
    then: float = 1.0
    last: float = 0.0

    def end(self, start: float, seconds: float) -> float:
        """When work that begins at `start` and takes `seconds` at full speed is done [s]."""
        for share, until in ((self.share, self.until), (self.then, self.last)):
            if share < 1.0 and until > start:
                done = (until - start) * share
                if seconds <= done:
                    return start + seconds / share
                start, seconds = until, seconds - done
        return start + seconds


@dataclass(frozen=True)
class Job:
    """What is still to do with one blade.

    Attributes:
        part: the blade.
        order: it belongs to, None where nobody ordered it.
        durations: of the tasks that are left, the running one included [s].
        release: not loaded before [s].
        running: start of the running task, which is the first of those left [s].
    """

    part: str
    order: str | None
    durations: Mapping[TaskKind, float]
    release: float = 0.0
    running: float | None = None

    def __post_init__(self) -> None:
        kinds = tuple(k for k in KINDS if k in self.durations)
        if kinds != KINDS[len(KINDS) - len(kinds) :] or not kinds:
            raise ProductionError(
                f"job '{self.part}' has the tasks {', '.join(self.durations) or '(none)'}; "
                "valid: the last one, two or all three of load, inspect, unload"
            )
        for kind, value in self.durations.items():
            if not 0 <= value < float("inf"):
                raise ProductionError(f"job '{self.part}': {kind} takes {value} s; valid: >= 0 s")

    @property
    def in_process(self) -> bool:
        """Whether it is on its way through the fixture, so that no other blade can pass it."""
        return "load" not in self.durations or self.running is not None


@dataclass(frozen=True)
class Due:
    """An order: when it is due [s] and what its lateness weighs.

    Attributes:
        done: latest end of its parts that are finished already [s].
    """

    due: float
    priority: float
    done: float = 0.0


@dataclass(frozen=True)
class Problem:
    """The rest of the shift.

    Attributes:
        now: time of the decision [s].
        jobs: at most one of them is in process.
        orders: by name.
        inspect_from: inspections start no earlier (sensor blackout, failed arm) [s].
        tariff: price of energy.
        power: drawn by a task on top of idle [W].
        previous: sequence of the running plan.
        handle_from: loads and unloads start no earlier (failed arm, lost tool) [s].
        paces: of kinds of tasks that are slow for a time.
    """

    now: float
    jobs: tuple[Job, ...]
    orders: Mapping[str, Due]
    tariff: Tariff
    inspect_from: float = 0.0
    power: Mapping[TaskKind, float] = field(default_factory=lambda: dict(POWER))
    previous: tuple[str, ...] = ()
    handle_from: float = 0.0
    paces: Mapping[TaskKind, Pace] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = [j.part for j in self.jobs]
        if len(set(names)) != len(names):
            raise ProductionError(f"a blade is planned twice: {', '.join(sorted(names))}")
        inside = [j.part for j in self.jobs if j.in_process]
        if len(inside) > 1:
            raise ProductionError(f"the fixture holds one blade, given: {', '.join(inside)}")
        for job in self.jobs:
            if job.order is not None and job.order not in self.orders:
                raise ProductionError(f"job '{job.part}' is of the unknown order '{job.order}'")

    @property
    def waiting(self) -> tuple[Job, ...]:
        """Jobs whose sequence is free."""
        return tuple(j for j in self.jobs if not j.in_process)

    def earliest(self, job: Job, kind: TaskKind) -> float:
        """Before which a task that has not begun does not start [s]."""
        if kind == "inspect":
            return self.inspect_from
        return max(self.handle_from, job.release if kind == "load" else 0.0)

    def end(self, kind: TaskKind, start: float, seconds: float) -> float:
        """When a task that takes `seconds` at full speed ends [s]."""
        return self.paces.get(kind, Pace()).end(start, seconds)

    @property
    def course(self) -> tuple[str, ...]:
        """The running plan's sequence of what waits; what is new comes last."""
        names = [j.part for j in self.waiting]
        kept = [p for p in self.previous if p in names]
        return (*kept, *(n for n in names if n not in kept))


@dataclass(frozen=True)
class Slot:
    """A task in time [s]."""

    part: str
    kind: TaskKind
    start: float
    end: float


def timing(problem: Problem, sequence: Sequence[str]) -> tuple[Slot, ...]:
    """Start every task as early as the sequence of blades allows (a semi-active schedule).

    Raises:
        ProductionError: the sequence does not hold every waiting job exactly once.
    """
    waiting = {j.part: j for j in problem.waiting}
    if sorted(sequence) != sorted(waiting):
        raise ProductionError(
            f"sequence {', '.join(sequence)}; valid: each of {', '.join(waiting)} once"
        )
    clock = problem.now
    slots: list[Slot] = []
    inside = [j for j in problem.jobs if j.in_process]
    for job in [*inside, *(waiting[p] for p in sequence)]:
        first = True
        for kind in KINDS:
            if kind not in job.durations:
                continue
            if first and job.running is not None:
                start = job.running
                end = max(problem.now, problem.end(kind, start, job.durations[kind]))
            else:
                start = max(clock, problem.earliest(job, kind))
                end = problem.end(kind, start, job.durations[kind])
            slots.append(Slot(job.part, kind, start, end))
            clock, first = end, False
    return tuple(slots)


def tardiness(problem: Problem, slots: Sequence[Slot]) -> dict[str, float]:
    """Lateness of each order [s]: the end of its last blade past its due time, at least 0."""
    of = {j.part: j.order for j in problem.jobs}
    ends = {name: due.done for name, due in problem.orders.items()}
    for slot in slots:
        order = of[slot.part]
        if slot.kind == "unload" and order is not None:
            ends[order] = max(ends[order], slot.end)
    return {name: max(0.0, ends[name] - due.due) for name, due in problem.orders.items()}


def energy_cost(problem: Problem, slots: Sequence[Slot], since: float = 0.0) -> float:
    """Cost of the tasks' energy on top of idle from a time on [EUR]; slow work draws less."""
    work = {(j.part, k): seconds for j in problem.jobs for k, seconds in j.durations.items()}
    total = 0.0
    for s in slots:
        power = problem.power[s.kind]
        if s.kind in problem.paces and s.end > s.start:
            power *= min(1.0, work[s.part, s.kind] / (s.end - s.start))
        total += problem.tariff.cost(power, max(s.start, since), max(s.end, since))
    return total


def inversions(course: Sequence[str], sequence: Sequence[str]) -> int:
    """Pairs of blades that change places between two sequences (Kendall's tau distance)."""
    rank = {part: i for i, part in enumerate(course)}
    ranks = [rank[p] for p in sequence if p in rank]
    return sum(a > b for i, a in enumerate(ranks) for b in ranks[i + 1 :])


def cost(problem: Problem, sequence: Sequence[str], weights: Weights) -> float:
    """What a sequence costs, in seconds of weighted lateness."""
    slots = timing(problem, sequence)
    late = tardiness(problem, slots)
    weighted = sum(problem.orders[name].priority * value for name, value in late.items())
    makespan = max((s.end for s in slots), default=problem.now)
    return (
        weights.tardiness * weighted
        + weights.makespan * makespan
        + weights.energy * energy_cost(problem, slots)
        + weights.stability * inversions(problem.course, sequence)
    )
