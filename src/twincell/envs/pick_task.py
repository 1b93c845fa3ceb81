"""The pick task for n arms at once: a blade from a pocket of the in-tray into the fixture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from twincell.envs.arm import ArmTask, Told
from twincell.envs.control import solve, tips
from twincell.envs.grippers import arm_with_gripper, part_axes
from twincell.envs.options import ArmOptions
from twincell.envs.shown import Shown, Stage
from twincell.envs.spaces import goal_space
from twincell.errors import EnvError
from twincell.geometry.catalogue import nominal
from twincell.geometry.description import describe
from twincell.geometry.lumped import lump
from twincell.geometry.pose import Pose
from twincell.geometry.rack import pocket_poses, rack_boxes
from twincell.physics.bullet_hands import BulletHands
from twincell.physics.chain import constants

__all__ = ["PickOptions", "PickTask"]

Array = NDArray[np.float64]
Observation = dict[str, NDArray[np.float32]]

REWARDS = ("dense", "sparse")
PERIODS = 100
"""Of an episode."""
_ABOVE = 0.06
"""The tip's height over the grasp at the begin, at least [m]; and as much more by chance."""
_SPREAD = 0.03
"""Of the tip at the begin, along x and y [m]."""
_CLEAR = 0.03
"""What a blade that is carried keeps between its root and the fixture's walls' foot [m]."""
_NEAR = 0.006
"""Scale of the dense reward's logarithms [m]."""
_FAR = 0.6
"""Where they are nothing [m]."""
_REACH, _HELD, _CARRY = 1.0, 1.0, 3.0
"""Rewards a period: at the grasp, with the blade held, with the blade in the fixture."""


@dataclass(frozen=True)
class PickOptions(ArmOptions):
    """What can be chosen beside `ArmOptions`; physics `bullet` only.

    Attributes:
        reward: `dense` or `sparse`.
        tolerance: distance of the part from the fixture's datum at which the clamp draws it in [m].
        tilt: largest turn of the part at which it does [rad].
        clamp: whether it does, which ends an episode; else the blade stands there for what is left.
    """

    reward: str = "dense"
    tolerance: float = 0.006
    tilt: float = 0.15
    clamp: bool = True

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """Check options by name.

        Raises:
            EnvError: an unknown option, or a value out of its range.
        """
        made = super().of(given)
        made.one_of("reward", REWARDS)
        made.positive("tolerance")
        made.positive("tilt")
        if not isinstance(made.clamp, bool):
            raise EnvError(f"clamp {made.clamp!r}; valid: True, False")
        made.touching()
        return made


class PickTask(ArmTask):
    """n arms that each carry a blade into a fixture.

    Args:
        count: n.
        options: of the task.

    Raises:
        EnvError: an arm without gripper, or that cannot reach pockets and fixture.
    """

    _extra = 1
    _stride = 0.02
    options: PickOptions
    arms: BulletHands

    def __init__(self, count: int, options: PickOptions) -> None:
        super().__init__(count, options)
        world = self.world
        tray = world.racks[world.rack_of("in_tray")]
        self._pockets = pocket_poses(tray)
        self._grasp = self._model.grasp
        self.goal = self._datum @ Pose.at(world.fixture.place)
        self._turn = np.ascontiguousarray((self.goal @ self._grasp).rotation())
        self._turns[:] = self._turn
        self._starts = [self._over(pocket) for pocket in self._pockets]
        self._check()
        self.goals = np.repeat(self.goal.p[None], count, axis=0).astype(np.float32)
        self._age = np.zeros(count, np.int64)
        far = self._far
        one, speed = np.ones(2), np.full(3, 20.0)
        edge = np.concatenate([self._bound, one, far, far, np.ones(6), speed])
        self._inner = edge.astype(np.float32).astype(float)
        self.observations = goal_space(edge, far)

    def _movers(self, count: int) -> BulletHands:
        world, base, options = self.world, self.path.parent, self.options
        entry, gripper = arm_with_gripper(world, options.arm)
        self._model = nominal(world.part, base)
        self._open = gripper.open
        table = world.fixture.arm
        stand = lump(describe(table, world.arms[table], base))
        self._datum = _tip(stand)
        boxes = [(f.size, Pose.at(f.place)) for f in world.furniture.values()]
        racks = rack_boxes(world.racks[world.rack_of("in_tray")], self._model.root)
        whole = (describe(options.arm, entry, base), entry)
        part = (self._model, world.part.density)
        rate = options.rate * options.substeps
        return BulletHands(
            self.arm, count, rate, options.iterations, boxes, whole, part, racks, [stand]
        )

    def pictured(self) -> None:
        """Worlds are built with what pictures show from the next start on."""
        self.arms.visual = True

    def stage(self) -> Stage:
        """The arm, the table, the in-tray and the blade."""
        world = self.world
        names = (self.options.arm, world.fixture.arm)
        return Stage(self._described(*names), (world.rack_of("in_tray"),), True)

    def shown(self, row: int) -> Shown:
        """The hand as far open as it is, the table at zero."""
        name, table = self.options.arm, self.world.fixture.arm
        joints = {name: self.arms.q[row].copy()}
        joints[table] = np.zeros(len(self.world.arms[table].home))
        hands = {name: float(self.arms.opening[row])}
        return Shown(joints, hands, Pose.from_array(self.arms.parts[row]))

    def _over(self, pocket: Pose) -> Array:
        """Joints with the tip over a blade in a pocket, in the axes of the grasp."""
        q = self.home.copy()
        at = (pocket @ self._grasp).p + np.array([0.0, 0.0, _ABOVE])
        left = solve(self._chain, q, at, self._turn, *self._limits[:2], 300)
        if left > 0.002:
            raise EnvError(
                f"arm '{self.options.arm}' cannot reach over the pocket at "
                f"{pocket.p.round(3).tolist()} m; it came within {1e3 * left:.1f} mm"
            )
        return q

    def _check(self) -> None:
        """Raise where the fixture is out of reach, or a blade would have to be turned."""
        q = self._starts[0].copy()
        there = (self.goal @ self._grasp).p
        left = solve(self._chain, q, there, self._turn, *self._limits[:2], 300)
        if left > 0.002:
            raise EnvError(
                f"arm '{self.options.arm}' cannot reach the fixture at {there.round(3).tolist()} "
                f"m; it came within {1e3 * left:.1f} mm"
            )
        for pocket in self._pockets:
            x = (pocket @ self._grasp).rotation()[:, 0]
            if float(x @ self._turn[:, 0]) < 0.999:
                raise EnvError(
                    "in-tray and fixture stand turned to each other; valid: a world in which a "
                    "blade is carried without a turn"
                )

    # ---------------------------------------------------------------- episodes

    def start(self, rows: NDArray[np.int64], rngs: list[np.random.Generator]) -> None:
        """Put a blade into a pocket of each of `rows` and the tip over it, by their generators."""
        for row, rng in zip(rows.tolist(), rngs, strict=True):
            which = int(rng.integers(len(self._pockets)))
            pocket = self._pockets[which]
            above = (pocket @ self._grasp).p + rng.uniform(
                [-_SPREAD, -_SPREAD, _ABOVE], [_SPREAD, _SPREAD, 2 * _ABOVE]
            )
            q = self._starts[which].copy()
            solve(self._chain, q, above, self._turn, *self._limits[:2], 60)
            self.arms.begin(row, q, pocket)
            self._age[row] = 0

    def _aim(self, action: Array) -> None:
        self.arms.grip(action[:, -1] > 0.0)
        self._age += 1

    def _achieved(self) -> NDArray[np.float32]:
        return self.arms.parts[:, :3].clip(-self._far, self._far).astype(np.float32)

    def observation(self) -> Observation:
        """Of all arms: shapes (n, 2 d + 23), (n, 3) and (n, 3), float32, new arrays."""
        base = self._observe()
        parts = self.arms.parts
        turn = Rotation.from_quat(parts[:, 3:])
        grasp = parts[:, :3] + turn.apply(self._grasp.p)
        axes = part_axes(turn)
        state = np.stack([self.arms.opening / self._open, self.arms.held], axis=1)
        rows = [base, state, grasp, grasp - self._tip, axes, self.arms.twist[:, :3]]
        inner = np.concatenate(rows, axis=1).clip(-self._inner, self._inner)
        return {
            "observation": inner.astype(np.float32),
            "achieved_goal": self._achieved(),
            "desired_goal": self.goals.copy(),
        }

    def errors(self, achieved: NDArray[Any], desired: NDArray[Any]) -> Told:
        """From goal to goal, over the last axis: `distance` and `way` [m], see `PickBladeEnv`."""
        gap = np.asarray(achieved, float) - np.asarray(desired, float)
        flat = np.hypot(gap[..., 0], gap[..., 1])
        # over the walls first, then across, then down: as far as across is left, up is better
        share = np.clip(flat / 0.01, 0.0, 1.0)
        height = share * np.abs(_CLEAR - gap[..., 2]) + (1.0 - share) * np.abs(gap[..., 2])
        over = share * _CLEAR
        return {
            "distance": np.sqrt((gap * gap).sum(axis=-1)),
            "way": flat + height + over,
        }

    def state(self) -> Told:
        """Of each arm: `tilt` [rad], `reach` from tip to grasp [m], `held`, periods `undone`."""
        turn = Rotation.from_quat(self.arms.parts[:, 3:])
        grasp = self.arms.parts[:, :3] + turn.apply(self._grasp.p)
        return {
            "tilt": np.asarray((turn * Rotation.from_quat(self.goal.q).inv()).magnitude()),
            "reach": np.linalg.norm(grasp - self._tip, axis=1),
            "held": self.arms.held.copy(),
            "undone": np.maximum(PERIODS - self._age, 0),
        }

    def outcome(self, seen: Observation) -> Told:
        """What is left to the goals, and `state`."""
        return self.errors(seen["achieved_goal"], seen["desired_goal"]) | self.state()

    def success(self, told: Told) -> NDArray[np.bool_]:
        """Which blades the clamp would draw in."""
        near = told["distance"] <= self.options.tolerance
        return np.asarray(near & (told["tilt"] <= self.options.tilt))

    def terminated(self) -> NDArray[np.bool_]:
        """The clamp draws in what is in its reach, and that is the end."""
        placed = self.success(self.errors(self._achieved(), self.goals) | self.state())
        return placed & self.options.clamp

    def reward(self, told: Told) -> Array:
        """See `PickBladeEnv`."""
        if self.options.reward == "sparse":
            return -(~self.success(told)).astype(np.float64)
        held = np.asarray(told["held"], float)
        reached = np.maximum(_done(told["reach"]), held)
        carried = held * _done(told["way"]) ** 2
        placed = np.asarray(self.success(told), float)
        stood = _REACH * reached + _HELD * held + _CARRY * np.maximum(carried, placed)
        if not self.options.clamp:
            return np.asarray(stood)
        drawn = (_REACH + _HELD + _CARRY) * (1.0 + np.asarray(told["undone"], float))
        return np.asarray(np.where(placed > 0.0, drawn, stood))


def _done(left: Any) -> Array:
    """1 at nothing left, 0 at `_FAR`, by a logarithm: the last millimetres count."""
    share = 1.0 - np.log1p(np.asarray(left, float) / _NEAR) / np.log1p(_FAR / _NEAR)
    return np.asarray(np.clip(share, 0.0, 1.0))


def _tip(stand: Any) -> Pose:
    """Pose of a mover's tip at zero."""
    out = np.empty((1, 4, 4))
    tips(constants(stand), np.zeros((1, len(stand.joints))), out)
    return Pose.from_matrix(out[0])
