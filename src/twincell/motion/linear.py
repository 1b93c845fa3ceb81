"""Straight lines of the tip: approach, insertion, retreat, and scan passes at constant speed."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicSpline

from twincell.errors import MotionError
from twincell.geometry.pose import Pose
from twincell.motion.kinematics import ArmModel
from twincell.motion.path import Law, time_law, timed
from twincell.motion.trajectory import JointTrajectory

__all__ = ["line", "line_joints"]

Array = NDArray[np.float64]

_STEP = 0.008
"""Distance between two poses whose inverse is taken [m]."""
_TURN = 0.04
"""The same for orientation [rad]."""
_LARGEST = 0.35
"""A joint that moves more than this between two neighbouring poses has jumped [rad]."""


def line_joints(model: ArmModel, start: ArrayLike, goal: Pose) -> Array:
    """Joint positions along the straight line of the tip from where it is to `goal`.

    Args:
        model: the arm.
        start: joint positions at the line's start, shape (d,).
        goal: pose of the tip at its end.

    Returns:
        Shape (n, d), n >= 4, evenly spaced along the line.

    Raises:
        MotionError: a pose of the line is out of reach or a joint would jump; says where.
    """
    here = model.forward(start)
    distance = float(np.linalg.norm(goal.p - here.p))
    turn = 2.0 * float(np.arccos(min(1.0, abs(float(here.q @ goal.q)))))
    count = max(4, int(np.ceil(max(distance / _STEP, turn / _TURN))) + 1)
    rows = [np.asarray(start, float)]
    for fraction in np.linspace(0.0, 1.0, count)[1:]:
        # the extrapolated seed keeps a redundant arm's self-motion smooth
        seed = 2.0 * rows[-1] - rows[-2] if len(rows) > 1 else rows[-1]
        q, error = model.refine(here.interpolate(goal, float(fraction)), seed)
        jump = float(np.max(np.abs(q - rows[-1])))
        if error > 1e-6 or jump > _LARGEST:
            why = f"a joint jumps by {jump:.2f} rad" if error <= 1e-6 else "out of reach"
            raise MotionError(
                f"{model.description.name}: line to {np.round(goal.p, 3).tolist()} m breaks "
                f"{distance * fraction * 1e3:.0f} mm after its start: {why}"
            )
        rows.append(q)
    return np.array(rows)


def line(model: ArmModel, start: ArrayLike, goal: Pose, law: Law) -> JointTrajectory:
    """Move the tip along a straight line with a jerk-limited speed.

    Args:
        model: the arm.
        start: joint positions at rest, shape (d,).
        goal: pose of the tip at the end.
        law: speed [m/s], acceleration [m/s^2] and jerk [m/s^3] along the line; slower where a
            joint limit asks for it. A turn on the spot takes one radian for 0.2 m.

    Raises:
        MotionError: see `line_joints`.
    """
    rows = line_joints(model, start, goal)
    here = model.forward(start)
    distance = float(np.linalg.norm(goal.p - here.p))
    turn = 2.0 * float(np.arccos(min(1.0, abs(float(here.q @ goal.q)))))
    length = max(distance, 0.2 * turn)
    joints = model.description.joints
    if length < 1e-6:
        still = np.stack([rows[0], rows[0]])
        return JointTrajectory(joints, np.array([0.0, 0.01]), still, np.zeros_like(still))
    spline = CubicSpline(np.linspace(0.0, length, len(rows)), rows, axis=0)

    def curve(s: Array, order: int) -> Array:
        values: Array = spline(s, order)
        return values

    return timed(joints, curve, length, time_law(curve, length, model.limits, law))
