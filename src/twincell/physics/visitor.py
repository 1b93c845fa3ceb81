"""The visitor's walks: where the person stands at any time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twincell.geometry.pose import Pose
from twincell.world.layout import Visitor

__all__ = ["Walks"]

Array = NDArray[np.float64]


class Walks:
    """Forth along a path, a pause, and back, at given times; waiting at the path's start between.

    Args:
        visitor: its entry in the world file.
        rng: decides which of the walks happen.
    """

    def __init__(self, visitor: Visitor, rng: np.random.Generator) -> None:
        self._path = np.array(visitor.path, float)
        steps = np.linalg.norm(np.diff(self._path, axis=0), axis=1)
        self._along = np.concatenate([[0.0], np.cumsum(steps)])
        self._speed = visitor.speed
        self._pause = visitor.pause
        self.starts = tuple(t for t in visitor.times if rng.random() < visitor.chance)

    @property
    def duration(self) -> float:
        """Time of one walk [s]."""
        return float(2.0 * self._along[-1] / self._speed + self._pause)

    def walking(self, t: float) -> bool:
        """Whether the person is under way at `t` [s]."""
        return any(start <= t < start + self.duration for start in self.starts)

    def pose(self, t: float) -> Pose:
        """The person's frame in the world at `t` [s]: on the floor, x forward."""
        way = float(self._along[-1] / self._speed)
        distance, back = 0.0, False
        for start in self.starts:
            gone = t - start
            if 0.0 <= gone < self.duration:
                back = gone > way + self._pause
                share = min(gone, way) if not back else self.duration - gone
                distance = share * self._speed
        last = len(self._path) - 2
        i = min(int(np.searchsorted(self._along, distance, side="right")) - 1, last)
        step = self._path[i + 1] - self._path[i]
        at = self._path[i] + step * (distance - self._along[i]) / np.linalg.norm(step)
        yaw = float(np.arctan2(step[1], step[0])) + (np.pi if back else 0.0)
        return Pose.of((at[0], at[1], 0.0), (0.0, 0.0, yaw))
