"""What every task shares: n arms that act, and what goes into and out of them."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from twincell.assets import world_path
from twincell.envs.control import ACTIONS, command, observe
from twincell.envs.options import ArmOptions
from twincell.envs.shown import Shown, Stage
from twincell.errors import EnvError, did_you_mean
from twincell.geometry.description import RobotDescription, describe
from twincell.geometry.lumped import LumpedArm, lump
from twincell.geometry.pose import Pose
from twincell.physics.arm_dynamics import FreeArms
from twincell.physics.chain import constants, forward
from twincell.world.load import load_world
from twincell.world.model import World

if TYPE_CHECKING:
    from twincell.physics.bullet_arms import BulletArms

__all__ = ["ArmTask", "Told", "action_scale", "seen_bound"]

Array = NDArray[np.float64]
Told = dict[str, NDArray[Any]]
"""What a task tells of each arm beside its observation; becomes the info."""

_STEPS: Mapping[str, float] = {"cartesian": 0.05, "position": 1.0, "velocity": 1.0, "torque": 0.25}


def action_scale(options: ArmOptions, arm: LumpedArm, speed: Array, stride: float) -> Array:
    """What an action of one means, shape (d,): metres, or per joint rad, rad/s, N m.

    Args:
        options: of the task.
        arm: that acts.
        speed: largest of its joints, shape (d,) [rad/s].
        stride: of a Cartesian action of one [m].
    """
    return {
        "cartesian": np.full(len(speed), stride),
        "position": speed / options.rate,
        "velocity": speed,
        "torque": _STEPS["torque"] * arm.effort,
    }[options.action]


def seen_bound(arm: LumpedArm) -> Array:
    """Largest joints, speeds, tip position and tip velocity that are seen, shape (2 d + 6,)."""
    far = np.abs(arm.place.p) + arm.reach + 0.5
    angle = np.maximum(abs(arm.lower), abs(arm.upper)) + 0.5
    fast = np.full(3, 2.0 * float(arm.velocity.sum()) * arm.reach)
    bound = np.concatenate([angle, 4.0 * arm.velocity, far, fast]).astype(np.float32)
    return bound.astype(float)


class ArmTask(ABC):
    """n arms of a world file with something to do; `TaskEnv` and `TaskVectorEnv` hand it on.

    Args:
        count: n.
        options: of the task.

    Attributes:
        options: of the task.
        arm: of all.
        arms: that move.
        home: joint positions of the world file, shape (d,).
        size: d.
        centre: the tip's position at home [m].
        turn: its rotation there, shape (3, 3).
        actions: space of one arm's action.
        observations: space of what one arm sees; subclasses set it.

    Raises:
        EnvError: no such arm.
    """

    _width = 3
    """Of a Cartesian action."""
    _extra = 0
    """Numbers of an action after those that move the arm."""
    _stride = _STEPS["cartesian"]
    """Of a Cartesian action of one in a period [m]."""
    _closed = False
    observations: spaces.Space[Any]

    def __init__(self, count: int, options: ArmOptions) -> None:
        self.options = options
        self.path: Path = world_path(options.world)
        self.world: World = load_world(self.path)
        world = self.world
        if options.arm not in world.arms:
            hint = did_you_mean(options.arm, world.arms)
            raise EnvError(f"arm '{options.arm}': not in {self.path.name}; {hint}")
        entry = world.arms[options.arm]
        gripper = entry.gripper
        open_ = 0.0 if gripper is None else gripper.open / max(len(gripper.joints), 1)
        held = {} if gripper is None else dict.fromkeys(gripper.joints, open_)
        self.arm = arm = lump(describe(options.arm, entry, self.path.parent), held)
        self.count = count
        self.arms = self._movers(count)
        self.home = np.asarray(entry.home, float)
        self.size = d = len(self.home)
        self._chain = constants(arm)
        frames = np.empty((d + 1, 4, 4))
        forward(self._chain, self.home, frames)
        self.centre, self._turn = frames[d, :3, 3].copy(), np.ascontiguousarray(frames[d, :3, :3])
        self._speed = arm.velocity * entry.speed_scale
        self.turn = self._turn.copy()
        self._limits = (arm.lower, arm.upper, self._speed)
        self._mode = ACTIONS.index(options.action)
        self._scale = action_scale(options, arm, self._speed, self._stride)
        self._out = np.empty((count, d))
        self._seen, self._tip = np.empty((count, 2 * d + 6)), np.empty((count, 3))
        self._turns = np.repeat(self._turn[None], count, axis=0)
        numbers = (self._width if self._mode == 0 else d) + self._extra
        self.actions = spaces.Box(-1.0, 1.0, (numbers,), np.float32)
        self._far = np.abs(arm.place.p) + arm.reach + 0.5
        self._bound = seen_bound(arm)

    def _movers(self, count: int) -> BulletArms | FreeArms:
        options = self.options
        rate = options.rate * options.substeps
        if options.physics == "free":
            return FreeArms(self.arm, count, rate)
        # who asks for no contacts needs no Bullet: a node builds observations with the task alone
        from twincell.physics.bullet_arms import BulletArms

        boxes = [(f.size, Pose.at(f.place)) for f in self.world.furniture.values()]
        return BulletArms(self.arm, count, rate, options.iterations, boxes)

    def stage(self) -> Stage:
        """What a sensor may see of each copy: what there is in it to be hit."""
        return Stage(self._described(self.options.arm))

    def shown(self, row: int) -> Shown:
        """Where all that is in the copy `row`."""
        name = self.options.arm
        gripper = self.world.arms[name].gripper
        hands = {} if gripper is None else {name: gripper.open}
        return Shown({name: self.arms.q[row].copy()}, hands)

    def _described(self, *names: str) -> dict[str, RobotDescription]:
        arms = self.world.arms
        return {name: describe(name, arms[name], self.path.parent) for name in names}

    def pictured(self) -> None:  # noqa: B027  (most worlds are built with all that is seen)
        """Pictures will be taken."""

    # ---------------------------------------------------------------- what a task is

    @abstractmethod
    def start(self, rows: NDArray[np.int64], rngs: list[np.random.Generator]) -> None:
        """Begin episodes of the arms `rows`, each by its own generator."""

    @abstractmethod
    def observation(self) -> Any:
        """What all arms see: new float32 arrays, first axis n."""

    @abstractmethod
    def outcome(self, seen: Any) -> Told:
        """What decides about reward and success, given what is seen; each with last axis n."""

    @abstractmethod
    def success(self, told: Told) -> NDArray[np.bool_]:
        """Which have done now what is to be done."""

    @abstractmethod
    def reward(self, told: Told) -> Array:
        """Of the last period."""

    def terminated(self) -> NDArray[np.bool_]:
        """Which episodes have come to an end by themselves."""
        return np.zeros(self.count, bool)

    def info(self, told: Told) -> Told:
        """`is_success`, what is told, and in Bullet `contact`, whether an arm touches anything.

        Args:
            told: by `outcome`.
        """
        info = {"is_success": self.success(told), **told}
        if "contact" not in told and not isinstance(self.arms, FreeArms):
            info["contact"] = np.array([self.arms.touching(row) for row in range(self.count)])
        return info

    @property
    def idle(self) -> NDArray[np.float32]:
        """The action of one arm by which an episode goes on as it began; a new array."""
        return np.zeros(self.actions.shape, np.float32)

    # ---------------------------------------------------------------- moving

    def _place(self, rows: NDArray[np.int64], q: Array) -> None:
        """Set the arms `rows` to joint positions `q`, shape (rows, d), at rest."""
        if isinstance(self.arms, FreeArms):
            self.arms.q[rows], self.arms.v[rows], self.arms.effort[rows] = q, 0.0, 0.0
        else:
            self.arms.place(rows, q)

    def check(self, action: NDArray[Any]) -> Array:
        """Actions of all arms as numbers.

        Raises:
            EnvError: of a wrong shape, or not finite.
        """
        given = np.asarray(action, float)
        valid = (self.count, *self.actions.shape)
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

    def _aim(self, action: Array) -> None:  # noqa: B027  (most tasks keep the axes of home)
        """Set the axes of the tips that Cartesian actions want; may change the action."""

    def _observe(self) -> Array:
        """Joints, speeds, tip position and velocity of all arms, shape (n, 2 d + 6); bounded."""
        observe(self._chain, self.arms.q, self.arms.v, self._bound, self._seen, self._tip)
        return self._seen

    def ensure_open(self) -> None:
        """Let nobody go on after `close`.

        Raises:
            EnvError: closed.
        """
        if self._closed:
            raise EnvError("the environment is closed; valid: another one, by gymnasium.make")

    def close(self) -> None:
        """End the Bullet worlds; may be called twice."""
        self._closed = True
        if not isinstance(self.arms, FreeArms):
            self.arms.close()
