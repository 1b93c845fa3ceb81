"""What a controller checks before it takes a trajectory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from twincell.errors import GoalError, did_you_mean
from twincell.motion.limits import JointLimits
from twincell.motion.trajectory import JointTrajectory

__all__ = ["checked"]

Array = NDArray[np.float64]

_START = 0.05
"""Largest distance of the first way-point from where the joints are [rad or m]."""
_SPEED_SLACK = 1.02
"""A way-point may round its speed up by so much."""


def checked(
    name: str,
    trajectory: JointTrajectory,
    joints: Sequence[str],
    limits: JointLimits,
    position: Array,
) -> JointTrajectory:
    """A goal in the controller's joint order, beginning at time 0 where the joints are.

    Args:
        name: of the mover, for messages.
        trajectory: the goal; its joints may come in any order, its first way-point may lie at a
            time after 0.
        joints: the controller's joints, in order.
        limits: of these joints.
        position: commanded joint positions now, shape (d,) [rad or m].

    Raises:
        GoalError: `INVALID_JOINTS` for missing, unknown or repeated joints; `INVALID_GOAL` for
            anything else that cannot be executed.
    """
    goal = _ordered(name, trajectory, joints)
    _check_numbers(name, goal)
    if goal.times[0] > 0:
        goal = JointTrajectory(
            goal.joints,
            np.concatenate([[0.0], goal.times]),
            np.vstack([position, goal.positions]),
            np.vstack([np.zeros(len(joints)), goal.velocities]),
        )
    _check_limits(name, goal, limits)
    apart = np.abs(goal.positions[0] - position)
    worst = int(np.argmax(apart))
    if apart[worst] > _START:
        raise GoalError(
            f"{name}: the trajectory starts at {joints[worst]} = {goal.positions[0][worst]:.4f}, "
            f"the joint is at {position[worst]:.4f}; at most {_START} apart is valid"
        )
    return goal


def _ordered(name: str, goal: JointTrajectory, joints: Sequence[str]) -> JointTrajectory:
    given = list(goal.joints)
    for joint in given:
        if joint not in joints:
            raise GoalError(
                f"{name}: no joint '{joint}'; {did_you_mean(joint, joints)}",
                GoalError.INVALID_JOINTS,
            )
    missing = [j for j in joints if j not in given]
    if missing or len(given) != len(joints):
        what = f"missing: {', '.join(missing)}" if missing else "a joint is named twice"
        raise GoalError(
            f"{name}: goal for joints {', '.join(given) or '(none)'}; {what}; "
            f"valid: each of {', '.join(joints)} once",
            GoalError.INVALID_JOINTS,
        )
    size = (len(goal.times), len(joints))
    for what, array in (("positions", goal.positions), ("velocities", goal.velocities)):
        if np.shape(array) != size:
            raise GoalError(
                f"{name}: {what} of shape {np.shape(array)}; valid: {size} "
                f"({size[0]} way-points of {size[1]} joints)"
            )
    order = [given.index(j) for j in joints]
    return JointTrajectory(
        tuple(joints),
        np.asarray(goal.times, float),
        np.asarray(goal.positions, float)[:, order],
        np.asarray(goal.velocities, float)[:, order],
    )


def _check_numbers(name: str, goal: JointTrajectory) -> None:
    if len(goal.times) == 0:
        raise GoalError(f"{name}: the trajectory has no way-points; valid: at least one")
    for what, array in (
        ("times", goal.times),
        ("positions", goal.positions),
        ("velocities", goal.velocities),
    ):
        if not np.all(np.isfinite(array)):
            raise GoalError(f"{name}: {what} are not all finite")
    if goal.times[0] < 0 or np.any(np.diff(goal.times) <= 0):
        raise GoalError(f"{name}: times must rise from 0; given {goal.times[:8].tolist()} ...")


def _check_limits(name: str, goal: JointTrajectory, limits: JointLimits) -> None:
    beyond = (goal.positions < limits.lower - 1e-4) | (goal.positions > limits.upper + 1e-4)
    if np.any(beyond):
        i, j = (int(k) for k in np.argwhere(beyond)[0])
        raise GoalError(
            f"{name}: way-point {i} puts {goal.joints[j]} at {goal.positions[i, j]:.4f}; valid: "
            f"{limits.lower[j]:.4f} to {limits.upper[j]:.4f}"
        )
    speeds = np.abs(goal.velocities)
    if len(goal.times) > 1:
        # the cubic between two way-points is fastest at an end or in its middle (its vertex)
        h = np.diff(goal.times)[:, None]
        mean = np.diff(goal.positions, axis=0) / h
        middle = 1.5 * mean - 0.25 * (goal.velocities[1:] + goal.velocities[:-1])
        speeds = np.vstack([speeds, np.abs(middle)])
    if np.any(speeds > limits.velocity * _SPEED_SLACK):
        i, j = (int(k) for k in np.argwhere(speeds > limits.velocity * _SPEED_SLACK)[0])
        raise GoalError(
            f"{name}: {goal.joints[j]} would move at {speeds[i, j]:.3f} rad/s; "
            f"valid: up to {limits.velocity[j]:.3f} rad/s"
        )
