"""What can be chosen of an environment, checked by name."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from twincell.envs.control import ACTIONS
from twincell.errors import EnvError, did_you_mean

__all__ = ["ArmOptions", "Options", "numbers"]

Array = NDArray[np.float64]

REWARDS = ("dense", "sparse", "log")
PHYSICS = ("bullet", "free")


def numbers(name: str, given: Any, valid: str) -> Array:
    """What was given as an array of numbers, of whatever shape.

    Args:
        name: of what was given.
        given: a number, or a sequence of them.
        valid: what would have been understood.

    Raises:
        EnvError: no numbers.
    """
    try:
        found = np.asarray(given)
    except ValueError:  # rows of different lengths
        found = np.asarray(None)
    if found.dtype.kind not in "iuf":
        raise EnvError(f"{name} {given!r}; valid: {valid}")
    return found.astype(float)


@dataclass(frozen=True)
class ArmOptions:
    """What can be chosen of every task.

    Attributes:
        world: world file, or a shipped name.
        arm: of the world file.
        action: `cartesian`, `position`, `velocity` or `torque`.
        physics: `bullet`, or `free`: the same arm without contacts, many times faster.
        rate: of control [Hz].
        substeps: physics steps a control period.
        iterations: of Bullet's solver a step.
    """

    world: str = "blade_cell"
    arm: str = "handler"
    action: str = "cartesian"
    physics: str = "bullet"
    rate: float = 25.0
    substeps: int = 10
    iterations: int = 50

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """Check options by name.

        Raises:
            EnvError: an unknown option, or a value out of its range.
        """
        names = [f.name for f in fields(cls)]
        for name in given:
            if name not in names:
                raise EnvError(f"no option '{name}'; {did_you_mean(name, names)}")
        made = cls(**given)
        for entry in fields(cls):
            value = getattr(made, entry.name)
            path = entry.name == "world" and isinstance(value, os.PathLike)
            if isinstance(entry.default, str) and not (isinstance(value, str) or path):
                raise EnvError(f"{entry.name} {value!r}; valid: text, as {entry.default!r}")
        made.one_of("action", ACTIONS)
        made.one_of("physics", PHYSICS)
        made.positive("rate")
        for name in ("substeps", "iterations"):
            made.whole(name)
        return made

    def one_of(self, name: str, valid: Sequence[str]) -> None:
        """Check one of the words.

        Raises:
            EnvError: none of `valid`.
        """
        value = getattr(self, name)
        if value not in valid:
            raise EnvError(f"{name} '{value}'; {did_you_mean(str(value), valid)}")

    def whole(self, name: str) -> None:
        """Check one of the counts.

        Raises:
            EnvError: not a whole number from 1 on.
        """
        value = getattr(self, name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise EnvError(f"{name} {value!r}; valid: a whole number from 1 on")

    def positive(self, name: str) -> None:
        """Check one of the numbers.

        Raises:
            EnvError: not a finite number above zero.
        """
        value = getattr(self, name)
        if not (isinstance(value, (int, float)) and math.isfinite(value) and value > 0):
            raise EnvError(f"{name} {value!r}; valid: a finite number above 0")

    def within(self, name: str, least: float, most: float, unit: str = "") -> None:
        """Check one of the numbers.

        Raises:
            EnvError: not from `least` to `most`.
        """
        value = getattr(self, name)
        if not (isinstance(value, (int, float)) and least <= value <= most):
            raise EnvError(f"{name} {value!r}; valid: {least:g} to {most:g} {unit}".rstrip())

    def touching(self) -> None:
        """Check that there are contacts.

        Raises:
            EnvError: other physics than Bullet's.
        """
        if self.physics != "bullet":
            raise EnvError(f"physics '{self.physics}' knows no contacts; valid: bullet")


@dataclass(frozen=True)
class Options(ArmOptions):
    """What can be chosen of the reach tasks.

    Attributes:
        reward: `dense`, `sparse` or `log`.
        tolerance: distance at which a goal is reached [m].
        goals: half the edges of the box of goals [m].
        offset: the middle of that box from the tip at home [m].
    """

    reward: str = "dense"
    tolerance: float = 0.005
    goals: tuple[float, float, float] = (0.15, 0.15, 0.15)
    offset: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """Check options by name.

        Raises:
            EnvError: an unknown option, or a value out of its range.
        """
        made = super().of(given)
        made.one_of("reward", REWARDS)
        made.positive("tolerance")
        valid = "three lengths above 0 [m]"
        box = numbers("goals", made.goals, valid)
        if box.shape != (3,) or not (np.isfinite(box).all() and (box > 0).all()):
            raise EnvError(f"goals {made.goals!r}; valid: {valid}")
        valid = "three finite lengths [m]"
        middle = numbers("offset", made.offset, valid)
        if middle.shape != (3,) or not np.isfinite(middle).all():
            raise EnvError(f"offset {made.offset!r}; valid: {valid}")
        return made
