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
_EARLY, _SETTLED = 6, 8
"""Periods of a scan in which the profiler goes to where the planned pass begins, not up; after
which it is corrected gently."""
_GENTLE, _ACROSS = 0.1, 0.2
"""Of a correction, from then on; of a step across, at most."""
_GRASPS, _KEEPS = 0.006, 0.012
"""Of the taker's tip from its grasp: it closes, and it does not open again [m]."""
_RISES, _GOES = 0.19, 0.15
"""Of the giver's tip over the taker's grasp: up to where it rises, and the taker goes on [m]."""

_PICK_STEP = 0.02
"""Of PickBlade's actions of one [m]."""
_ALIGNED = 0.006
"""Of PickBlade's tip from its grasp across: it goes down [m]."""
_CARRIED = 0.036
"""Of a blade over the fixture while it is carried across [m]."""


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
    about = (Rotation.from_quat(begin.q) * turn.inv()).as_rotvec() / _TURN
    # what is aimed at rises faster than the tip may; without a jump in time, which no policy learns
    time = (1.0 - seen[:, -2].astype(float)) * task.periods
    gap[:, 2] += 1.1 * np.maximum(time - _EARLY, 0.0)
    # on the way up gently: a step across costs height, a turn sweeps lines too fast to count
    soon = np.clip((_SETTLED - time) / 3.0, 0.0, 1.0)[:, None]
    gain, most = _GENTLE + (1.0 - _GENTLE) * soon, _ACROSS + (1.0 - _ACROSS) * soon
    across = np.clip(gain * gap[:, :2], -most, most)
    action = np.concatenate([across, gap[:, 2:], gain * about], axis=1)
    return np.asarray(action.clip(-1.0, 1.0))


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


def _pick(task: Any, seen: Any) -> Array:
    """Down over the root, close; up, across, and down into the fixture."""
    inner = seen["observation"].astype(float)
    hand = inner[:, 2 * task.size + 6 :]
    opening, held, to = hand[:, 0], hand[:, 1] > 0.5, hand[:, 5:8]
    far = np.linalg.norm(to, axis=1)
    closes = held | (far < np.where(opening < 0.95, _KEEPS, _GRASPS))
    aim = 0.6 * to
    aim[np.hypot(to[:, 0], to[:, 1]) > _ALIGNED, 2] = 0.0
    aim[closes] = 0.0
    gap = seen["desired_goal"].astype(float) - seen["achieved_goal"]
    across = np.hypot(gap[:, 0], gap[:, 1])
    # over the walls as long as it is not above its place; across only once it is over them
    over = _CARRIED * np.clip((across - 0.002) / 0.004, 0.0, 1.0)
    low = np.clip((0.5 * _CARRIED + gap[:, 2]) / 0.01, 0.0, 1.0) * (across > 0.006)
    carry = 0.5 * np.stack([gap[:, 0] * (1 - low), gap[:, 1] * (1 - low), gap[:, 2] + over], axis=1)
    aim[held] = carry[held]
    action = np.concatenate([aim / _PICK_STEP, np.where(closes, 1.0, -1.0)[:, None]], axis=1)
    return np.asarray(action.clip(-1.0, 1.0))


TEACHERS: dict[str, Teacher] = {
    "twincell/PickBlade-v0": _pick,
    "twincell/ReachClear-v0": _clear,
    "twincell/ScanBlade-v0": _scan,
    "twincell/TwoArmHandOver-v0": _hand_over,
}
"""By environment; Cartesian actions."""
