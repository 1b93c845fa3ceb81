"""How goals and stops ended."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

__all__ = [
    "GOAL_TOLERANCE_VIOLATED",
    "PATH_TOLERANCE_VIOLATED",
    "SUCCESSFUL",
    "Outcome",
    "Standstill",
]

SUCCESSFUL = 0
PATH_TOLERANCE_VIOLATED = -4
GOAL_TOLERANCE_VIOLATED = -5


@dataclass(frozen=True)
class Outcome:
    """How a goal ended.

    Attributes:
        state: of the action.
        code: `error_code` of control_msgs/FollowJointTrajectory: 0 `SUCCESSFUL`,
            -4 `PATH_TOLERANCE_VIOLATED`, -5 `GOAL_TOLERANCE_VIOLATED`, -1 where it was stopped.
        text: in words.
    """

    state: Literal["succeeded", "aborted", "canceled"]
    code: int
    text: str

    @property
    def ok(self) -> bool:
        """Whether the goal was reached."""
        return self.state == "succeeded"


@dataclass(frozen=True)
class Standstill:
    """How a stop went; the caller knows who asked and makes a StopReport of it.

    Attributes:
        category: carried out.
        accepted: time at which the controller took it [s].
        first_deceleration: time of the first slower command [s].
        standstill: time at which all joints stood [s].
        distance: largest joint travel from acceptance to standstill [rad or m]: measured where
            joints are measured, else commanded.
        predicted_standstill: the same time as foretold at acceptance [s]; NaN in category 0,
            whose brakes nobody foretells.
        predicted_distance: the travel as foretold [rad or m]; NaN in category 0.
    """

    category: int
    accepted: float
    first_deceleration: float
    standstill: float
    distance: float
    predicted_standstill: float = math.nan
    predicted_distance: float = math.nan
