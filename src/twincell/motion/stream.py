"""Joint targets that come one by one, from a policy or a stick, tracked within the limits.

Each target is planned from the present state to a rest (ruckig), so that whatever comes next, or
nothing, the joints can stop before their ends. What a stream must not do is resume by itself: after
a stop it has to pause first, as one lets go of a dead man's switch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import ruckig
from numpy.typing import NDArray

from twincell.errors import GoalError, MotionError, did_you_mean
from twincell.motion.limits import JointLimits

__all__ = ["JointTarget", "Stream"]

Array = NDArray[np.float64]
State = tuple[Array, Array, Array]
"""Positions, velocities, accelerations, each of shape (d,)."""

_STILL = 1e-3
"""Share of a joint's speed limit below which a wanted speed is none."""
_LONGEST = 1.0
"""For which a target may hold at most: an arm that nobody leads must stop soon [s]."""


@dataclass(frozen=True)
class JointTarget:
    """Where joints are to come to rest, or how fast they are to move.

    Attributes:
        joints: names, length d.
        values: positions [rad or m] or velocities [rad/s or m/s], shape (d,).
        speeds: whether `values` are velocities.
        hold: without another target for so long, the joints are brought to rest [s].
        stamp: of the joint state that it answers [s]; the hold counts from there, so that what
            comes too late moves nothing. From its arrival without one.
    """

    joints: tuple[str, ...]
    values: Array
    speeds: bool = False
    hold: float = 0.1
    stamp: float | None = None


class Stream:
    """The newest target of d joints and the way to it.

    Args:
        name: of the mover, for messages.
        joints: names, in command order, length d.
        limits: that are kept.
    """

    def __init__(self, name: str, joints: Sequence[str], limits: JointLimits) -> None:
        self._name, self._joints, self._limits = name, tuple(joints), limits
        self._target: JointTarget | None = None
        self._way: ruckig.Trajectory | None = None
        self._clock = 0.0
        self._until = self._deaf = -np.inf
        self._scale = 1.0

    @property
    def running(self) -> bool:
        """Whether a target is being followed."""
        return self._target is not None

    def silent(self, now: float) -> bool:
        """Whether the target's time is over at `now` [s]."""
        return now > self._until + 1e-9

    def take(self, target: JointTarget, now: float, scale: float) -> JointTarget:
        """Make a target the one that is followed; `plan` has to come next.

        Args:
            target: any joint order.
            now: time [s].
            scale: share of the speed limits that may be used, in (0, 1].

        Returns:
            In the joints' order, within their limits.

        Raises:
            GoalError: unknown or missing joints, numbers that are not finite, a hold out of range,
                a stamp that is too old or of the future, or a stream that a stop has ended and that
                goes on without a pause.
        """
        ordered = self._checked(target, now)
        if now < self._deaf:
            self._deaf = now + target.hold
            raise GoalError(
                f"{self._name}: a stop ended this stream; pause for {target.hold:g} s, then "
                f"stream anew"
            )
        since = now if target.stamp is None else target.stamp
        self._target, self._until, self._scale = ordered, since + target.hold, scale
        return ordered

    def interrupt(self, now: float, hold: float | None = None) -> None:
        """End the stream; what still comes of it is refused until there was a pause of its hold.

        Args:
            now: time [s].
            hold: of a target that has just been refused; of the one that is followed without it.
        """
        if hold is None:
            hold = 0.0 if self._target is None else self._target.hold
        if np.isfinite(hold):
            self._deaf = max(self._deaf, now + min(max(hold, 0.0), _LONGEST))
        self.end()

    def end(self) -> None:
        """Follow nothing."""
        self._target = self._way = None

    # ---------------------------------------------------------------- the way

    def plan(self, state: State) -> None:
        """The fastest way from a state to the target, each joint by itself.

        From a rare state ruckig finds none, though there is one: then joints brake until the next
        target.
        """
        assert self._target is not None  # noqa: S101  (taken)
        q, v, a = state
        target, limits, size = self._target, self._limits, len(self._joints)
        wanted = ruckig.InputParameter(size)
        wanted.synchronization = ruckig.Synchronization.No
        wanted.current_position, wanted.current_velocity = q, v
        wanted.current_acceleration = a.clip(-limits.acceleration, limits.acceleration)
        wanted.max_acceleration, wanted.max_jerk = limits.acceleration, limits.jerk
        fastest = limits.velocity * self._scale
        still = np.zeros(size, bool)
        aim = target.values
        if target.speeds:
            # towards a place that it cannot reach in time, at that speed: so it also stops at ends
            still = np.abs(aim) < _STILL * limits.velocity
            fastest = np.where(still, fastest, np.minimum(np.abs(aim), fastest))
            brake = limits.velocity / limits.acceleration + limits.acceleration / limits.jerk
            far = q + aim * (target.hold + brake) + np.sign(aim) * np.abs(v) * brake
            aim = np.where(still, q, far).clip(limits.lower, limits.upper)
        wanted.target_position, wanted.target_velocity = aim, np.zeros(size)
        wanted.target_acceleration, wanted.max_velocity = np.zeros(size), fastest
        modes = ruckig.ControlInterface
        wanted.per_dof_control_interface = [modes.Velocity if s else modes.Position for s in still]
        way = ruckig.Trajectory(size)
        try:
            result = ruckig.Ruckig(size).calculate(wanted, way)
        except ruckig.RuckigError:
            wanted.per_dof_control_interface = [modes.Velocity] * size
            result = ruckig.Ruckig(size).calculate(wanted, way)
        if result not in (ruckig.Result.Working, ruckig.Result.Finished):
            raise MotionError(f"{self._name}: no way to {aim.tolist()} from {q.tolist()}: {result}")
        self._way, self._clock = way, 0.0

    def rescale(self, scale: float, state: State) -> None:
        """Obey another share of the speed limits from now on."""
        if scale != self._scale:
            self._scale = scale
            self.plan(state)

    def advance(self, dt: float) -> State:
        """The state after another `dt` [s]."""
        assert self._way is not None  # noqa: S101  (planned)
        self._clock += dt
        q, v, a = (np.asarray(x, float) for x in self._way.at_time(self._clock))
        return q, v, a

    # ---------------------------------------------------------------- what is refused

    def _checked(self, target: JointTarget, now: float) -> JointTarget:
        given = list(target.joints)
        for joint in given:
            if joint not in self._joints:
                raise GoalError(
                    f"{self._name}: no joint '{joint}'; {did_you_mean(joint, self._joints)}",
                    GoalError.INVALID_JOINTS,
                )
        if sorted(given) != sorted(self._joints):
            raise GoalError(
                f"{self._name}: target for joints {', '.join(given) or '(none)'}; valid: each of "
                f"{', '.join(self._joints)} once",
                GoalError.INVALID_JOINTS,
            )
        values = np.asarray(target.values, float)
        if values.shape != (len(given),) or not np.isfinite(values).all():
            raise GoalError(
                f"{self._name}: target {values.tolist()}; valid: {len(given)} finite numbers"
            )
        if not 0.0 < target.hold <= _LONGEST:
            raise GoalError(
                f"{self._name}: target holds for {target.hold} s; valid: above 0, at most "
                f"{_LONGEST:g} s"
            )
        age = 0.0 if target.stamp is None else now - target.stamp
        if not -1e-6 <= age <= target.hold:
            raise GoalError(
                f"{self._name}: target for {target.stamp} s at {now:.3f} s; valid: at most its "
                f"hold of {target.hold:g} s old, and not of the future",
                GoalError.OLD_HEADER_TIMESTAMP,
            )
        low, high = self._limits.lower, self._limits.upper
        if target.speeds:
            low, high = -self._limits.velocity, self._limits.velocity
        ordered = values[[given.index(j) for j in self._joints]].clip(low, high)
        return replace(target, joints=self._joints, values=ordered)
