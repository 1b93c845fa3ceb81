"""A geometric path in joint space and the time law along it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import ruckig
from numpy.typing import NDArray

from twincell.errors import MotionError
from twincell.motion.limits import JointLimits
from twincell.motion.point_to_point import knots
from twincell.motion.trajectory import JointTrajectory

__all__ = ["Law", "time_law", "timed"]

Array = NDArray[np.float64]

_SPACING = 0.02
"""Longest time between two way-points of a curved path [s]."""


@dataclass(frozen=True)
class Law:
    """Limits along a path of length L.

    Attributes:
        speed: of the path parameter a second.
        acceleration: a second squared.
        jerk: a second cubed.
    """

    speed: float
    acceleration: float
    jerk: float


def time_law(
    curve: Callable[[Array, int], Array], length: float, limits: JointLimits, wanted: Law
) -> Law:
    """The fastest law up to `wanted` that surely keeps the joint limits anywhere on the path.

    With q(s(t)), primes for d/ds and dots for d/dt:
    q. = q' s.,  q.. = q' s.. + q'' s.^2,  q... = q' s... + 3 q'' s. s.. + q''' s.^3.
    Half of each limit is given to the linear term and half to the terms of curvature.

    Args:
        curve: `curve(s, n)` gives the n-th derivative of q at `s`, shape (len(s), d).
        length: of the path parameter.
        limits: of the joints.
        wanted: what is asked for along the path.
    """
    s = np.linspace(0.0, length, 200)
    d1, d2, d3 = (np.max(np.abs(curve(s, n)), axis=0) + 1e-12 for n in (1, 2, 3))
    speed = min(
        wanted.speed,
        float(np.min(limits.velocity / d1)),
        float(np.min(np.sqrt(0.5 * limits.acceleration / d2))),
        float(np.min(np.cbrt(0.25 * limits.jerk / d3))),
    )
    acceleration = min(
        wanted.acceleration,
        float(np.min(0.5 * limits.acceleration / d1)),
        float(np.min(0.25 * limits.jerk / (3.0 * d2 * speed))),
    )
    return Law(speed, acceleration, min(wanted.jerk, float(np.min(0.5 * limits.jerk / d1))))


def timed(
    joints: Sequence[str],
    curve: Callable[[Array, int], Array],
    length: float,
    law: Law,
) -> JointTrajectory:
    """Run along a path from rest to rest: jerk-limited up to speed, constant, and down again.

    Raises:
        MotionError: the law's values are not positive.
    """
    wanted = ruckig.InputParameter(1)
    wanted.current_position = [0.0]
    wanted.target_position = [length]
    wanted.max_velocity = [law.speed]
    wanted.max_acceleration = [law.acceleration]
    wanted.max_jerk = [law.jerk]
    made = ruckig.Trajectory(1)
    result = ruckig.Ruckig(1).calculate(wanted, made)
    if result not in (ruckig.Result.Working, ruckig.Result.Finished):
        raise MotionError(f"no time law for a path of {length:.4f}: {law}: {result}")
    count = int(np.ceil(made.duration / _SPACING)) + 1
    times = np.union1d(knots(made), np.linspace(0.0, made.duration, count))
    times = times[np.concatenate([[True], np.diff(times) > 1e-6])]
    states = np.array([[x[0] for x in made.at_time(float(t))] for t in times])
    s = np.clip(states[:, 0], 0.0, length)
    velocities = curve(s, 1) * states[:, 1:2]
    velocities[0] = velocities[-1] = 0.0
    return JointTrajectory(tuple(joints), times, curve(s, 0), velocities)
