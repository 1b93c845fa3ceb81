"""What recorded joint speeds say of a motion: the largest acceleration and jerk beside limits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twincell.errors import MotionError
from twincell.motion.limits import JointLimits

__all__ = ["shares_of_limits"]

Array = NDArray[np.float64]

OVER = 0.0125
"""Jerk is a difference over at least this time: in one physics step a solver's noise shows [s]."""


def shares_of_limits(times: Array, speeds: Array, limits: JointLimits) -> tuple[float, float]:
    """Largest acceleration and jerk of any joint, as shares of its limits.

    By differences of recorded speeds, so a peak between two records shows as the mean over them.
    Where a record is lost the mean runs over the gap.

    Args:
        times: of the records, rising, shape (n,) [s].
        speeds: of the joints, shape (n, d) [rad/s or m/s].
        limits: of the d joints.

    Returns:
        Of acceleration, and of jerk; 0 where there are too few records.

    Raises:
        MotionError: times that do not rise, or speeds of another shape or not finite.
    """
    if speeds.shape != (len(times), len(limits.velocity)) or not np.isfinite(speeds).all():
        raise MotionError(
            f"speeds of shape {speeds.shape}; valid: ({len(times)}, {len(limits.velocity)}), finite"
        )
    steps = np.diff(times)
    if (steps <= 0).any():
        raise MotionError("recorded times do not rise; valid: one record a moment, in order")
    if len(times) < 2:
        return 0.0, 0.0
    acceleration = np.diff(speeds, axis=0) / steps[:, None]
    middles = (times[1:] + times[:-1]) / 2
    apart = max(1, int(np.ceil(OVER / np.median(steps) - 1e-6)))
    most = float(np.max(np.abs(acceleration) / limits.acceleration))
    if len(middles) <= apart:
        return most, 0.0
    span = middles[apart:] - middles[:-apart]
    jerk = (acceleration[apart:] - acceleration[:-apart]) / span[:, None]
    return most, float(np.max(np.abs(jerk) / limits.jerk))
