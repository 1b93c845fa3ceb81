"""The fastest jerk-limited motion between two rests, straight in joint space (ruckig)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import ruckig
from numpy.typing import ArrayLike, NDArray

from twincell.errors import MotionError
from twincell.motion.limits import JointLimits
from twincell.motion.trajectory import JointTrajectory

__all__ = ["knots", "point_to_point", "sampled"]

Array = NDArray[np.float64]

_COARSE = 0.1
"""Longest time between two way-points [s]; fine enough to look right when it is drawn."""


def knots(trajectory: ruckig.Trajectory) -> Array:
    """Times at which any joint's jerk changes, and no more than 0.1 s between two, from 0 [s].

    Between them position is a cubic in time, which Hermite segments reproduce exactly.
    """
    times = [0.0, trajectory.duration]
    for section in trajectory.profiles:
        for profile in section:
            start = float(profile.brake.duration)
            times += [start, *(start + np.cumsum(profile.t)), *np.cumsum(profile.brake.t)]
    inside = np.clip(np.array(times), 0.0, trajectory.duration)
    inside = np.concatenate([inside, np.arange(0.0, trajectory.duration, _COARSE)])
    rising = np.unique(inside)
    kept: Array = rising[np.concatenate([[True], np.diff(rising) > 1e-6])]
    return kept


def sampled(joints: Sequence[str], trajectory: ruckig.Trajectory) -> JointTrajectory:
    """A ruckig trajectory as way-points at its knots."""
    times = knots(trajectory)
    states = [trajectory.at_time(float(t)) for t in times]
    return JointTrajectory(
        tuple(joints), times, np.array([s[0] for s in states]), np.array([s[1] for s in states])
    )


def point_to_point(
    joints: Sequence[str], start: ArrayLike, goal: ArrayLike, limits: JointLimits
) -> JointTrajectory:
    """The fastest motion from rest to rest whose joints keep step (a straight line).

    Args:
        joints: joint names, length d.
        start: shape (d,) [rad or m].
        goal: shape (d,) [rad or m].
        limits: of the joints.

    Raises:
        MotionError: start or goal beyond the joint limits.
    """
    q0, q1 = np.asarray(start, float), np.asarray(goal, float)
    if not limits.within(q1, 1e-4):
        raise MotionError(
            f"goal {np.round(q1, 3).tolist()} is beyond the joint limits "
            f"{np.round(limits.lower, 3).tolist()} to {np.round(limits.upper, 3).tolist()}"
        )
    way = q1 - q0
    if float(np.max(np.abs(way))) < 1e-9:
        times = np.array([0.0, 0.01])
        return JointTrajectory(tuple(joints), times, np.stack([q0, q1]), np.zeros((2, len(q0))))
    # one law for the share of the way: ruckig's own phase synchronisation is not always straight
    share = 1.0 / np.maximum(np.abs(way), 1e-9)
    wanted = ruckig.InputParameter(1)
    wanted.current_position = [0.0]
    wanted.target_position = [1.0]
    wanted.max_velocity = [float(np.min(limits.velocity * share))]
    wanted.max_acceleration = [float(np.min(limits.acceleration * share))]
    wanted.max_jerk = [float(np.min(limits.jerk * share))]
    made = ruckig.Trajectory(1)
    result = ruckig.Ruckig(1).calculate(wanted, made)
    if result not in (ruckig.Result.Working, ruckig.Result.Finished):
        raise MotionError(f"no time law from {q0.tolist()} to {q1.tolist()}: {result}")
    law = sampled(("share",), made)
    return JointTrajectory(tuple(joints), law.times, q0 + law.positions * way, law.velocities * way)
