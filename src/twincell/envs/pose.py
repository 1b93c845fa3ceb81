"""`twincell/ReachPose-v0`: a point in space and an orientation there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from twincell.envs.control import ACTIONS, solve, tips, turned
from twincell.envs.options import Options, numbers
from twincell.envs.reach import ReachEnv
from twincell.envs.task import Errors, ReachTask
from twincell.errors import EnvError

__all__ = ["PoseOptions", "PoseTask", "ReachPoseEnv"]

Array = NDArray[np.float64]

_TURN = 0.2
"""Of a Cartesian action of one about an axis [rad]."""
_METRES = 0.1
"""That a radian costs in the dense reward [m/rad]."""
_TRIES = 1000
"""Goals drawn until the arm reaches one."""
_ROUNDS = 60
"""Of the inverse kinematics that tells whether it does."""


@dataclass(frozen=True)
class PoseOptions(Options):
    """What can be chosen beside `Options`.

    Attributes:
        angle: tolerance of the orientation [rad].
        turns: largest turn of a goal from the tip's orientation at home [rad].
    """

    goals: tuple[float, float, float] = (0.10, 0.10, 0.10)
    angle: float = 0.05
    turns: float = 0.5

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """Check options by name.

        Raises:
            EnvError: an unknown option, or a value out of its range.
        """
        made = super().of(given)
        for name in ("angle", "turns"):
            made.positive(name)
        made.within("turns", 0.0, 1.5, "rad")
        return made


class PoseTask(ReachTask):
    """n arms that each have a pose to reach: position and the tip's x and z axes, (n, 9).

    Args:
        count: n.
        options: of the task.

    Raises:
        EnvError: as `ReachTask`.
    """

    goal_size = 9
    _width = 6

    def __init__(self, count: int, options: PoseOptions) -> None:
        super().__init__(count, options)
        self._most, self._near = options.turns, options.angle
        self._poses = np.empty((count, 4, 4))

    def _draw(self, rng: np.random.Generator) -> Array:
        for _ in range(_TRIES):
            at = super()._draw(rng)
            axis = rng.standard_normal(3)
            by = axis / np.linalg.norm(axis) * rng.uniform(0.0, self._most)
            turn = np.empty((1, 3, 3))
            turned(self._turn[None], by[None], turn)
            if self._reaches(at, turn[0]):
                return np.concatenate([at, turn[0, :, 0], turn[0, :, 2]])
        raise EnvError(
            f"turns {self._most:g} rad: arm '{self.options.arm}' reached none of {_TRIES} poses; "
            "valid: smaller turns, or a smaller box of goals"
        )

    def _reaches(self, at: Array, turn: Array) -> bool:
        q, pose = self.home.copy(), np.empty((1, 4, 4))
        left = solve(self._chain, q, at, turn, *self._limits[:2], _ROUNDS)
        tips(self._chain, q[None], pose)
        return left < 0.2 * self.options.tolerance and bool(
            (pose[0, :3, :3] * turn).sum() > 1.0 + 2.0 * np.cos(0.2 * self._near)
        )

    def valid(self, goal: Any) -> Array:
        """A goal that was given from outside.

        Raises:
            EnvError: of another shape, outside of the box, no axes, or out of reach.
        """
        valid = "(9,), position and x and z axis"
        row = numbers("goal", goal, valid)
        if row.shape != (9,):
            raise EnvError(f"goal of shape {row.shape}; valid: {valid}")
        at, x, z = super().valid(row[:3]), row[3:6], row[6:]
        gram = np.array([x @ x - 1.0, z @ z - 1.0, x @ z])
        if not (abs(gram) < 1e-3).all():
            raise EnvError(f"goal axes {row[3:].tolist()}; valid: two unit vectors at right angles")
        if not self._reaches(at, np.ascontiguousarray(np.stack([x, np.cross(z, x), z], axis=1))):
            raise EnvError(f"goal {row.tolist()}: arm '{self.options.arm}' cannot reach it")
        return row

    def _aim(self, action: Array) -> None:
        if self._mode == ACTIONS.index("cartesian"):
            tips(self._chain, self.arms.q, self._poses)
            axes = np.ascontiguousarray(self._poses[:, :3, :3])
            turned(axes, action[:, 3:] * _TURN, self._turns)

    def _achieved(self) -> Array:
        tips(self._chain, self.arms.q, self._poses)
        poses = self._poses
        return np.concatenate([self._tip, poses[:, :3, 0], poses[:, :3, 2]], axis=1).clip(
            -self._goal_bound, self._goal_bound
        )

    def errors(self, achieved: NDArray[Any], desired: NDArray[Any]) -> Errors:
        """What is left from goal to goal, over the last axis: `distance` [m], `angle` [rad]."""
        a, b = np.asarray(achieved, float), np.asarray(desired, float)
        found = super().errors(a[..., :3], b[..., :3])
        # |R_a - R_b|_F = 2 sqrt(2) sin(angle / 2): exact where an arc cosine is not
        square = 0.0
        for one, other in zip(_axes(a), _axes(b), strict=True):
            square = square + ((one - other) ** 2).sum(axis=-1)
        half = np.sqrt(square / 8.0).clip(0.0, 1.0)
        return found | {"angle": np.asarray(2.0 * np.arcsin(half))}

    def success(self, errors: Errors) -> NDArray[np.bool_]:
        """Which are within both tolerances."""
        return np.asarray(super().success(errors) & (errors["angle"] <= self._near))

    def _cost(self, errors: Errors) -> Array:
        return np.asarray(super()._cost(errors) + _METRES * errors["angle"])


def _axes(goal: Array) -> tuple[Array, Array, Array]:
    x, z = goal[..., 3:6], goal[..., 6:9]
    return x, np.cross(z, x), z


class ReachPoseEnv(ReachEnv):
    """Bring the tip of an arm of a world file to a pose, and hold it there.

    As `twincell/Reach-v0`, whose page tells start, end, options and the other actions, but for:

    **Actions**: `cartesian` has shape (6,): 50 mm of the tip and 0.2 rad about each world axis in
    a period, from where the tip is.

    **Observations**:

    | key | shape | content |
    |---|---|---|
    | `observation` | (2 d + 6,) | joints [rad], speeds [rad/s], tip [m] and its velocity [m/s] |
    | `achieved_goal` | (9,) | tip position [m], its x axis, its z axis |
    | `desired_goal` | (9,) | goal, likewise |

    **Reward**: dense -(distance + 0.1 m/rad * angle) [m]; log, of this sum s,
    -ln(1 + s / tolerance); sparse 0 within both tolerances, else -1. The angle is that of the one
    turn that takes the achieved to the desired orientation.

    **Goals**: position uniform in a box about the tip at home, orientation that at home turned
    about an axis drawn on the sphere by an angle uniform up to `turns`; what the arm cannot reach
    is drawn anew.

    **Info**: `is_success` (both within tolerance), `distance` [m], `angle` [rad], in Bullet
    `contact`.

    **Options** beside those of Reach: `angle` (0.05 rad), `turns` (0.5 rad); `goals` is 0.10 m.

    **Versions**: v0, the first.

    Args:
        render_mode: None or `rgb_array` (Bullet's TinyRenderer, physics `bullet` only).
        **options: see above.

    Raises:
        EnvError: an unknown option, a value out of range, goals out of reach.
    """

    @staticmethod
    def _make(count: int, options: dict[str, Any]) -> ReachTask:
        return PoseTask(count, PoseOptions.of(options))
