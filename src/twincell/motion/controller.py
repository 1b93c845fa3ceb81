"""A joint trajectory controller: takes goals, gives set-points, stops within the joint limits.

The same core runs in the lockstep cell and behind the FollowJointTrajectory action. Beside goals it
takes streamed targets (see `motion.stream`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twincell.errors import GoalError
from twincell.motion.goal import checked
from twincell.motion.limits import JointLimits
from twincell.motion.outcome import (
    GOAL_TOLERANCE_VIOLATED,
    PATH_TOLERANCE_VIOLATED,
    SUCCESSFUL,
    Outcome,
    Standstill,
)
from twincell.motion.stop_watch import REST, StopWatch
from twincell.motion.stopping import stopping
from twincell.motion.stream import JointTarget, Stream
from twincell.motion.trajectory import JointTrajectory

__all__ = ["Outcome", "Standstill", "TrajectoryController"]

Array = NDArray[np.float64]

_NONE = 3
"""Milder than every stop category."""
_RESTING = 1e-4
"""A streamed arm this slow may take a goal [rad/s or m/s]."""


class TrajectoryController:
    """Executes one goal at a time; `update` is called once a physics step.

    Args:
        name: of the mover.
        joints: names, in command order, length d.
        limits: that goals must keep and stops use.
        home: commanded positions at the start, shape (d,) [rad or m].
        path_tolerance: largest distance of measured from commanded while moving [rad or m].
        goal_tolerance: the same at the end of a goal.
        goal_time: time after the end within which the goal tolerance must be met [s].
    """

    def __init__(
        self,
        name: str,
        joints: Sequence[str],
        limits: JointLimits,
        home: ArrayLike,
        *,
        path_tolerance: float = 0.1,
        goal_tolerance: float = 0.01,
        goal_time: float = 0.5,
    ) -> None:
        self.name = name
        self.joints = tuple(joints)
        self.limits = limits
        self.result: Outcome | None = None
        self._tolerances = (path_tolerance, goal_tolerance, goal_time)
        self._q = np.array(home, float)
        self._v = np.zeros_like(self._q)
        self._a = np.zeros_like(self._q)
        self._goal: JointTrajectory | None = None
        self._clock = 0.0
        self._begin = 0.0
        self._over = 0.0
        self._stream = Stream(name, self.joints, limits)
        self._straight = True
        self._brake: JointTrajectory | None = None
        self._ended: Outcome | None = None
        self._stop: StopWatch | None = None
        self._held = False
        self._category = _NONE
        self._report: Standstill | None = None
        self._scale = self._scale_from = self._scale_to = 1.0
        self._ramp = 1.0

    # ---------------------------------------------------------------- what it is doing

    @property
    def active(self) -> bool:
        """Whether a goal is being executed or brought to rest."""
        return self._goal is not None or self._ended is not None

    @property
    def stopped(self) -> bool:
        """Whether a stop is in force: goals are refused until `release`."""
        return self._held

    @property
    def streaming(self) -> bool:
        """Whether streamed targets are followed now."""
        return self._stream.running

    @property
    def command(self) -> tuple[Array, Array]:
        """The last set-point: positions and velocities, each shape (d,)."""
        return self._q.copy(), self._v.copy()

    @property
    def progress(self) -> float:
        """Share of the running goal's time that has passed, 0 to 1; 0 without a goal."""
        return 0.0 if self._goal is None else min(1.0, self._clock / max(self._goal.duration, 1e-9))

    @property
    def speed_scale(self) -> float:
        """Share of the trajectory's own speed, in (0, 1]; changes are ramped."""
        return self._scale_to

    @speed_scale.setter
    def speed_scale(self, value: float) -> None:
        if not 0.0 < value <= 1.0:
            raise GoalError(f"{self.name}: speed scale {value}; valid: above 0, at most 1")
        if value != self._scale_to:
            self._scale_from, self._scale_to, self._ramp = self._scale, value, 0.0

    def take_standstill(self) -> Standstill | None:
        """The report of a stop that has come to rest since the last call."""
        report, self._report = self._report, None
        return report

    # ---------------------------------------------------------------- what it is told

    def accept(self, trajectory: JointTrajectory, now: float, stamp: float | None = None) -> None:
        """Take a goal and start it.

        Args:
            trajectory: the goal; any joint order.
            now: time [s].
            stamp: time at which it is meant to start [s]; `now` where none is given.

        Raises:
            GoalError: refused; the controller goes on as before.
        """
        if self._held:
            raise GoalError(f"{self.name}: a stop is in force; reset it before sending goals")
        if self.active:
            raise GoalError(f"{self.name}: a goal is running; cancel it or wait for its end")
        if self._brake is not None or (self._stream.running and np.max(np.abs(self._v)) > _RESTING):
            raise GoalError(f"{self.name}: a stream moves it; let it come to rest")
        goal = checked(self.name, trajectory, self.joints, self.limits, self._q)
        if stamp is not None and stamp + goal.duration < now:
            raise GoalError(
                f"{self.name}: the trajectory ended at {stamp + goal.duration:.3f} s, before now "
                f"({now:.3f} s); valid: a stamp whose trajectory is not over",
                GoalError.OLD_HEADER_TIMESTAMP,
            )
        self._goal, self._clock, self._over, self.result = goal, 0.0, 0.0, None
        self._begin = now if stamp is None else max(stamp, now)
        self._stream.end()
        self._straight = True

    def stream(self, target: JointTarget, now: float) -> JointTarget:
        """Follow a streamed target until the next one; silence brings the joints to rest.

        Args:
            target: where the joints are to be, or how fast; any joint order.
            now: time [s].

        Returns:
            What is followed: in the controller's joint order, within the limits.

        Raises:
            GoalError: refused; the controller goes on as before.
        """
        if self._held:
            self._stream.interrupt(now, target.hold)
            raise GoalError(f"{self.name}: a stop is in force; reset it before streaming")
        if self.active:
            raise GoalError(f"{self.name}: a goal is running; cancel it or wait for its end")
        taken = self._stream.take(target, now, self._scale_to)
        # a new stream may catch the arm while it still brakes after the last one's silence
        self._brake, self._straight = None, False
        self._stream.plan((self._q, self._v, self._a))
        return taken

    def cancel(self, now: float) -> None:
        """Decelerate and end the goal as canceled; nothing happens without a goal."""
        if self._goal is not None:
            self._decelerate(Outcome("canceled", SUCCESSFUL, f"canceled at {now:.3f} s"))

    def stop(self, category: int, now: float) -> None:
        """Stop and refuse goals until `release`; a second stop may only be stricter.

        Args:
            category: 0 the joints' power goes at once (set-points follow the brakes),
                1 and 2 decelerate within the joint limits.
            now: time [s].
        """
        if self._held and category >= self._category:
            return
        self._category = category
        if self._stop is not None:
            if category > 0:
                self._stop.category = category
                return
            self._stop.escalate()
        self._held = True
        if self._stop is None:
            self._stop = StopWatch(category, now, self._q, float(np.max(np.abs(self._v))))
        text = f"stopped at {now:.3f} s, category {category}"
        was_moving = self._goal is not None or self._brake is not None or self._stream.running
        self._stream.interrupt(now)
        ended = Outcome("aborted", GoalError.INVALID_GOAL, text) if self.active else None
        if category == 0:
            self._goal, self._brake, self._ended = None, None, ended
            self._v = np.zeros_like(self._q)
            self._a = np.zeros_like(self._q)
        elif was_moving:
            self._stop.foretell(self._decelerate(ended))

    def release(self, measured: ArrayLike | None = None) -> bool:
        """Lift the stop, once it has come to rest. Nothing moves until a new goal is accepted.

        Args:
            measured: joint positions, shape (d,). Where power was off the arm may have sagged in
                its brakes; the set-point begins there, so that no joint jumps when power returns.

        Returns:
            Whether goals are accepted again.
        """
        if self._stop is None:
            if self._held and self._category < 2 and measured is not None:
                self._q = np.array(measured, float)
            self._held, self._category = False, _NONE
        return not self._held

    # ---------------------------------------------------------------- one step

    def update(
        self, now: float, dt: float, measured: ArrayLike | None = None
    ) -> tuple[Array, Array]:
        """The set-point for the end of the step from `now` to `now + dt`.

        Args:
            now: time [s].
            dt: length of the step [s].
            measured: joint positions at `now`, shape (d,); tolerances are not watched without.

        Returns:
            Positions and velocities, each shape (d,).
        """
        real = None if measured is None else np.array(measured, float)
        if self._stop is not None and self._stop.category == 0 and real is not None:
            self._follow(dt, real)
        elif self._brake is not None:
            self._advance_brake(dt)
        elif self._goal is not None and now >= self._begin - 1e-9:
            self._advance_goal(now, dt, real)
        elif self._stream.running:
            self._advance_stream(now, dt, real)
        self._watch_stop(now, dt, real)
        return self._q.copy(), self._v.copy()

    def _decelerate(self, ended: Outcome | None) -> JointTrajectory:
        near = np.clip(self._a, -self.limits.acceleration, self.limits.acceleration)
        brake = stopping(self.joints, self._q, self._v, near, self.limits, straight=self._straight)
        self._brake, self._goal, self._ended, self._clock = brake, None, ended, 0.0
        self._stream.end()
        return brake

    def _advance_brake(self, dt: float) -> None:
        assert self._brake is not None  # noqa: S101  (for the type checker; update checked)
        self._clock += dt
        self._q, self._v, self._a = self._brake.sample(self._clock)
        if self._clock >= self._brake.duration:
            self._v, self._a = np.zeros_like(self._q), np.zeros_like(self._q)
            self._brake = None
            if self._ended is not None:
                self.result, self._ended = self._ended, None

    def _advance_goal(self, now: float, dt: float, real: Array | None) -> None:
        assert self._goal is not None  # noqa: S101
        path, goal, patience = self._tolerances
        error = 0.0 if real is None else float(np.max(np.abs(real - self._q)))
        if error > path:
            text = f"{error:.4f} rad off the path at {now:.3f} s; {path} is allowed"
            self._decelerate(Outcome("aborted", PATH_TOLERANCE_VIOLATED, text))
            self._advance_brake(dt)
            return
        rate = self._advance_scale(dt)
        self._clock += self._scale * dt
        q, v, a = self._goal.sample(self._clock)
        self._q, self._v = q, v * self._scale
        self._a = a * self._scale**2 + v * rate
        if self._clock < self._goal.duration:
            return
        self._over += dt
        if error <= goal:
            self._goal, self.result = None, Outcome("succeeded", SUCCESSFUL, "goal reached")
        elif self._over > patience:
            text = f"{error:.4f} rad from the goal after {patience} s; {goal} is allowed"
            self._goal, self.result = None, Outcome("aborted", GOAL_TOLERANCE_VIOLATED, text)

    def _advance_stream(self, now: float, dt: float, real: Array | None) -> None:
        error = 0.0 if real is None else float(np.max(np.abs(real - self._q)))
        if error > self._tolerances[0]:
            self._stream.interrupt(now)
        if error > self._tolerances[0] or self._stream.silent(now):
            self._decelerate(None)
            self._advance_brake(dt)
            return
        self._stream.rescale(self._scale_to, (self._q, self._v, self._a))
        self._q, self._v, self._a = self._stream.advance(dt)

    def _advance_scale(self, dt: float) -> float:
        """Move the speed scale on its ramp; returns its rate [1/s]."""
        if self._ramp >= 1.0:
            return 0.0
        change = self._scale_to - self._scale_from
        # the quintic's steepest slope is 15/8: keep its share of acceleration below a half
        slowest = float(np.max(self.limits.velocity / self.limits.acceleration))
        time = max(0.3, 3.75 * abs(change) * slowest)
        self._ramp = min(1.0, self._ramp + dt / time)
        u = self._ramp
        before = self._scale
        self._scale = self._scale_from + change * u**3 * (10 - 15 * u + 6 * u**2)
        return (self._scale - before) / dt

    def _follow(self, dt: float, real: Array) -> None:
        """Category 0: the brakes hold; the set-point stays where the joints really are."""
        moved = float(np.max(np.abs(real - self._q)))
        self._q = real.copy()
        if moved <= REST * dt and self._ended is not None:
            self.result, self._ended = self._ended, None

    def _watch_stop(self, now: float, dt: float, real: Array | None) -> None:
        if self._stop is None:
            return
        braking = self._brake is not None or self._ended is not None
        speed = float(np.max(np.abs(self._v)))
        self._report = self._stop.update(now, dt, speed, self._q, braking, real)
        if self._report is not None:
            self._stop = None
