"""What a mover's joints may do: position, speed, acceleration, jerk."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from twincell.geometry.description import RobotDescription
    from twincell.world.robots import Arm

__all__ = ["JointLimits"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class JointLimits:
    """Limits of d joints, each array of shape (d,).

    Attributes:
        lower: smallest position [rad or m].
        upper: largest position [rad or m].
        velocity: largest speed [rad/s or m/s].
        acceleration: largest acceleration [rad/s^2 or m/s^2].
        jerk: largest jerk [rad/s^3 or m/s^3].
    """

    lower: Array
    upper: Array
    velocity: Array
    acceleration: Array
    jerk: Array

    @classmethod
    def of(cls, description: RobotDescription, arm: Arm) -> JointLimits:
        """The URDF's positions and the share of its speeds that the world file allows."""
        one = np.ones(len(description.joints))
        return cls(
            np.asarray(description.lower, float),
            np.asarray(description.upper, float),
            np.asarray(description.velocity, float) * arm.speed_scale,
            one * arm.acceleration,
            one * arm.jerk,
        )

    def within(self, q: ArrayLike, slack: float = 1e-6) -> bool:
        """Whether positions, shape (..., d), all lie between `lower` and `upper`."""
        x = np.asarray(q, float)
        return bool(np.all(x >= self.lower - slack) and np.all(x <= self.upper + slack))

    def slower(self, factor: float) -> JointLimits:
        """The limits of the same motion in `1/factor` times the time."""
        return replace(
            self,
            velocity=self.velocity * factor,
            acceleration=self.acceleration * factor**2,
            jerk=self.jerk * factor**3,
        )
