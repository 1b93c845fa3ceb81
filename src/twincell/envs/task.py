"""The reach task for n arms at once; the environments hand its arrays on."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from twincell.assets import world_path
from twincell.envs.control import ACTIONS, command, observe, solve
from twincell.errors import EnvError, did_you_mean
from twincell.geometry.description import describe
from twincell.geometry.lumped import lump
from twincell.geometry.pose import Pose
from twincell.physics.arm_dynamics import FreeArms
from twincell.physics.bullet_arms import BulletArms
from twincell.physics.chain import constants, forward
from twincell.world.load import load_world

__all__ = ["Options", "ReachTask"]

Array = NDArray[np.float64]
Observation = dict[str, NDArray[np.float32]]

REWARDS = ("dense", "sparse")
PHYSICS = ("bullet", "free")
_STEPS: Mapping[str, float] = {"cartesian": 0.05, "position": 1.0, "velocity": 1.0, "torque": 0.25}


@dataclass(frozen=True)
class Options:
    """What can be chosen of the reach task.

    Attributes:
        world: world file, or a shipped name.
        arm: of the world file.
        action: `cartesian`, `position`, `velocity` or `torque`.
        reward: `dense` or `sparse`.
        tolerance: distance at which a goal is reached [m].
        physics: `bullet`, or `free`: the same arm without contacts, many times faster.
        rate: of control [Hz].
        substeps: physics steps a control period.
        iterations: of Bullet's solver a step.
        goals: half the edges of the box of goals about the tip at home [m].
    """

    world: str = "blade_cell"
    arm: str = "handler"
    action: str = "cartesian"
    reward: str = "dense"
    tolerance: float = 0.005
    physics: str = "bullet"
    rate: float = 25.0
    substeps: int = 10
    iterations: int = 50
    goals: tuple[float, float, float] = (0.15, 0.15, 0.15)

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Options:
        """Check options by name.

        Raises:
            EnvError: an unknown option, or a value out of its range.
        """
        names = [f.name for f in fields(cls)]
        for name in given:
            if name not in names:
                raise EnvError(f"no option '{name}'; {did_you_mean(name, names)}")
        made = cls(**given)
        for name, valid in (("action", ACTIONS), ("reward", REWARDS), ("physics", PHYSICS)):
            value = getattr(made, name)
            if value not in valid:
                raise EnvError(f"{name} '{value}'; {did_you_mean(str(value), valid)}")
        for name in ("tolerance", "rate"):
            value = getattr(made, name)
            if not (isinstance(value, (int, float)) and math.isfinite(value) and value > 0):
                raise EnvError(f"{name} {value!r}; valid: a finite number above 0")
        for name in ("substeps", "iterations"):
            value = getattr(made, name)
            if not isinstance(value, int) or value < 1:
                raise EnvError(f"{name} {value!r}; valid: a whole number from 1 on")
        box = np.asarray(made.goals, float)
        if box.shape != (3,) or not (np.isfinite(box).all() and (box > 0).all()):
            raise EnvError(f"goals {made.goals!r}; valid: three lengths above 0 [m]")
        return made


class ReachTask:
    """n arms that each have a goal.

    Args:
        count: n.
        options: of the task.

    Raises:
        EnvError: no such arm, or a corner of the box of goals is out of its reach.
    """

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
        self.goals = np.zeros((count, 3), np.float32)
        self._spaces()

    def _spaces(self) -> None:
        d, arm = self.size, self.arm
        far = np.abs(arm.place.p) + arm.reach + 0.5
        angle = np.maximum(abs(arm.lower), abs(arm.upper)) + 0.5
        fast = np.full(3, 2.0 * float(arm.velocity.sum()) * arm.reach)
        self._bound = np.concatenate([angle, 4.0 * arm.velocity, far, fast])
        low32 = self._bound.astype(np.float32)
        self._bound = low32.astype(float)
        edge = far.astype(np.float32)
        self.actions = spaces.Box(-1.0, 1.0, (3 if self._mode == 0 else d,), np.float32)
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
            corner = self.centre + np.array(signs) * box
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
        box = np.asarray(self.options.goals, float)
        for row, rng in zip(rows.tolist(), rngs, strict=True):
            self.goals[row] = self.centre + rng.uniform(-box, box)

    def act(self, action: NDArray[Any]) -> None:
        """Move for one control period; actions beyond [-1, 1] are clipped.

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
        given = given.clip(-1.0, 1.0)
        period = 1.0 / self.options.rate
        command(
            self._chain, self.arms.q, given, self._mode, self._scale, self._turn, self._limits,
            period, self._out,
        )  # fmt: skip
        if self._mode == ACTIONS.index("torque"):
            np.clip(self._out, -self.arm.effort, self.arm.effort, out=self._out)
            self.arms.push(self._out, self.options.substeps)
        else:
            self.arms.drive(self._out, self.options.substeps)

    def observation(self) -> Observation:
        """Of all arms: shapes (n, 2 d + 6), (n, 3) and (n, 3), float32, new arrays."""
        observe(self._chain, self.arms.q, self.arms.v, self._bound, self._seen, self._tip)
        return {
            "observation": self._seen.astype(np.float32),
            "achieved_goal": self._tip.astype(np.float32),
            "desired_goal": self.goals.copy(),
        }

    def distance(self, achieved: NDArray[Any], desired: NDArray[Any]) -> NDArray[Any]:
        """From goal to goal [m], over the last axis of shape (..., 3)."""
        gap = np.asarray(achieved) - np.asarray(desired)
        return np.asarray(np.sqrt((gap * gap).sum(axis=-1)))

    def reward(self, distance: NDArray[Any]) -> NDArray[Any]:
        """Dense: -distance [m]; sparse: 0 within the tolerance, else -1."""
        if self.options.reward == "dense":
            return -np.asarray(distance, np.float64)
        return -(np.asarray(distance) > self.options.tolerance).astype(np.float64)

    def close(self) -> None:
        """End the Bullet worlds."""
        if isinstance(self.arms, BulletArms):
            self.arms.close()
