"""Coming to rest from any state of motion, within acceleration and jerk (ruckig, velocity mode)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import ruckig
from numpy.typing import ArrayLike

from twincell.errors import MotionError
from twincell.motion.limits import JointLimits
from twincell.motion.point_to_point import sampled
from twincell.motion.trajectory import JointTrajectory

__all__ = ["stopping"]


def stopping(
    joints: Sequence[str],
    position: ArrayLike,
    velocity: ArrayLike,
    acceleration: ArrayLike,
    limits: JointLimits,
    *,
    straight: bool = True,
) -> JointTrajectory:
    """The way to standstill.

    From speed v with no acceleration one joint needs t = v/a + a/j and travels v t / 2 when
    v >= a^2/j (trapezoid of acceleration), otherwise t = 2 sqrt(v/j).

    Args:
        joints: joint names, length d.
        position: where each joint is, shape (d,) [rad or m].
        velocity: shape (d,) [rad/s or m/s].
        acceleration: shape (d,) [rad/s^2 or m/s^2].
        limits: of the joints; an acceleration beyond them is brought back first.
        straight: whether joints stay on the straight line that they are on, where that is possible;
            else each stops as soon as it can, which a joint near its end may need.

    Raises:
        MotionError: the state is not finite.
    """
    q, v, a = (np.asarray(x, float) for x in (position, velocity, acceleration))
    if not all(np.all(np.isfinite(x)) for x in (q, v, a)):
        raise MotionError(f"cannot stop from a state that is not finite: {q}, {v}, {a}")
    wanted = ruckig.InputParameter(len(q))
    wanted.control_interface = ruckig.ControlInterface.Velocity
    way = ruckig.Synchronization
    wanted.synchronization = way.Phase if straight else way.No
    wanted.current_position = q
    wanted.current_velocity = v
    wanted.current_acceleration = a
    wanted.target_velocity = np.zeros(len(q))
    wanted.target_acceleration = np.zeros(len(q))
    wanted.max_acceleration = limits.acceleration
    wanted.max_jerk = limits.jerk
    made = ruckig.Trajectory(len(q))
    result = ruckig.Ruckig(len(q)).calculate(wanted, made)
    if result not in (ruckig.Result.Working, ruckig.Result.Finished):
        raise MotionError(f"no way to standstill from velocity {v.tolist()}: {result}")
    if made.duration < 1e-9:
        return JointTrajectory(tuple(joints), np.zeros(1), q[None], np.zeros((1, len(q))))
    return sampled(joints, made)
