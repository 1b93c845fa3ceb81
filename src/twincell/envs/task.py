"""The reach task for n arms at once; the environments hand its arrays on."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from twincell.assets import world_path
from twincell.envs.control import ACTIONS, command, observe, solve
from twincell.envs.options import Options
from twincell.errors import EnvError, did_you_mean
from twincell.geometry.description import describe
from twincell.geometry.lumped import lump
from twincell.geometry.pose import Pose
from twincell.physics.arm_dynamics import FreeArms
from twincell.physics.bullet_arms import BulletArms
from twincell.physics.chain import constants, forward
from twincell.world.load import load_world

__all__ = ["Observation", "ReachTask"]

Array = NDArray[np.float64]
Observation = dict[str, NDArray[np.float32]]
Errors = dict[str, NDArray[Any]]

_STEPS: Mapping[str, float] = {"cartesian": 0.05, "position": 1.0, "velocity": 1.0, "torque": 0.25}


class ReachTask:
    """n arms that each have a goal.

    Args:
        count: n.
        options: of the task.

    Raises:
        EnvError: no such arm, or a corner of the box of goals is out of its reach.
    """

    goal_size = 3
    _width = 3
    """Of a Cartesian action."""

    def __init__(self, count: int, options: Options) -> None:
        self.options = options
        path = world_path(options.world)
        world = load_world(path)
        if options.arm not in world.arms:
            hint = did_you_mean(options.arm, world.arms)
            raise EnvError(f"arm '{options.arm}': not in {path.name}; {hint}")
        entry = world.arms[options.arm]
        gripper = entry.gripper
        open_ = 0.0 if gripper is None else gripper.open / max(len(gripper.joints), 1)
        held = {} if gripper is None else dict.fromkeys(gripper.joints, open_)
        self.arm = arm = lump(describe(options.arm, entry, path.parent), held)
        rate = options.rate * options.substeps
        self.arms: BulletArms | FreeArms
        if options.physics == "bullet":
            boxes = [(f.size, Pose.at(f.place)) for f in world.furniture.values()]
            self.arms = BulletArms(arm, count, rate, options.iterations, boxes)
        else:
            self.arms = FreeArms(arm, count, rate)
        self.home = np.asarray(entry.home, float)
        self.size = d = len(self.home)
        self._chain = constants(arm)
        frames = np.empty((d + 1, 4, 4))
        forward(self._chain, self.home, frames)
        self.centre, self._turn = frames[d, :3, 3].copy(), np.ascontiguousarray(frames[d, :3, :3])
        self._speed = arm.velocity * entry.speed_scale
        self._limits = (arm.lower, arm.upper, self._speed)
        self.middle = self.centre + options.offset
        self._check_goals()
        self._mode = ACTIONS.index(options.action)
        self._scale = {
            "cartesian": np.full(d, _STEPS["cartesian"]),
            "position": self._speed / options.rate,
            "velocity": self._speed,
            "torque": _STEPS["torque"] * arm.effort,
        }[options.action]
        self._out = np.empty((count, d))
        self._seen, self._tip = np.empty((count, 2 * d + 6)), np.empty((count, 3))
        self._turns = np.repeat(self._turn[None], count, axis=0)
        self.goals = np.zeros((count, self.goal_size), np.float32)
        self._spaces()

    def _spaces(self) -> None:
        d, arm = self.size, self.arm
        far = np.abs(arm.place.p) + arm.reach + 0.5
        angle = np.maximum(abs(arm.lower), abs(arm.upper)) + 0.5
        fast = np.full(3, 2.0 * float(arm.velocity.sum()) * arm.reach)
        self._bound = np.concatenate([angle, 4.0 * arm.velocity, far, fast])
        low32 = self._bound.astype(np.float32)
        self._bound = low32.astype(float)
        edge = np.concatenate([far, np.ones(self.goal_size - 3)]).astype(np.float32)
        self._far = edge.astype(float)
        self.actions = spaces.Box(-1.0, 1.0, (self._width if self._mode == 0 else d,), np.float32)
        self.observations = spaces.Dict(
            {
                "observation": spaces.Box(-low32, low32, dtype=np.float32),
                "achieved_goal": spaces.Box(-edge, edge, dtype=np.float32),
                "desired_goal": spaces.Box(-edge, edge, dtype=np.float32),
            }
        )

    def _check_goals(self) -> None:
        """Raise where the arm cannot bring its tip to a corner of the box of goals."""
        box = np.asarray(self.options.goals, float)
        for signs in itertools.product((-1.0, 1.0), repeat=3):
            corner = self.middle + np.array(signs) * box
            q = self.home.copy()
            left = solve(self._chain, q, corner, self._turn, *self._limits[:2], 200)
            if self.size >= 6 and left <= self.options.tolerance:
                continue
            raise EnvError(
                f"goals: arm '{self.options.arm}' cannot reach the corner "
                f"{np.round(corner, 3).tolist()} m of the box of goals; it came within "
                f"{1e3 * left:.1f} mm; valid: a smaller box than {self.options.goals}, or an arm "
                f"of at least 6 joints"
            )

    def start(self, rows: NDArray[np.int64], rngs: list[np.random.Generator]) -> None:
        """Put the arms `rows` at home and draw a goal for each, from its own generator."""
        home = np.repeat(self.home[None], len(rows), axis=0)
        if isinstance(self.arms, BulletArms):
            self.arms.place(rows, home)
        else:
            self.arms.q[rows], self.arms.v[rows], self.arms.effort[rows] = home, 0.0, 0.0
        for row, rng in zip(rows.tolist(), rngs, strict=True):
            self.goals[row] = self._draw(rng)

    def _draw(self, rng: np.random.Generator) -> Array:
        box = np.asarray(self.options.goals, float)
        return np.asarray(self.middle + rng.uniform(-box, box))

    def valid(self, goal: Any) -> Array:
        """A goal that was given from outside.

        Raises:
            EnvError: of another shape, or outside of the box of goals.
        """
        point = np.asarray(goal, float)
        low, high = (self.middle + s * np.asarray(self.options.goals) for s in (-1, 1))
        if point.shape == (3,) and (low <= point).all() and (point <= high).all():
            return point
        raise EnvError(
            f"goal {point.tolist()}; valid: from {low.round(3).tolist()} to "
            f"{high.round(3).tolist()} m"
        )

    def check(self, action: NDArray[Any]) -> Array:
        """Actions of all arms as numbers.

        Raises:
            EnvError: of a wrong shape, or not finite.
        """
        given = np.asarray(action, float)
        valid = (len(self.goals), *self.actions.shape)
        if given.shape != valid:
            shapes = f"{given.shape[1:]}; valid: {valid[1:]}"
            raise EnvError(f"action of shape {shapes}, each in [-1, 1]")
        total = float(given.sum())
        if not math.isfinite(total):
            raise EnvError(f"action is not finite: {given.tolist()}; valid: each in [-1, 1]")
        return given

    def commanded(self, action: NDArray[Any]) -> Array:
        """Joint speeds for one control period, or efforts, shape (n, d); overwritten each time.

        Args:
            action: of all arms; what is beyond [-1, 1] is clipped.

        Raises:
            EnvError: of a wrong shape, or not finite.
        """
        given = self.check(action)
        given = given.clip(-1.0, 1.0)
        self._aim(given)
        period = 1.0 / self.options.rate
        command(
            self._chain, self.arms.q, given, self._mode, self._scale, self._turns, self._limits,
            period, self._out,
        )  # fmt: skip
        return self._out

    def act(self, action: NDArray[Any]) -> None:
        """Move for one control period; see `commanded`.

        Raises:
            EnvError: of a wrong shape, or not finite.
        """
        out = self.commanded(action)
        if self._mode == ACTIONS.index("torque"):
            np.clip(out, -self.arm.effort, self.arm.effort, out=out)
            self.arms.push(out, self.options.substeps)
        else:
            self.arms.drive(out, self.options.substeps)

    def _aim(self, action: Array) -> None:
        """Set the axes of the tips that Cartesian actions want."""

    def _achieved(self) -> Array:
        return self._tip

    def observation(self) -> Observation:
        """Of all arms: shapes (n, 2 d + 6), (n, goal) and (n, goal), float32, new arrays."""
        observe(self._chain, self.arms.q, self.arms.v, self._bound, self._seen, self._tip)
        return {
            "observation": self._seen.astype(np.float32),
            "achieved_goal": self._achieved().astype(np.float32),
            "desired_goal": self.goals.copy(),
        }

    def errors(self, achieved: NDArray[Any], desired: NDArray[Any]) -> Errors:
        """What is left from goal to goal, over the last axis: `distance` [m]."""
        gap = np.asarray(achieved) - np.asarray(desired)
        return {"distance": np.asarray(np.sqrt((gap * gap).sum(axis=-1)))}

    def state(self) -> Errors:
        """What else decides about reward and success, of each arm; part of the info."""
        return {}

    def terminated(self) -> NDArray[np.bool_]:
        """Which episodes have come to an end by themselves."""
        return np.zeros(len(self.goals), bool)

    def success(self, errors: Errors) -> NDArray[np.bool_]:
        """Which are within the tolerance."""
        return np.asarray(errors["distance"] <= self.options.tolerance)

    def _cost(self, errors: Errors) -> Array:
        return np.asarray(errors["distance"], np.float64)

    def reward(self, errors: Errors) -> Array:
        """Dense: minus what is left; sparse: 0 within the tolerance, else -1."""
        if self.options.reward == "dense":
            return -self._cost(errors)
        return -(~self.success(errors)).astype(np.float64)

    def close(self) -> None:
        """End the Bullet worlds."""
        if isinstance(self.arms, BulletArms):
            self.arms.close()
