"""How far people and moving arms have to stay apart: the terms of ISO/TS 15066 as policy."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from twincell.world._typed import typed
from twincell.world.units import Duration, Length, Speed

__all__ = ["Separation"]


@typed
class Separation:
    """The protective separation distance S_p = v_h (T_r + T_s) + v_r T_r + S_s + C + Z_d + Z_r; v_r
    and T_s are those of the moment, T_r has a LiDAR's turn and the latency that was measured.
    """

    human_speed: Speed = 1.6
    """v_h, speed of an approaching person (ISO 13855) [m/s]."""
    tracked_speed: bool = True
    """Whether a person who is seen to be faster than `human_speed` counts with that speed."""
    reaction: Duration = 0.05
    """Least latency, from the end of a turn to the first deceleration; what was measured counts
    where it is more [s]."""
    intrusion: Length = 0.85
    """C, how far a part of the body reaches in before it is sensed (ISO 13855) [m]."""
    person_uncertainty: Length = 0.1
    """Z_d, of a person's position [m]."""
    robot_uncertainty: Length = 0.01
    """Z_r, of an arm's position [m]."""
    least_speed: Speed = 0.25
    """v_r of a slower arm, and of one that stands: it may start at any time [m/s]."""
    slow_margin: Length = 0.5
    """A person nearer than S_p and this slows the cell before one nearer than S_p stops it [m]."""
    hidden_area: Annotated[float, Field(gt=0)] = 0.75
    """A protective zone with more floor than this that no LiDAR sees any more has a blind spot;
    what the empty cell hides already is not counted [m^2]."""
    hidden: Literal["stop", "slow", "report"] = "report"
    """What a blind spot leads to: the stop of `sensor_silent`, the slower speed, or words alone."""
