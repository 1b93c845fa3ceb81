"""Scripted ways through tasks, from what a policy sees alone: what a warm start imitates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from twincell.errors import TrainingError, did_you_mean

__all__ = ["TEACHERS", "Teacher", "teacher"]

Array = NDArray[np.float64]
Teacher = Callable[[Any, Any], Array]
"""Takes the task and what its n arms see, first axis n; gives their actions, within [-1, 1]."""

_ASIDE = 0.16
"""Of the tip from the end of the visitor's hand, until that has passed [m]."""
_PASSED = 0.25
"""Of the hand beyond the goal along its walk [m]."""
_TURN, _STEP = 0.02, 0.001
"""Of ScanBlade's actions of one [rad, m]."""
_EARLY = 8
"""Periods of a scan in which the profiler goes to where the planned pass begins, not up."""
_GRASPS, _KEEPS = 0.006, 0.012
"""Of the taker's tip from its grasp: it closes, and it does not open again [m]."""
_RISES, _GOES = 0.19, 0.15
"""Of the giver's tip over the taker's grasp: up to where it rises, and the taker goes on [m]."""


def teacher(env: str) -> Teacher:
    """The scripted way through an environment.

    Raises:
        TrainingError: there is none.
    """
    if env not in TEACHERS:
        raise TrainingError(
            f"warm_start: no scripted way through '{env}'; {did_you_mean(env, TEACHERS)}"
        )
    return TEACHERS[env]


def _clear(task: Any, seen: Any) -> Array:
    """To the goal, but not beyond the end of the visitor's hand before that has passed."""
    inner, goal = seen["observation"].astype(float), seen["desired_goal"].astype(float)
    hand = inner[:, 2 * task.size + 6 :][:, :3]
    side = np.sign(hand[:, 1] - task.middle[1])
    most = side * (hand[:, 1] - task.middle[1]) - _ASIDE
    across = side * (goal[:, 1] - task.middle[1])
    waits = (across > most) & (hand[:, 0] < goal[:, 0] + _PASSED)
    aim = goal.copy()
    aim[waits, 1] = (task.middle[1] + side * most)[waits]
    return np.asarray(np.clip(12.0 * (aim - seen["achieved_goal"]), -1.0, 1.0))


def _scan(task: Any, seen: Any) -> Array:
    """To where the planned pass begins, then up along it."""
    d, begin = task.size, task.begin
    tip, axes = seen[:, 2 * d : 2 * d + 3].astype(float), seen[:, 2 * d + 6 : 2 * d + 12]
    x, z = axes.astype(float).reshape(-1, 2, 3).transpose(1, 0, 2)
    turn = Rotation.from_matrix(np.stack([x, np.cross(z, x), z], axis=2))
    gap = (begin.p - tip) / _STEP
    move = np.concatenate([gap[:, :2].clip(-0.3, 0.3), np.ones((len(gap), 1))], axis=1)
    early = (1.0 - seen[:, -2]) * task.periods < _EARLY - 0.5
    # up at the bound: the environment shortens a step that is longer than one
    move[early] = (gap / np.maximum(np.linalg.norm(gap, axis=1, keepdims=True), 1.0))[early]
    about = (Rotation.from_quat(begin.q) * turn.inv()).as_rotvec() / _TURN
    return np.asarray(np.clip(np.concatenate([move, about], axis=1), -1.0, 1.0))


def _hand_over(task: Any, seen: Any) -> Array:
    """The taker goes to the root and closes; the giver opens and rises; the taker goes on."""
    inner = seen["observation"].astype(float)
    d = task.size
    hands = inner[:, 2 * d + 2 * task.side.size + 12 :]
    closing, taken, free = hands[:, 1] < 0.75, hands[:, 3] > 0.5, hands[:, 4] > 0.5
    root, to = hands[:, 5:8], hands[:, 8:11]
    above = inner[:, 2 * d + 2] - root[:, 2]
    far = np.linalg.norm(to, axis=1)
    closes = taken | (far < np.where(closing, _KEEPS, _GRASPS))
    given = taken & free
    # straight in only once it is before the root: fingers open to both sides of it
    beside = np.linalg.norm(to - (to @ task.towards)[:, None] * task.towards, axis=1) > 0.006
    aim = to + 0.06 * beside[:, None] * -task.towards
    aim[closes] = 0.0
    goes = given & (above > _GOES)
    aim[goes] = (seen["desired_goal"].astype(float) - seen["achieved_goal"])[goes]
    action = np.zeros((len(inner), 8))
    action[:, 2] = given & (above < _RISES)
    action[:, 3] = np.where(taken, -1.0, 1.0)
    action[:, 4:7] = 20.0 * aim
    action[:, 7] = np.where(closes, 1.0, -1.0)
    return np.asarray(action.clip(-1.0, 1.0))


TEACHERS: dict[str, Teacher] = {
    "twincell/ReachClear-v0": _clear,
    "twincell/ScanBlade-v0": _scan,
    "twincell/TwoArmHandOver-v0": _hand_over,
}
"""By environment; Cartesian actions."""
