"""What stands where in an environment, for those who look at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from twincell.geometry.description import RobotDescription
from twincell.geometry.figure import Figure
from twincell.geometry.pose import Pose

__all__ = ["Shown", "Stage"]


@dataclass(frozen=True)
class Stage:
    """What there is in every copy of an environment, beside furniture.

    Attributes:
        movers: by name.
        racks: names.
        blade: whether there is one.
        figure: who may walk by.
    """

    movers: Mapping[str, RobotDescription]
    racks: tuple[str, ...] = ()
    blade: bool = False
    figure: Figure | None = None


@dataclass(frozen=True)
class Shown:
    """Where that is in one copy, now.

    Attributes:
        joints: positions of each mover, shape (d,) [rad or m].
        openings: between the fingers of those that have some [m].
        blade: pose of the part frame; None where it is not there.
        visitor: poses of the figure's shapes; none where nobody is there.
    """

    joints: Mapping[str, NDArray[np.float64]]
    openings: Mapping[str, float] = field(default_factory=dict)
    blade: Pose | None = None
    visitor: Mapping[str, Pose] = field(default_factory=dict)
