"""Makes plans: schedules what is left, asks the twin about optional changes, says what moved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from twincell.production.explain import changes
from twincell.production.legs import HOME, Known, transfers
from twincell.production.messages import Alternative, Decision, Leg, Plan, PlannedTask, TaskKind
from twincell.production.problem import Problem, energy_cost, tardiness, timing
from twincell.production.scheduler import Schedule, right_shift, solve
from twincell.production.state import DURATIONS, LineState
from twincell.world.model import World

__all__ = ["Gate", "Planner", "Ruling"]


@dataclass(frozen=True)
class Ruling:
    """Which change is made, and why.

    Attributes:
        chosen: name of the accepted change, None to keep course.
        text: in words and numbers.
        alternatives: keeping course first, then the changes.
    """

    chosen: str | None
    text: str
    alternatives: tuple[Alternative, ...] = ()


class Gate(Protocol):
    """Judges changes against keeping course (see `twin.gate`)."""

    def judge(
        self, problem: Problem, keep: Sequence[str], changes: Mapping[str, Sequence[str]]
    ) -> Ruling:
        """Which of the named sequences, if any, is better than `keep` by enough."""


def _rivals(problem: Problem, scheduled: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Other sequences than the running one, by name, each once."""
    course = problem.course
    order = {j.part: problem.orders[j.order] for j in problem.jobs if j.order is not None}
    rank = {part: i for i, part in enumerate(course)}
    far = float("inf")
    by_due = sorted(course, key=lambda p: (order[p].due if p in order else far, rank[p]))
    by_weight = sorted(course, key=lambda p: (-order[p].priority if p in order else far, rank[p]))
    ready = {j.part: j.release for j in problem.waiting}
    by_release = sorted(course, key=lambda p: (ready[p] if ready[p] > problem.now else 0, rank[p]))
    found: dict[str, tuple[str, ...]] = {}
    named = {
        "the scheduler's order": scheduled,
        "by due time": by_due,
        "by priority": by_weight,
        "what is there first": by_release,
    }
    for name, sequence in named.items():
        given = tuple(sequence)
        if given != course and given not in found.values():
            found[name] = given
    return found


class Planner:
    """Holds the running plan and makes the next.

    Args:
        world: movers, limit of the search.
        seed: of the search.
        durations: expected of each kind of task [s].
        gate: asked before the order of the blades changes; without one the schedule decides.
        known: ways of the empty hand that are known; None where the physics cell is not asked
            about those that are not.

    Attributes:
        question: ways that a change would take and that nobody has tried, to be taken out.
    """

    def __init__(
        self,
        world: World,
        seed: int,
        durations: dict[TaskKind, float] | None = None,
        gate: Gate | None = None,
        known: Known | None = None,
    ) -> None:
        self._world = world
        self.known = known
        self.question: tuple[Leg, ...] = ()
        self._seed = seed
        self._gate = gate
        self.durations: dict[TaskKind, float] = {**DURATIONS, **(durations or {})}
        self.seen: dict[TaskKind, list[float]] = {k: [] for k in self.durations}
        self._idle = sum(arm.power.idle for arm in world.arms.values())
        self.sequence: tuple[str, ...] = ()
        self.plans: list[Plan] = []

    def observe(self, kind: TaskKind, seconds: float) -> None:
        """Learn from a task that ended undisturbed: the mean of those seen replaces the guess."""
        self.seen[kind].append(seconds)
        self.durations[kind] = sum(self.seen[kind]) / len(self.seen[kind])

    def take_up(
        self,
        plans: Sequence[Plan],
        sequence: Sequence[str],
        seen: Iterable[tuple[TaskKind, float]],
    ) -> None:
        """Go on where another planner has left off.

        Args:
            plans: that it made.
            sequence: of the blades in the last of them.
            seen: kind and duration of tasks that it has observed [s].
        """
        self.plans, self.sequence = list(plans), tuple(sequence)
        for kind, seconds in seen:
            self.observe(kind, seconds)

    def replan(
        self,
        state: LineState,
        now: float,
        reason: str,
        inside: dict[str, tuple[TaskKind, ...]],
        running: dict[str, tuple[TaskKind, float]],
        asked: bool = False,
        delay: float = 0.0,
        stands: str = HOME,
    ) -> Plan:
        """The next plan.

        Args:
            state: of the line.
            now: time [s].
            reason: the event that led to it, in words.
            inside: tasks left of the blade in process.
            running: kind and start of the running task, by blade.
            asked: the twin plays the rest of the shift even where no other order is at hand.
            delay: by which stops have held up the running task [s].
            stands: place at which the empty hand stands.
        """
        problem = state.problem(
            now, self.durations, running, inside, self.sequence, self._world, delay
        )
        schedule = solve(problem, self._world.production.solve_time, self._seed)
        ruling: Ruling | None = None
        if self._gate is not None and problem.waiting:
            rivals = _rivals(problem, schedule.sequence)
            ways = {
                name: transfers(self._world, state, order, next(iter(inside), None), stands)
                for name, order in {"": problem.course, **rivals}.items()
            }
            if asked or rivals:
                refused = self._refused(rivals, ways)
                rivals = {n: order for n, order in rivals.items() if n not in refused}
                ruling = self._tried(self._gate.judge(problem, problem.course, rivals), ways)
                said_no = "".join(f"; '{name}' refused: {why}" for name, why in refused.items())
                ruling = replace(ruling, text=ruling.text + said_no)
                schedule = right_shift(problem)
                if ruling.chosen is not None:
                    chosen = tuple(rivals[ruling.chosen])
                    schedule = replace(schedule, sequence=chosen, slots=timing(problem, chosen))
        verdict = f"; twin: {ruling.text}" if ruling is not None else ""
        before = self.plans[-1] if self.plans else None
        tasks = self._tasks(state, schedule, running)
        finished = state.lateness()
        late = {**finished, **tardiness(problem, schedule.slots)}
        priority = {n: o.priority for n, o in state.orders.items()}
        weighted = sum(priority[n] * s for n, s in late.items() if not state.orders[n].cancelled)
        end = max((t.end for t in tasks), default=now)
        old = before.tasks if before else ()
        said = changes(old, tasks, before.tardiness if before else 0.0, weighted)
        revision = len(self.plans) + 1
        plan = Plan(
            id=f"plan-{revision}",
            revision=revision,
            stamp=now,
            reason=reason,
            tasks=tasks,
            makespan=end,
            tardiness=weighted,
            energy_cost=self._cost(state, schedule, problem, now, end),
            text=f"{reason}: {said}{verdict}",
            decision=Decision(said, ruling.text, ruling.alternatives) if ruling else None,
        )
        self.sequence = schedule.sequence
        self.plans.append(plan)
        return plan

    def _refused(
        self, rivals: Mapping[str, Sequence[str]], ways: Mapping[str, Sequence[Leg]]
    ) -> dict[str, str]:
        """Rivals with a way that is known to be blocked and that the course does not take."""
        if self.known is None:
            return {}
        found: dict[str, str] = {}
        for name in rivals:
            for leg in ways[name]:
                if leg in self.known.blocked and leg not in ways[""]:
                    found.setdefault(name, f"{leg}: {self.known.blocked[leg]}")
        return found

    def _tried(self, ruling: Ruling, ways: Mapping[str, Sequence[Leg]]) -> Ruling:
        """Keep course for now where the accepted change takes ways that nobody has tried."""
        if self.known is None or ruling.chosen is None:
            return ruling
        usual = set(ways[""]) | self.known.free
        new = tuple(leg for leg in dict.fromkeys(ways[ruling.chosen]) if leg not in usual)
        if not new:
            return ruling
        if not self.known.asked:
            self.question, self.known.asked = new, True
        legs = ", ".join(map(str, new))
        return Ruling(
            None,
            f"{ruling.text}; course kept until the physics cell has tried the hand's way {legs}",
            tuple(replace(a, chosen=i == 0) for i, a in enumerate(ruling.alternatives)),
        )

    def _cost(
        self, state: LineState, schedule: Schedule, problem: Problem, now: float, end: float
    ) -> float:
        """Energy cost of the whole shift: spent, idle power to come, tasks to come [EUR]."""
        come = energy_cost(problem, schedule.slots, now)
        return state.energy_cost + state.tariff.cost(self._idle, now, max(now, end)) + come

    def _tasks(
        self,
        state: LineState,
        schedule: Schedule,
        running: dict[str, tuple[TaskKind, float]],
    ) -> tuple[PlannedTask, ...]:
        """What was done, what runs, and what is planned, by start."""
        tasks = [t for t in state.tasks.values() if t.status in ("done", "aborted")]
        for slot in schedule.slots:
            blade = state.blades[slot.part]
            now_running = slot.part in running and running[slot.part][0] == slot.kind
            number = blade.inspections + (0 if now_running else 1)
            hand = slot.kind != "inspect"
            note = ""
            if slot.kind == "unload":
                note = f"to {state.blades[slot.part].decision or 'accept (expected)'}"
            tasks.append(
                PlannedTask(
                    id=blade.task(slot.kind, number),
                    part=slot.part,
                    kind=slot.kind,
                    resource=self._world.handler if hand else self._world.inspection.arm,
                    start=slot.start,
                    end=slot.end,
                    status="running" if now_running else "waiting",
                    note=note,
                )
            )
        return tuple(sorted(tasks, key=lambda t: (t.start, t.end, t.id)))
