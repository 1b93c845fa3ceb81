"""The observation space of tasks that have a goal."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

__all__ = ["goal_space"]


def goal_space(inner: NDArray[Any], goal: NDArray[Any]) -> spaces.Dict:
    """Observation, achieved and desired goal, each symmetric about nothing, in float32.

    Args:
        inner: bounds of the observation, shape (k,).
        goal: bounds of goals, shape (g,).
    """
    edge = inner.astype(np.float32)
    far = goal.astype(np.float32)
    return spaces.Dict(
        {
            "observation": spaces.Box(-edge, edge, dtype=np.float32),
            "achieved_goal": spaces.Box(-far, far, dtype=np.float32),
            "desired_goal": spaces.Box(-far, far, dtype=np.float32),
        }
    )
