"""The protective separation distance between a person and a moving robot."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from twincell.errors import SafetyError

__all__ = ["HUMAN_SPEED", "ProtectiveDistance"]

HUMAN_SPEED = 1.6
"""Speed of an approaching person where it is not watched (ISO 13855) [m/s]."""


@dataclass(frozen=True)
class ProtectiveDistance:
    """The terms of ISO/TS 15066:2016, 5.5.4.2.3 (formula 1), now in ISO 10218-2:2025.

        S_p = S_h + S_r + S_s + C + Z_d + Z_r
        S_h = v_h (T_r + T_s)    the person's way until the robot stands
        S_r = v_r T_r            the robot's way before it brakes
        S_s                      the robot's way while it brakes

    Attributes:
        robot_speed: v_r, towards the person at the moment of detection [m/s].
        reaction_time: T_r, from the light on the person to the first deceleration [s].
        stopping_time: T_s, from then to standstill [s].
        stopping_distance: S_s [m]; where it is not given, that of even braking, v_r T_s / 2.
        human_speed: v_h [m/s].
        intrusion: C, how far a part of the body reaches in before it is sensed [m].
        person_uncertainty: Z_d, of the person's position by the sensor [m].
        robot_uncertainty: Z_r, of the robot's position [m].

    Raises:
        SafetyError: a term is negative or no number.
    """

    robot_speed: float
    reaction_time: float
    stopping_time: float
    stopping_distance: float | None = None
    human_speed: float = HUMAN_SPEED
    intrusion: float = 0.0
    person_uncertainty: float = 0.0
    robot_uncertainty: float = 0.0

    def __post_init__(self) -> None:
        for f in fields(self):
            value = getattr(self, f.name)
            if value is None and f.name == "stopping_distance":
                continue
            if not (isinstance(value, int | float) and math.isfinite(value) and value >= 0):
                raise SafetyError(f"{f.name} is {value}; valid: a number of at least 0")

    @property
    def terms(self) -> dict[str, float]:
        """Each term by its letter [m]."""
        braking = self.stopping_distance
        if braking is None:
            braking = self.robot_speed * self.stopping_time / 2
        return {
            "S_h": self.human_speed * (self.reaction_time + self.stopping_time),
            "S_r": self.robot_speed * self.reaction_time,
            "S_s": braking,
            "C": self.intrusion,
            "Z_d": self.person_uncertainty,
            "Z_r": self.robot_uncertainty,
        }

    @property
    def total(self) -> float:
        """S_p [m]."""
        return sum(self.terms.values())
