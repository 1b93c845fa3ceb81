"""The arm's side of safety: what moves the joints obeys the safety state, and its silence."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from twincell.errors import GoalError, did_you_mean
from twincell.geometry.description import RobotDescription
from twincell.motion.controller import Outcome, TrajectoryController
from twincell.motion.limits import JointLimits
from twincell.motion.stream import JointTarget
from twincell.motion.trajectory import JointTrajectory
from twincell.physics.cell import PhysicsCell
from twincell.safety.policy import stop_request
from twincell.safety.types import CELL, SafetyState, StopReport, StopRequest
from twincell.world.model import World

__all__ = ["HEARTBEAT_LOST", "Drives"]

Array = NDArray[np.float64]

HEARTBEAT_LOST = "heartbeat_lost"
"""Cause of the stop that the drives make by themselves; its id begins with it."""
ASK_AGAIN = 0.05
"""Between one sending of the drives' own request and the next [s of wall time]: a supervisor that
answers each with a state, each of which is answered with a request, would do nothing else."""


class Drives:
    """One controller a mover, between goals, safety state and physics.

    Motion needs a safety state that permits it and is not older than `world.safety.patience` in
    wall time. Without one, at the start too, every mover is stopped as the world's rule for
    `heartbeat_lost` says. Permission ends a stop and starts no motion: goals have to come anew.

    A supervisor that was silent, or that counts from the start again, has lost its memory of what
    was latched. Its permission does not count until it has taken up the drives' own request
    (`plea`) and a reset has lifted it.

    Args:
        world: the cell.
        descriptions: of the movers.
        physics: the Bullet world.
    """

    def __init__(
        self, world: World, descriptions: Mapping[str, RobotDescription], physics: PhysicsCell
    ) -> None:
        self._physics = physics
        self._patience = world.safety.patience
        self._lease_time, self._lease = world.safety.lease, -np.inf
        self._rule = world.safety.rules[HEARTBEAT_LOST]
        self._controllers = {
            name: TrajectoryController(
                name,
                descriptions[name].joints,
                JointLimits.of(descriptions[name], arm),
                arm.home,
                goal_tolerance=arm.tolerance,
            )
            for name, arm in world.arms.items()
        }
        self._why: dict[str, tuple[str, str, float, float]] = {}
        self._state: SafetyState | None = None
        self._heard = -np.inf
        self.silent = True
        """Whether the safety state is missing or too old."""
        self._reports: list[StopReport] = []
        self._plea: StopRequest | None = None
        self._taken_up = False
        self._first_asked, self._asked = np.inf, -np.inf
        self._pleas = 0
        for name, controller in self._controllers.items():
            controller.stop(2, 0.0)
            self._why[name] = ("", "starting", 0.0, math.nan)

    @property
    def names(self) -> tuple[str, ...]:
        """The movers."""
        return tuple(self._controllers)

    def _controller(self, mover: str) -> TrajectoryController:
        if mover not in self._controllers:
            raise GoalError(f"no mover '{mover}'; {did_you_mean(mover, self._controllers)}")
        return self._controllers[mover]

    # ---------------------------------------------------------------- goals

    def accept(self, mover: str, goal: JointTrajectory, now: float, stamp: float | None) -> None:
        """Give a mover a goal.

        Args:
            mover: its name.
            goal: the trajectory.
            now: time [s].
            stamp: time at which it is meant to start [s]; `now` where none is given.

        Raises:
            GoalError: refused, with the code of control_msgs/FollowJointTrajectory.
        """
        controller = self._controller(mover)
        if self.silent:
            raise self._unheard(mover)
        controller.accept(goal, now, stamp)

    def stream(self, mover: str, target: JointTarget, now: float) -> JointTarget:
        """Let a mover follow a streamed target; see `TrajectoryController.stream`.

        Returns:
            What is followed, within the mover's limits.

        Raises:
            GoalError: refused.
        """
        controller = self._controller(mover)
        try:
            return controller.stream(target, now)
        except GoalError as error:
            if self.silent:
                raise self._unheard(mover) from error
            raise

    def streaming(self, mover: str) -> bool:
        """Whether a mover follows streamed targets."""
        return self._controller(mover).streaming

    def _unheard(self, mover: str) -> GoalError:
        return GoalError(
            f"{mover}: stopped, the safety state is silent; motion needs one that is at most "
            f"{self._patience:g} s old"
        )

    def cancel(self, mover: str, now: float) -> None:
        """Bring a mover's goal to rest within its limits."""
        self._controller(mover).cancel(now)

    def outcome(self, mover: str) -> Outcome | None:
        """How the mover's last goal ended; None while it runs or is brought to rest."""
        return self._controller(mover).result

    def set_point(self, mover: str) -> tuple[Array, Array]:
        """Commanded positions and velocities, each shape (d,)."""
        return self._controller(mover).command

    # ---------------------------------------------------------------- safety

    def hear(self, state: SafetyState, now: float, wall: float) -> None:
        """Obey a safety state.

        Args:
            state: the supervisor's word.
            now: time [s].
            wall: monotonic wall time of its arrival [s].
        """
        last = self._state
        if last is not None and state.sequence <= last.sequence:
            if state.sequence == last.sequence or state.stamp < last.stamp:
                return  # heard before, or overtaken: no sign of life
            self._lose(f"the supervisor counts anew from {state.sequence}", now)
        self.watch(now, wall)  # a process that was paused hears this state before it looks around
        self._state, self._heard, self.silent = state, wall, False
        self._lease = now + self._lease_time
        if self._plea is not None:
            active = any(r.id == self._plea.id for r in state.active)
            if self._taken_up and not active:
                self._plea, self._taken_up = None, False
            self._taken_up = self._taken_up or active
        for name in self._controllers:
            self._obey(name, state, now)

    def leased(self, now: float) -> bool:
        """Whether the newest safety state still lets time go on.

        A machine that is short of time delivers a state late: time waits for it, and movers get
        no further than `safety.lease` from the state before. One that does not come within
        `safety.patience` of wall time is silence; then movers brake, and time goes on.

        Args:
            now: time [s].
        """
        return self.silent or self._state is None or now < self._lease

    @property
    def plea(self) -> StopRequest | None:
        """The stop that the drives made by themselves and no supervisor has latched yet."""
        return None if self._taken_up else self._plea

    def ask(self, now: float, wall: float) -> StopRequest | None:
        """The plea, where it is to be sent now; None where it was sent a moment ago, or is none.

        Of states only the newest is heard. One that told of the plea may have been overtaken by
        that of a reset; the supervisor, which takes up a request only once, would then never tell
        of it again. So a plea that stays unanswered is made anew.

        Args:
            now: time [s].
            wall: monotonic wall time [s].
        """
        if self._plea is None or self._taken_up or wall - self._asked < ASK_AGAIN:
            return None
        if wall - self._first_asked > self._patience:
            self._plead(self._plea.evidence, now)
        self._first_asked, self._asked = min(self._first_asked, wall), wall
        return self._plea

    def _plead(self, why: str, now: float) -> StopRequest:
        self._pleas += 1
        self._taken_up = False
        self._first_asked, self._asked = np.inf, -np.inf
        self._plea = stop_request(self._rule, HEARTBEAT_LOST, str(self._pleas), why, now, now)
        return self._plea

    def _lose(self, why: str, now: float) -> None:
        """Stop by themselves, and hold until a supervisor knows of it and is reset."""
        plea = self._plea
        if plea is None or self._taken_up:
            plea = self._plead(why, now)
        for name in self._controllers:
            self._stop(name, self._rule.category, now, (plea.id, HEARTBEAT_LOST, now, now))

    def watch(self, now: float, wall: float) -> None:
        """Stop everything where the safety state has gone silent; to be called at every step.

        Args:
            now: time [s].
            wall: monotonic wall time [s].
        """
        if self._state is None or wall - self._heard <= self._patience:
            return
        if not self.silent:
            self.silent = True
            self._lose(f"no safety state for {wall - self._heard:.3f} s", now)

    def _obey(self, name: str, state: SafetyState, now: float) -> None:
        controller = self._controllers[name]
        entry = state.mover(name)
        if entry.category is None:
            if self._plea is not None:
                return
            if controller.stopped and controller.release(self._physics.joints(name)[0]):
                self._physics.power_on(name)
            if entry.speed_scale > 0.0:
                controller.speed_scale = entry.speed_scale
            return
        mine = [r for r in state.active if r.scope in (CELL, name)]
        # the newest request that concerns it; without one the supervisor is starting
        why = ("", "starting", now, math.nan)
        if mine:
            why = (mine[-1].id, mine[-1].cause, mine[-1].requested, mine[-1].stamp)
        self._stop(name, entry.category, now, why)

    def _stop(
        self, name: str, category: int, now: float, why: tuple[str, str, float, float]
    ) -> None:
        controller = self._controllers[name]
        if not controller.stopped:
            self._why[name] = why
        controller.stop(category, now)
        if category == 0:
            self._physics.power_off(name)

    # ---------------------------------------------------------------- one step

    def step(self, now: float, dt: float) -> None:
        """Set-points of all movers for the step from `now` to `now + dt` go to physics."""
        for name, controller in self._controllers.items():
            q, v = controller.update(now, dt, self._physics.joints(name)[0])
            self._physics.command(name, q, v)
            rest = controller.take_standstill()
            if rest is None:
                continue
            if rest.category == 1:  # stopped under power, now without
                self._physics.power_off(name)
            request, cause, requested, evidence = self._why[name]
            if request:
                self._reports.append(
                    StopReport(
                        mover=name,
                        request=request,
                        cause=cause,
                        category=rest.category,
                        requested=requested,
                        accepted=rest.accepted,
                        first_deceleration=rest.first_deceleration,
                        standstill=rest.standstill,
                        distance=rest.distance,
                        evidence=evidence,
                        predicted_standstill=rest.predicted_standstill,
                        predicted_distance=rest.predicted_distance,
                    )
                )

    def take_reports(self) -> list[StopReport]:
        """Stops that came to rest since the last call."""
        reports, self._reports = self._reports, []
        return reports
