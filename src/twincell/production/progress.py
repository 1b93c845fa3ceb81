"""Progress of the shift: which task begins, how one ends, what is left, and the words for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from twincell.geometry.pose import Pose
from twincell.production.executor import Executor, Outcome
from twincell.production.legs import HOME, Known, source_of, standing
from twincell.production.messages import (
    Command,
    Journalled,
    Leg,
    PlannedTask,
    Publish,
    Rehearse,
    RequestStop,
    TaskKind,
)
from twincell.production.motions import Motions
from twincell.production.planning import Gate, Planner
from twincell.production.pockets import choose, source
from twincell.production.problem import KINDS
from twincell.production.recovery import recover
from twincell.production.state import BladeState, LineState
from twincell.production.summary import summarise
from twincell.production.targets import Targets
from twincell.production.tasks import Tasks
from twincell.safety.policy import stop_request
from twincell.safety.types import SafetyState
from twincell.world.model import World

__all__ = ["Progress"]


class Progress:
    """One blade at a time through load, inspect and unload; the plan says which is next.

    Args:
        world: the cell and its work.
        motions: plans trajectories.
        seed: of the scheduler's search.
        durations: expected of each kind of task [s].
        grasp: of the blade, in the part frame; of the parametric blade where not given.
        gate: judges optional changes of the plan (see `twin.gate`).
        rehearse: ask for `Rehearse` before a change takes ways that no hand has done.

    Attributes:
        world: the cell.
        motions: plans trajectories.
        state: of the line.
        tasks: writes programs.
        executor: runs them.
        planner: holds the plan.
        halted: why nothing more can be done; empty where it can.
        awaits_sight: whether it was restarted and has not seen yet what stands where.
        stops: of the shift: `at`, `until`, `causes`, `text`.

    Raises:
        ProductionError: orders contradict the blades.
    """

    def __init__(
        self,
        world: World,
        motions: Motions,
        seed: int = 0,
        durations: dict[TaskKind, float] | None = None,
        grasp: Pose | None = None,
        gate: Gate | None = None,
        rehearse: bool = False,
    ) -> None:
        table = world.fixture.arm
        home = np.asarray(world.arms[table].home, float)
        fixture = motions.forward(table, home) @ Pose.at(world.fixture.place)
        self.world = world
        self.motions = motions
        self.state = LineState.of(world)
        self.tasks = Tasks(world, Targets(world, fixture, grasp))
        self.executor = Executor(world, motions)
        self.planner = Planner(world, seed, durations, gate, Known() if rehearse else None)
        self._hand_at = (HOME, 0.0)
        self._way: Leg | None = None
        self.halted = ""
        self.awaits_sight = False
        self._safety: SafetyState | None = None
        self._permission: SafetyState | None = None  # None also while the state is silent
        self._inside: BladeState | None = None
        self._left: list[TaskKind] = []
        self._running: tuple[TaskKind, float] | None = None
        self._disturbed = False
        self._delay = 0.0
        self._blocked: tuple[float, float] | None = None
        self._stopped_since: float | None = None
        self._retried: set[str] = set()
        self._out: list[Command] = []
        self._unsaid: list[Command] = []
        self.stops: list[dict[str, Any]] = []

    @property
    def finished(self) -> bool:
        """Whether all blades are done, or none can be done any more, and the arms are home."""
        if self.halted:
            return True
        if self.awaits_sight:
            return False
        more = any(self.state.open(part) for part in self.state.blades)
        planned = bool(self.planner.plans)
        return planned and self._inside is None and not more and self.executor.idle

    def summary(self) -> dict[str, Any]:
        """Tasks, plans, stops, verdicts, tardiness, energy and its cost, for the report."""
        return summarise(self.state, self.planner.plans, self.stops, self.halted)

    def _go_on(self, now: float) -> None:
        """Take note of what ended, begin what is next, and send what can be sent."""
        if not self.planner.plans and self._safety is not None:
            self._replan(now, "the shift begins")
        self._outcomes(now)
        for _ in range(3):
            if self.halted or not self.planner.plans:
                return
            self._begin(now)
            self._out += self.executor.poll(self._permission, now)
            if not self.executor.outcomes:
                return
            self._outcomes(now)

    def _outcomes(self, now: float) -> None:
        while self.executor.outcomes and not self.halted:
            outcome = self.executor.outcomes.pop(0)
            if outcome.what == "done":
                self._done(outcome, now)
            elif outcome.what == "failed":
                self._keep(now, "failed", outcome.program.task, _why(outcome))
                recover(self, outcome, now)
            else:
                self._disturbed = self._disturbed or outcome.what != "led"
                self._keep(now, outcome.what, outcome.program.task, _why(outcome))

    def _done(self, outcome: Outcome, now: float) -> None:
        task = outcome.program.task
        blade = self._inside
        if blade is None or self._running is None or task != self._task_id(self._running[0]):
            if blade is not None and task == f"{blade.part}/put_back":
                self.put_back(blade, now)
            return
        self._complete(blade, self._running[0], now)

    def _complete(self, blade: BladeState, kind: TaskKind, now: float) -> None:
        """The running task has done what it was for."""
        if kind == "load":
            if self._way is not None and self.planner.known is not None:
                self.planner.known.free.add(self._way)
            self._hand_at = (HOME, now)
            self.state.loaded(blade.part)
            self._end_task(now, "done", "")
        elif kind == "unload":
            assert blade.target is not None  # noqa: S101 - set when the unload began
            tray = self.world.racks[blade.target[0]].role == "in_tray"
            blade.where, blade.finished = "returned" if tray else "bin", now
            self._hand_at = (f"{blade.target[0]}/{blade.target[1]}", now)
            self._end_task(now, "done", f"{blade.target[0]}, pocket {blade.target[1]}")
            self._inside = None
        else:
            # an inspection ends with its verdict; a detector that gave none leaves it open
            blade.decision, blade.reason = "rework", "not judged: the detector gave no verdict"
            self._end_task(now, "done", blade.reason)

    def _begin(self, now: float) -> None:
        """Start the next task where nothing else runs."""
        if self._running is not None or self.executor.working:
            return
        if self._inside is None:
            waiting = [p for p in self.planner.sequence if self.state.open(p)]
            if not waiting or self.state.blades[waiting[0]].release > now:
                return
            if self.state.outages.free_from(self.world, "load") > now:
                return
            self._inside = self.state.blades[waiting[0]]
            self._left = list(KINDS)
        if not self._left:
            return
        blade, kind = self._inside, self._left[0]
        if self.state.outages.free_from(self.world, kind) > now:
            return
        if kind == "inspect":
            blade.inspections += 1
        self._running, self._disturbed, self._delay = (kind, now), False, 0.0
        self._blocked = None
        task, part = self._task_id(kind), blade.part
        if kind == "load":
            self._way = Leg(self._stands(now), source_of(self.world, blade))
            program = self.tasks.load(task, part, *self.source(blade))
        elif kind == "inspect":
            program = self.tasks.inspect(task, part)
        else:
            blade.target, full = choose(self.world, self.state, blade)
            if full:
                self._keep(now, "bin_full", blade.part, {"text": full, "to": blade.target[0]})
            program = self.tasks.unload(task, part, *blade.target)
        resource = self.world.inspection.arm if kind == "inspect" else self.world.handler
        self.state.tasks[task] = PlannedTask(task, part, kind, resource, now, now, "running")
        # written ahead: whoever finds this line and no end of the task knows what to look for
        will = {"mover": resource, "part": part, "will_be": self._will_be(blade, kind)}
        self._keep(now, "task_started", task, {**will, **self._metered()})
        self.executor.start(program)

    def _will_be(self, blade: BladeState, kind: TaskKind) -> str | list[str | int]:
        """Where a blade is when its task has ended: rack and pocket, or the fixture."""
        return list(blade.target) if kind == "unload" and blade.target else "fixture"

    def _metered(self) -> dict[str, float]:
        """Energy so far [J] and its cost [EUR]."""
        return {"energy": self.state.energy, "energy_cost": self.state.energy_cost}

    def _task_id(self, kind: TaskKind) -> str:
        assert self._inside is not None  # noqa: S101 - only asked while a blade is in process
        return self._inside.task(kind, self._inside.inspections)

    def _end_task(self, now: float, status: Any, note: str, **more: Any) -> None:
        assert self._running is not None  # noqa: S101 - only called while a task runs
        kind, begun = self._running
        task = self._task_id(kind)
        self.state.tasks[task] = replace(self.state.tasks[task], end=now, status=status, note=note)
        calm = status == "done" and not self._disturbed and not self.state.outages.limiting
        if calm:
            self.planner.observe(kind, now - begun)
        self._left.pop(0)
        self._running = None
        told = {"note": note, "took": now - begun, "calm": calm, **more, **self._metered()}
        self._keep(now, f"task_{status}", task, told)

    def source(self, blade: BladeState) -> tuple[str, int]:
        """Rack and pocket that a blade is taken from, and put back into."""
        return source(self.world, blade)

    # -- what recovery needs -------------------------------------------------------------------

    @property
    def running_kind(self) -> TaskKind:
        """Kind of the running task."""
        assert self._running is not None  # noqa: S101 - only called while a task runs
        return self._running[0]

    def fail_task(self, now: float, note: str, then: str) -> None:
        """End the running task as aborted.

        Args:
            now: time [s].
            note: why.
            then: what is done about it, see `recovery`.
        """
        self._end_task(now, "aborted", note, then=then)

    def leave(self, blade: BladeState, where: Any, reason: str, now: float) -> None:
        """A blade stays where it is for good; the work goes on without it."""
        blade.where, blade.reason = where, reason
        self._inside, self._left, self._running = None, [], None
        self._keep(now, "left", blade.part, {"where": where, "reason": reason})
        self._replan(now, f"{blade.part} is left out: {reason}")

    def put_back(self, blade: BladeState, now: float) -> None:
        """A blade that was held is in its pocket again."""
        self.state.put_back(blade.part)
        rack, pocket = self.source(blade)
        self.leave(blade, "returned", f"put back into {rack}, pocket {pocket}", now)

    def drop_rest(self) -> None:
        """Nothing more is to be done with the blade in process, except what recovery does."""
        self._left = []

    def may_repeat(self, kind: TaskKind, part: str) -> bool:
        """Whether a failed task was not repeated before."""
        return f"{part}/{kind}" not in self._retried

    def repeat(self, kind: TaskKind, part: str) -> None:
        """Put a failed task in front again."""
        self._retried.add(f"{part}/{kind}")
        self._left.insert(0, kind)

    def halt(self, reason: str, now: float) -> None:
        """Nothing more can be done without a person."""
        self.halted = reason
        self._keep(now, "halted", "", {"reason": reason})
        self._stop("mover_fault", f"halt-{now:.3f}", reason, now, now)

    @property
    def inside(self) -> BladeState | None:
        """The blade in process."""
        return self._inside

    def _obey_outages(self, now: float) -> None:
        """What is out of order or slow now holds for what is executed from now on."""
        outages, world = self.state.outages, self.world
        shares = {mover: outages.share(world, mover) for mover in world.arms}
        executor = self.executor
        before = (executor.slow, executor.failed, executor.bare)
        executor.slow = {mover: share for mover, share in shares.items() if share < 1.0}
        executor.failed = frozenset(outages.failed)
        executor.bare = frozenset(outages.tools)
        if before != (executor.slow, executor.failed, executor.bare):
            # what runs now tells nothing about how long such a task takes
            self._disturbed = True
        if self._running is None:
            return
        if outages.free_from(world, self._running[0]) > now:
            self._blocked = self._blocked or (now, self._delay)
        elif self._blocked is not None:
            self._delay, self._blocked = self._held_up(now), None

    def _stands(self, now: float) -> str:
        """Where the empty hand is: a hand that has to wait goes home."""
        place, since = self._hand_at
        return place if since == now else HOME

    def _held_up(self, now: float) -> float:
        """By which stops and outages have held up the running task [s]."""
        if self._blocked is None:
            return self._delay
        since, before = self._blocked
        return before + now - since

    # -- words -----------------------------------------------------------------------------------

    def _replan(self, now: float, reason: str, asked: bool = False) -> None:
        if self.awaits_sight:
            return  # what is where is not known yet; a plan is made as soon as it is
        part = self._inside.part if self._inside is not None else ""
        inside = {part: tuple(self._left)} if self._left else {}
        running = {part: self._running} if self._running is not None else {}
        delay = self._held_up(now) if running else 0.0
        stands = self._stands(now)
        plan = self.planner.replan(self.state, now, reason, inside, running, asked, delay, stands)
        self._out.append(Publish(plan))
        detail = {"reason": reason, "text": plan.text, "sequence": list(self.planner.sequence)}
        self._keep(now, "plan", plan.id, detail)
        if self.planner.question:
            legs, self.planner.question = self.planner.question, ()
            self._out.append(Rehearse(legs, standing(self.world, self.state)))

    def _stop(self, cause: str, key: str, text: str, light: float, now: float) -> None:
        rule = self.world.safety.rules.get(cause)
        if rule is None:
            self._keep(now, "no_rule", cause, {"text": text})
            return
        request = stop_request(rule, cause, key, text, light, now)
        # the stop goes before anything else that this event leads to
        self._out.insert(0, RequestStop(request))
        self._keep(now, "stop_requested", cause, {"text": text})

    def _keep(self, now: float, kind: str, subject: str, detail: dict[str, Any]) -> None:
        self._out.append(Journalled(now, kind, subject, detail))


def _why(outcome: Outcome) -> dict[str, Any]:
    return {"step": outcome.step, "message": outcome.message}
