"""Runs programs: step by step, several at once, stopped and resumed, each command answered once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from twincell.errors import MotionError
from twincell.motion.trajectory import JointTrajectory
from twincell.production.messages import (
    Clamp,
    Command,
    FinishScan,
    Grip,
    Look,
    Move,
    StartScan,
    Steer,
)
from twincell.production.motions import Motions, retimed
from twincell.production.steps import (
    ClampStep,
    GripStep,
    LookStep,
    MoveStep,
    PassStep,
    Program,
    ScanStep,
    Step,
    TurnStep,
)
from twincell.safety.types import Mode, SafetyState
from twincell.world.model import World

__all__ = ["Executor", "Outcome"]

Array = NDArray[np.float64]

_LINE_SPEED = 0.25
"""Speed of the tip on straight lines to and from blades [m/s]."""
_AT_HOME = 0.05
"""A mover within this of its home stands clear [rad]."""
_AT_START = 0.005
"""A scan pass may start within this of its first position [rad]."""
_BESIDE = 0.05
"""A mover within this of where it is to go needs nobody to lead it there [rad]."""
_ATTEMPTS = 2
"""How often a step is tried before its program fails."""
_AGAIN = 0.5
"""What was looked at is looked at again after so long, when it has come to rest [s]."""
_CLAMP, _DETECTOR, _LOOK = "/clamp", "/detector", "/look"  # names that no mover can have


@dataclass(frozen=True)
class Outcome:
    """Something came of a program.

    Attributes:
        what: its steps ended (`done`), a step failed for good (`failed`), was `interrupted` by a
            stop or will be tried again (`retry`); a policy brought an arm where it was to go
            (`led`) or did not, so that it is planned (`fallback`).
        program: the program.
        step: the step that it is about, empty for `done`.
        message: why.
    """

    what: Literal["done", "failed", "interrupted", "retry", "led", "fallback"]
    program: Program
    step: str = ""
    message: str = ""


@dataclass
class _Run:
    """A program under way."""

    program: Program
    ended: set[str] = field(default_factory=set)
    failures: dict[str, int] = field(default_factory=dict)
    after: dict[str, float] = field(default_factory=dict)
    led: set[str] = field(default_factory=set)
    reopen: bool = False
    told: bool = False
    dropped: bool = False

    def todo(self) -> list[Step]:
        """Steps that have not ended and whose needs have."""
        steps = () if self.dropped else self.program.steps
        if self.told or self.dropped:
            # the tail of an aborted task starts from wherever it was
            steps = self.program.tail
        open_steps = [s for s in steps if s.id not in self.ended]
        if self.dropped:
            return open_steps
        return [s for s in open_steps if all(n in self.ended for n in s.needs)]

    def over(self) -> bool:
        """Whether nothing is left to do."""
        return (self.told or self.dropped) and not self.todo()


@dataclass(frozen=True)
class _Sent:
    """A command without its answer."""

    run: _Run
    step: Step
    resource: str
    closing: bool
    end: Array | None
    goal: bool
    led: bool = False


class Executor:
    """Turns programs into commands and answers into progress.

    A move that was stopped is planned anew, from where the arm stands, once it may move again.

    Args:
        world: names, home positions.
        motions: plans trajectories.

    Attributes:
        slow: share of its speed at which a mover moves from its next motion on; absent: all of it.
        failed: movers that cannot move: their steps wait.
        bare: movers without their tool: steps that need it wait.
        outcomes: what came of programs, to be taken out.
    """

    def __init__(self, world: World, motions: Motions) -> None:
        self._world = world
        self._motions = motions
        self._runs: list[_Run] = []
        self._sent: dict[str, _Sent] = {}
        self._at: dict[str, Array] = {}
        self._positions: dict[str, Array] = {}
        self._count = 0
        self._now = 0.0
        self.slow: dict[str, float] = {}
        self.failed: frozenset[str] = frozenset()
        self.bare: frozenset[str] = frozenset()
        self.outcomes: list[Outcome] = []

    @property
    def idle(self) -> bool:
        """Whether no program is under way and no answer is missing."""
        return not self._runs and not self._sent

    @property
    def working(self) -> bool:
        """Whether a program, its tail not counted, is under way."""
        return any(not r.told and not r.dropped for r in self._runs)

    def start(self, program: Program, ended: Collection[str] = ()) -> None:
        """Begin a program; a tail of an earlier one that has not begun is left out.

        Args:
            program: its steps.
            ended: steps that were done before, by an orchestrator that was killed.
        """
        movers = {s.mover for s in program.steps if isinstance(s, MoveStep | GripStep)}
        busy = {id(s.run) for s in self._sent.values()}
        self._runs = [
            r
            for r in self._runs
            if not (
                (r.told or r.dropped)
                and id(r) not in busy
                and {s.mover for s in r.program.tail if isinstance(s, TurnStep)} & movers
            )
        ]
        self._runs.append(_Run(program, set(ended)))
        self._sweep()

    def abort(self, task: str) -> None:
        """Leave out what is left of a task, except its tail."""
        for run in self._runs:
            if run.program.task == task:
                run.dropped = True
        self._sweep()

    def hear(self, positions: dict[str, Array]) -> None:
        """Where the movers are, each shape (d,) [rad]."""
        self._positions = positions

    def answered(self, tag: str, ok: bool, message: str, allowed: bool = True) -> bool:
        """A command was answered.

        Args:
            tag: of the command.
            ok: whether it did what was asked.
            message: why not.
            allowed: whether its mover was free to move; where not, a failure is a stop.

        Returns:
            False for an unknown tag: an answer that came twice or is not ours.
        """
        sent = self._sent.pop(tag, None)
        if sent is None:
            return False
        run, step = sent.run, sent.step
        if sent.led:
            self._led(sent, ok, message, allowed)
            return True
        if sent.end is not None:
            if ok:
                self._at[sent.resource] = sent.end
            else:
                self._at.pop(sent.resource, None)
        if ok:
            if run.reopen and isinstance(step, GripStep) and not sent.closing:
                run.reopen = False
            if sent.goal:
                run.ended.add(step.id)
        elif run.dropped:
            self._sweep()
            return True
        elif not allowed or "stop" in message.lower():
            self.outcomes.append(Outcome("interrupted", run.program, step.id, message))
        else:
            run.reopen = isinstance(step, GripStep) and step.close
            if isinstance(step, LookStep):
                run.after[step.id] = self._now + _AGAIN
                message = f"not {step.where}: {message}"
            self._failed(run, step, message)
        self._sweep()
        return True

    def allowed(self, tag: str, state: SafetyState | None) -> bool:
        """Whether the mover of a command may move."""
        sent = self._sent.get(tag)
        return sent is None or self._may(sent.resource, state)

    def poll(self, state: SafetyState | None, now: float) -> list[Command]:
        """Commands for every step that can start now [s]."""
        self._now = now
        commands: list[Command] = []
        busy = {s.resource for s in self._sent.values()}
        for run in list(self._runs):
            for step in run.todo():
                resource = _resource(step)
                if resource in busy or now < run.after.get(step.id, now):
                    continue
                if not self._may(resource, state):
                    continue
                if resource in self.bare and not isinstance(step, TurnStep):
                    continue
                if any(not self._clear(m, busy) for m in getattr(step, "clear_of", ())):
                    continue
                try:
                    command = self._command(run, step, resource)
                except MotionError as error:
                    self._at.pop(resource, None)
                    self._failed(run, step, str(error))
                    continue
                if command is not None:
                    commands.append(command)
                    busy.add(resource)
        self._sweep()
        return commands

    def _failed(self, run: _Run, step: Step, message: str) -> None:
        count = run.failures.get(step.id, 0) + 1
        run.failures[step.id] = count
        if count < _ATTEMPTS:
            self.outcomes.append(Outcome("retry", run.program, step.id, message))
            return
        if run in self._runs:
            self._runs.remove(run)
        self.outcomes.append(Outcome("failed", run.program, step.id, message))

    def _sweep(self) -> None:
        """Tell of tasks that ended, forget programs that are over."""
        for run in self._runs:
            steps = run.program.steps
            if not run.told and not run.dropped and all(s.id in run.ended for s in steps):
                run.told = True
                self.outcomes.append(Outcome("done", run.program))
        waiting = {id(s.run) for s in self._sent.values()}
        self._runs = [r for r in self._runs if not r.over() or id(r) in waiting]

    def _may(self, resource: str, state: SafetyState | None) -> bool:
        if resource in (_DETECTOR, _LOOK):
            return True
        if state is None or state.mode is Mode.STARTING:
            return False
        mover = self._world.fixture.arm if resource == _CLAMP else resource
        return mover not in self.failed and state.mover(mover).category is None

    def _where(self, mover: str) -> Array:
        """Where a mover stands: the end of its last motion, else what was last heard."""
        known = self._at.get(mover)
        return known if known is not None else self._positions[mover]

    def _clear(self, mover: str, busy: set[str]) -> bool:
        if mover in busy or mover not in self._positions:
            return False
        home = np.asarray(self._world.arms[mover].home, float)
        return bool(np.max(np.abs(self._where(mover) - home)) < _AT_HOME)

    def _command(self, run: _Run, step: Step, resource: str) -> Command | None:
        """The next command of a step; None where it has nothing to do or nothing was heard yet."""
        part = run.program.part
        self._count += 1
        tag = f"{run.program.task}/{step.id}/{self._count}"
        closing, end, goal = False, None, True
        command: Command
        if isinstance(step, GripStep):
            closing = step.close and not run.reopen
            goal = closing == step.close
            command = Grip(tag, step.mover, closing, part)
        elif isinstance(step, ClampStep):
            command = Clamp(tag, step.close, part)
        elif isinstance(step, LookStep):
            command = Look(tag, part, step.pose)
        elif isinstance(step, ScanStep):
            command = (StartScan if step.what == "start" else FinishScan)(tag, part)
        else:
            if step.mover not in self._positions:
                return None
            point = self._point(run, step)
            if point is not None:
                self._sent[tag] = _Sent(run, step, resource, False, None, False, led=True)
                return Steer(tag, step.mover, point)
            trajectory, goal = self._trajectory(step)
            if trajectory is None:
                run.ended.add(step.id)
                return None
            end = trajectory.positions[-1]
            trajectory = retimed(trajectory, self.slow.get(step.mover, 1.0))
            command = Move(tag, step.mover, trajectory)
        self._sent[tag] = _Sent(run, step, resource, closing, end, goal)
        return command

    def _point(self, run: _Run, step: MoveStep | TurnStep | PassStep) -> Array | None:
        """Where a policy is to lead the tip, shape (3,) [m]; None where the motion is planned."""
        chosen = self._world.inspection.approach == "policy"
        chosen = chosen and self.slow.get(step.mover, 1.0) == 1.0  # it knows no slower way
        if not chosen or not isinstance(step, PassStep) or step.id in run.led:
            return None
        start = self._motions.scan_pass(step.view).positions[0]
        if np.max(np.abs(self._where(step.mover) - start)) < _BESIDE:
            return None
        return self._motions.forward(step.mover, start).p

    def _led(self, sent: _Sent, ok: bool, message: str, allowed: bool) -> None:
        """A policy ended: from where the arm stands it is planned, after a stop led once more."""
        run, step = sent.run, sent.step
        self._at.pop(sent.resource, None)
        if not run.dropped:
            stopped = not ok and (not allowed or "stop" in message.lower())
            if not stopped:
                run.led.add(step.id)
            what: Literal["interrupted", "led", "fallback"]
            what = "interrupted" if stopped else "led" if ok else "fallback"
            self.outcomes.append(Outcome(what, run.program, step.id, message))
        self._sweep()

    def _trajectory(
        self, step: MoveStep | TurnStep | PassStep
    ) -> tuple[JointTrajectory | None, bool]:
        """A trajectory towards a step's end, and whether it gets there; None: it is there."""
        start = self._where(step.mover)
        others = {m: self._where(m) for m in self._positions if m != step.mover}
        if isinstance(step, MoveStep):
            if step.line:
                line = self._motions.line(step.mover, start, step.target, _LINE_SPEED)
                return line, True
            pose = step.target
            return self._motions.to_pose(step.mover, start, pose, others, step.carrying), True
        if isinstance(step, TurnStep):
            if np.max(np.abs(start - step.target)) < 1e-4:
                return None, True
            return (
                self._motions.to_joints(step.mover, start, step.target, others, step.carrying),
                True,
            )
        sweep = self._motions.scan_pass(step.view)
        if np.max(np.abs(start - sweep.positions[0])) < _AT_START:
            return sweep, True
        goal = sweep.positions[0]
        return self._motions.to_joints(step.mover, start, goal, others, False), False


def _resource(step: Step) -> str:
    if isinstance(step, ClampStep):
        return _CLAMP
    if isinstance(step, ScanStep):
        return _DETECTOR
    if isinstance(step, LookStep):
        return _LOOK
    return step.mover
