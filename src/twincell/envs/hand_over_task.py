"""The hand-over task for n pairs of arms at once: a blade from one hand into the other."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from twincell.envs.arm import ArmTask, Told
from twincell.envs.control import ACTIONS, solve
from twincell.envs.grippers import arm_with_gripper, part_axes
from twincell.envs.options import ArmOptions, numbers
from twincell.envs.shown import Shown, Stage
from twincell.envs.side import Side
from twincell.envs.spaces import goal_space
from twincell.errors import EnvError, did_you_mean
from twincell.geometry.catalogue import nominal
from twincell.geometry.description import describe
from twincell.geometry.lumped import lump
from twincell.geometry.pose import Pose
from twincell.physics.bullet_pairs import BulletPairs
from twincell.world.robots import Arm, Gripper, Tool

__all__ = ["HandOverOptions", "HandOverTask"]

Array = NDArray[np.float64]
Observation = dict[str, NDArray[np.float32]]

REWARDS = ("dense", "sparse")
PERIODS = 100
"""Of an episode."""
_GRIPPER = "urdf/parallel_gripper.urdf"
"""What an arm without a gripper gets in place of its tool."""
_FINGERS = Gripper(joints=("gripper_left_joint", "gripper_right_joint"), open=0.088, force=60.0)
_TIP = "gripper_tcp"
_OUT = 0.008
"""The taker's grasp lies this far from the root's middle, towards the taker [m]."""
_APART = (0.10, 0.16)
"""Of the taker's tip from its grasp at the begin, along its approach [m]."""
_BESIDE = 0.03
"""And across it, at most [m]."""
_BEHIND = np.array([0.16, 0.0, -0.04])
"""Middle of the goals from the part's place at the begin: towards the taker, across, up [m]."""
_NEAR, _FAR = 0.01, 0.5
"""Scale of the dense reward's logarithms, and where they are nothing [m]."""


@dataclass(frozen=True)
class HandOverOptions(ArmOptions):
    """What can be chosen beside `ArmOptions`; physics `bullet` only, no torques.

    Attributes:
        taker: the arm of the world file that gets the blade; `arm` gives it.
        reward: `dense` or `sparse`.
        tolerance: distance of the part from the goal at which it has arrived [m].
        meet: where the giver's tip is at the begin, in the middle [m].
        about: half the edges of the box about it [m].
        goals: half the edges of the box of goals [m].
    """

    taker: str = "inspector"
    reward: str = "dense"
    tolerance: float = 0.02
    meet: tuple[float, float, float] = (0.52, 0.0, 1.20)
    about: tuple[float, float, float] = (0.05, 0.05, 0.05)
    goals: tuple[float, float, float] = (0.04, 0.08, 0.04)

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """Check options by name.

        Raises:
            EnvError: an unknown option, or a value out of its range.
        """
        made = super().of(given)
        made.one_of("reward", REWARDS)
        made.one_of("action", ACTIONS[:3])
        made.positive("tolerance")
        made.touching()
        for name in ("meet", "about", "goals"):
            valid = "three lengths [m]"
            value = numbers(name, getattr(made, name), valid)
            low = -np.inf if name == "meet" else 0.0
            if value.shape != (3,) or not (np.isfinite(value).all() and (value >= low).all()):
                raise EnvError(f"{name} {getattr(made, name)!r}; valid: {valid}")
        return made


class HandOverTask(ArmTask):
    """n pairs of arms; the first of each holds a blade that the second is to have.

    Args:
        count: n.
        options: of the task.

    Attributes:
        side: the takers.
        middle: of the box of goals [m].
        towards: the takers' approach, a unit vector in the world.

    Raises:
        EnvError: an arm that gives without a gripper, no other arm, or places out of reach.
    """

    _extra = 1
    _stride = 0.02
    options: HandOverOptions
    arms: BulletPairs

    def __init__(self, count: int, options: HandOverOptions) -> None:
        super().__init__(count, options)
        self._meet = np.asarray(options.meet, float)
        # the part as the giver holds it, with the axes of the giver's tip at home
        self._held_part = Pose.from_matrix(_matrix(self._turn, self._meet)) @ self._grasp.inverse()
        axes = self._held_part.rotation()
        x = axes[:, 0]
        towards = 1.0 if float((self._stands - self._meet) @ x) > 0.0 else -1.0
        approach, up = -towards * x, axes[:, 2]
        turn = np.stack([up, np.cross(approach, up), approach], axis=1)
        self.towards = approach
        arm, entry = self._taker
        self.side = Side(arm, entry, options, count, self._stride, turn)
        self._axes = np.stack([towards * x, np.cross(up, towards * x), up], axis=1)
        self._of_root = np.array([towards * _OUT, 0.0, 0.5 * self._model.root[2]])
        self.middle = self._held_part.p + self._axes @ _BEHIND
        self._begin = self._check()
        self.goals = np.zeros((count, 3), np.float32)
        self._spaces()

    def _movers(self, count: int) -> BulletPairs:
        world, base, options = self.world, self.path.parent, self.options
        giver, hand = arm_with_gripper(world, options.arm)
        names = [n for n, a in world.arms.items() if n != options.arm and len(a.home) >= 6]
        if options.taker not in names:
            hint = did_you_mean(options.taker, names)
            raise EnvError(f"taker '{options.taker}': no other arm of six joints; {hint}")
        entry = _with_hand(world.arms[options.taker])
        assert entry.gripper is not None  # noqa: S101  (of _with_hand)
        self._described_taker = described = describe(options.taker, entry, base)
        half = entry.gripper.open / len(entry.gripper.joints)
        self._taker = lump(described, dict.fromkeys(entry.gripper.joints, half)), entry
        self._stands = Pose.at(entry.place).p
        self._model = nominal(world.part, base)
        self._grasp = self._model.grasp
        self._open = np.array([hand.open, entry.gripper.open])
        if self._model.root[1] >= entry.gripper.open:
            raise EnvError(
                f"taker '{options.taker}': opens {1e3 * entry.gripper.open:g} mm; valid: more than "
                f"the root's {1e3 * self._model.root[1]:g} mm"
            )
        rest = [n for n in world.arms if n not in (options.arm, options.taker)]
        others = [lump(describe(n, world.arms[n], base)) for n in rest]
        boxes = [(f.size, Pose.at(f.place)) for f in world.furniture.values()]
        wholes = (describe(options.arm, giver, base), giver), (described, entry)
        rate = options.rate * options.substeps
        return BulletPairs(
            self.arm, count, rate, options.iterations, boxes, wholes,
            (self._model, world.part.density), self._model.grasp_width, others,
        )  # fmt: skip

    def pictured(self) -> None:
        """Worlds are built with what pictures show from the next start on."""
        self.arms.visual = True

    def _check(self) -> tuple[Array, Array]:
        """Joints of both in the middle of where they begin; raise where they cannot get."""
        options, starts = self.options, []
        for signs in itertools.product((-1.0, 0.0, 1.0), repeat=3):
            q = self.home.copy()
            at = self._meet + np.array(signs) * options.about
            left = solve(self._chain, q, at, self._turn, *self._limits[:2], 300)
            self._within(options.arm, at, left, options.about)
            if not any(signs):
                starts.append(q)
        root = self._held_part.p + self._held_part.rotation() @ self._of_root
        for signs in itertools.product((-1.0, 0.0, 1.0), repeat=3):
            step = np.array(signs)
            at = root + step * options.about + self._axes @ (step * _BESIDE)
            apart = self._axes[:, 0] * (_APART[1] if signs[0] >= 0 else _APART[0])
            goal = self._axes @ (_BEHIND + step * options.goals)
            for point in (at + apart, root + goal):
                left = self.side.solve(point)[1]
                self._within(options.taker, point, left, options.goals)
        starts.append(self.side.solve(root + self._axes[:, 0] * _APART[1])[0])
        return starts[0], starts[1]

    def _within(self, name: str, at: Array, left: float, box: Any) -> None:
        if left > 0.002:
            raise EnvError(
                f"arm '{name}' cannot reach {at.round(3).tolist()} m; it came within "
                f"{1e3 * left:.1f} mm; valid: another 'meet' than {self.options.meet}, or a "
                f"smaller box than {box}"
            )

    def _spaces(self) -> None:
        width = self._width if self._mode == 0 else self.size
        self._cuts = (width, width + 1, width + 1 + self.side.width)
        self.actions = spaces.Box(-1.0, 1.0, (self._cuts[2] + 1,), np.float32)
        far = np.maximum(self._far, self.side.bound[2 * self.side.size :][:3])
        self._edge = np.concatenate(
            [self._bound, self.side.bound, np.ones(5), far, far, np.ones(6), np.full(3, 20.0)]
        )
        self.observations = goal_space(self._edge, far)
        self._edge = self._edge.astype(np.float32).astype(float)
        self._most = far.astype(np.float32).astype(float)

    @property
    def idle(self) -> NDArray[np.float32]:
        """As of every task, the giver's hand closed."""
        action = super().idle
        action[self._cuts[0]] = 1.0
        return action

    def stage(self) -> Stage:
        """Both arms, the taker with its hand, what else moves in the cell, and the blade."""
        movers = self._described(*(n for n in self.world.arms if n != self.options.taker))
        return Stage({**movers, self.options.taker: self._described_taker}, blade=True)

    def shown(self, row: int) -> Shown:
        """Hands as far open as they are; the others at zero."""
        arms, options, world = self.arms, self.options, self.world.arms
        joints = {name: np.zeros(len(entry.home)) for name, entry in world.items()}
        joints |= {options.arm: arms.q[row].copy(), options.taker: arms.other_q[row].copy()}
        hands = {
            options.arm: float(arms.opening[row]),
            options.taker: float(arms.other_opening[row]),
        }
        return Shown(joints, hands, Pose.from_array(arms.parts[row]))

    # ---------------------------------------------------------------- episodes

    def start(self, rows: NDArray[np.int64], rngs: list[np.random.Generator]) -> None:
        """Put both arms of `rows` where they begin and draw goals, by their generators."""
        options = self.options
        for row, rng in zip(rows.tolist(), rngs, strict=True):
            about, goals = np.asarray(options.about), np.asarray(options.goals)
            off = rng.uniform(-about, about)
            q = self._begin[0].copy()
            solve(self._chain, q, self._meet + off, self._turn, *self._limits[:2], 60)
            part = Pose(self._held_part.p + off, self._held_part.q)
            beside = rng.uniform([_APART[0], -_BESIDE, -_BESIDE], [_APART[1], _BESIDE, _BESIDE])
            at = part.apply(self._of_root[None])[0] + self._axes @ beside
            other, _ = self.side.solve(at, self._begin[1])
            self.goals[row] = self.middle + self._axes @ rng.uniform(-goals, goals)
            self.arms.meet(row, q, other, part)

    def act(self, action: NDArray[Any]) -> None:
        """Move for one control period: the giver, its hand, the taker, its hand.

        Raises:
            EnvError: of a wrong shape, or not finite.
        """
        first, hand, second = self._cuts
        given = self.check(action).clip(-1.0, 1.0)
        self.arms.grip(given[:, first] > 0.0)
        self.arms.grip_other(given[:, -1] > 0.0)
        other = self.side.speeds(self.arms.other_q, np.ascontiguousarray(given[:, hand:second]))
        self.arms.drive_both(self.commanded(action), other, self.options.substeps)

    def _achieved(self) -> NDArray[np.float32]:
        return self.arms.parts[:, :3].clip(-self._most, self._most).astype(np.float32)

    def _root(self) -> Array:
        """Where the taker is to grasp, shape (n, 3) [m]."""
        turn = Rotation.from_quat(self.arms.parts[:, 3:])
        return np.asarray(self.arms.parts[:, :3] + turn.apply(self._of_root))

    def observation(self) -> Observation:
        """Of all pairs, see `TwoArmHandOverEnv`; float32, new arrays."""
        arms = self.arms
        giver, taker = self._observe(), self.side.see(arms.other_q, arms.other_v)
        root = self._root()
        opening = np.stack([arms.opening, arms.other_opening], axis=1) / self._open
        held = np.stack([arms.held, arms.other_held, arms.free], axis=1)
        axes = part_axes(Rotation.from_quat(arms.parts[:, 3:]))
        rows = [giver, taker, opening, held, root, root - self.side.tip, axes, arms.twist[:, :3]]
        inner = np.concatenate(rows, axis=1).clip(-self._edge, self._edge)
        return {
            "observation": inner.astype(np.float32),
            "achieved_goal": self._achieved(),
            "desired_goal": self.goals.copy(),
        }

    def errors(self, achieved: NDArray[Any], desired: NDArray[Any]) -> Told:
        """From goal to goal, over the last axis: `distance` [m]."""
        gap = np.asarray(achieved, float) - np.asarray(desired, float)
        return {"distance": np.sqrt((gap * gap).sum(axis=-1))}

    def state(self) -> Told:
        """Of each pair: `reach` from the taker's tip to its grasp [m], `taken`, `alone`."""
        arms = self.arms
        return {
            "reach": np.linalg.norm(self._root() - self.side.tip, axis=1),
            "taken": arms.other_held.copy(),
            "alone": arms.other_held & arms.free,
        }

    def outcome(self, seen: Observation) -> Told:
        """What is left to the goals, and `state`."""
        return self.errors(seen["achieved_goal"], seen["desired_goal"]) | self.state()

    def success(self, told: Told) -> NDArray[np.bool_]:
        """Which blades the taker alone holds at the goal."""
        near = told["distance"] <= self.options.tolerance
        return np.asarray(near & np.asarray(told["alone"], bool))

    def reward(self, told: Told) -> Array:
        """See `TwoArmHandOverEnv`."""
        if self.options.reward == "sparse":
            return -(~self.success(told)).astype(np.float64)
        taken, alone = (np.asarray(told[k], float) for k in ("taken", "alone"))
        reached = np.maximum(_done(told["reach"]), taken)
        arrived = np.maximum(alone * _done(told["distance"]), self.success(told))
        return np.asarray(reached + taken + alone + 2.0 * arrived)


def _with_hand(entry: Arm) -> Arm:
    """The same arm with a gripper: its own, or the catalogue's in place of its tool."""
    if entry.gripper is not None:
        return entry
    link = entry.tip if entry.tool is None else entry.tool.link
    return dataclasses.replace(
        entry, tool=Tool(urdf=_GRIPPER, link=link), tip=_TIP, gripper=_FINGERS
    )


def _done(left: Any) -> Array:
    """1 at nothing left, 0 at `_FAR`, by a logarithm: the last millimetres count."""
    share = 1.0 - np.log1p(np.asarray(left, float) / _NEAR) / np.log1p(_FAR / _NEAR)
    return np.asarray(np.clip(share, 0.0, 1.0))


def _matrix(turn: Array, at: Array) -> Array:
    out = np.eye(4)
    out[:3, :3], out[:3, 3] = turn, at
    return out
