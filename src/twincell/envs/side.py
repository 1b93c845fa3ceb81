"""One more arm of a task: from its share of an action to joint speeds, and what is seen of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twincell.envs.arm import action_scale, seen_bound
from twincell.envs.control import ACTIONS, command, observe, solve
from twincell.envs.options import ArmOptions
from twincell.geometry.lumped import LumpedArm
from twincell.physics.chain import constants
from twincell.world.robots import Arm

__all__ = ["Side"]

Array = NDArray[np.float64]


class Side:
    """The second arm of n worlds; the first is the task's own.

    Args:
        arm: its chain.
        entry: in the world file.
        options: of the task.
        count: n.
        stride: of a Cartesian action of one [m].
        turn: axes of the tip that Cartesian actions keep, shape (3, 3).

    Attributes:
        home: joint positions of the world file, shape (d,).
        size: d.
        width: numbers of its share of an action.
        tip: positions of the last `see`, shape (n, 3) [m].
        bound: of what `see` gives, shape (2 d + 6,).
    """

    def __init__(
        self,
        arm: LumpedArm,
        entry: Arm,
        options: ArmOptions,
        count: int,
        stride: float,
        turn: Array,
    ) -> None:
        self.home = np.asarray(entry.home, float)
        self.size = d = len(self.home)
        self._chain = constants(arm)
        speed = arm.velocity * entry.speed_scale
        self._limits = (arm.lower, arm.upper, speed)
        self._mode = ACTIONS.index(options.action)
        self.width = 3 if self._mode == 0 else d
        self._scale = action_scale(options, arm, speed, stride)
        self._period = 1.0 / options.rate
        self._turn = np.ascontiguousarray(turn)
        self._turns = np.repeat(self._turn[None], count, axis=0)
        self.bound = seen_bound(arm)
        self._out, self._seen = np.empty((count, d)), np.empty((count, 2 * d + 6))
        self.tip = np.empty((count, 3))

    def speeds(self, q: Array, action: Array) -> Array:
        """Joint speeds for one control period, shape (n, d); overwritten each time.

        Args:
            q: joint positions, shape (n, d).
            action: within [-1, 1], shape (n, width).
        """
        command(
            self._chain, q, action, self._mode, self._scale, self._turns, self._limits,
            self._period, self._out,
        )  # fmt: skip
        return self._out

    def see(self, q: Array, v: Array) -> Array:
        """Joints, speeds, tip position and tip velocity, shape (n, 2 d + 6); overwritten."""
        observe(self._chain, q, v, self.bound, self._seen, self.tip)
        return self._seen

    def solve(self, at: Array, near: Array | None = None) -> tuple[Array, float]:
        """Joints with the tip at a point [m] in the kept axes, and the distance left [m]."""
        q = (self.home if near is None else near).copy()
        rounds = 300 if near is None else 60
        return q, float(solve(self._chain, q, at, self._turn, *self._limits[:2], rounds))
