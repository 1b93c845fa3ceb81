"""Steps: the smallest pieces of a task, each of which becomes one command at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from twincell.geometry.pose import Pose

__all__ = [
    "ClampStep",
    "GripStep",
    "LookStep",
    "MoveStep",
    "PassStep",
    "Program",
    "ScanStep",
    "Step",
    "TurnStep",
]


@dataclass(frozen=True)
class MoveStep:
    """Bring a mover's tip to a pose.

    Attributes:
        id: unique in its program.
        needs: ids of the steps that must have ended.
        mover: that moves.
        target: of its tip, world frame.
        line: True on a straight line of the tip, False on any free path.
        carrying: whether it holds a blade.
        clear_of: movers that must stand at home before it starts.
    """

    id: str
    needs: tuple[str, ...]
    mover: str
    target: Pose
    line: bool
    carrying: bool
    clear_of: tuple[str, ...] = ()


@dataclass(frozen=True)
class TurnStep:
    """Bring a mover's joints to positions, shape (d,) [rad]: home, or a view of the table."""

    id: str
    needs: tuple[str, ...]
    mover: str
    target: NDArray[np.float64]
    clear_of: tuple[str, ...] = ()
    carrying: bool = False


@dataclass(frozen=True)
class PassStep:
    """Go to the start of a scan pass, then run it; repeated from its start after a stop."""

    id: str
    needs: tuple[str, ...]
    mover: str
    view: int
    clear_of: tuple[str, ...] = ()


@dataclass(frozen=True)
class GripStep:
    """Close or open a gripper."""

    id: str
    needs: tuple[str, ...]
    mover: str
    close: bool


@dataclass(frozen=True)
class ClampStep:
    """Close or open the fixture's clamp."""

    id: str
    needs: tuple[str, ...]
    close: bool


@dataclass(frozen=True)
class LookStep:
    """See that the blade stands, its part frame at a pose in the world; `where` in words."""

    id: str
    needs: tuple[str, ...]
    pose: Pose
    where: str


@dataclass(frozen=True)
class ScanStep:
    """Start a scan, or finish it and have the verdict."""

    id: str
    needs: tuple[str, ...]
    what: Literal["start", "finish"]


Step = MoveStep | TurnStep | PassStep | GripStep | ClampStep | LookStep | ScanStep


@dataclass(frozen=True)
class Program:
    """How a task is done.

    Attributes:
        task: id of the task.
        part: the blade.
        steps: the task ends when all of them have.
        tail: steps that follow in the background (an arm goes home); their `needs` name each other
            or steps of the task.
    """

    task: str
    part: str
    steps: tuple[Step, ...]
    tail: tuple[Step, ...] = ()
