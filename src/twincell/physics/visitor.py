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
        path = np.array(visitor.path, float)
        # a point given twice in a row is no step: it has no direction
        new = np.any(np.diff(path, axis=0) != 0.0, axis=1)
        self._path = path[np.concatenate([[True], new])]
        steps = np.linalg.norm(np.diff(self._path, axis=0), axis=1)
        self._along = np.concatenate([[0.0], np.cumsum(steps)])
        self._speed = visitor.speed
        self._pause = visitor.pause
        self._walks = [(t, self._pause) for t in visitor.times if rng.random() < visitor.chance]

    @property
    def starts(self) -> tuple[float, ...]:
        """When the walks begin [s]."""
        return tuple(start for start, _ in self._walks)

    @property
    def duration(self) -> float:
        """Time of one walk of the world file [s]."""
        return 2.0 * self.way + self._pause

    @property
    def way(self) -> float:
        """Time from one end of the path to the other [s]."""
        return float(self._along[-1] / self._speed)

    def intrude(self, now: float, until: float) -> None:
        """One more walk, from now on, that stays at the path's end until a time.

        A person who is under way already goes home first; who gets there too late turns at once.
        Walks of the world file that would begin meanwhile are left out: there is one person.

        Args:
            now: time [s].
            until: when the person turns round [s].
        """
        busy = [t + 2.0 * self.way + pause for t, pause in self._walks if t <= now]
        start = max(now, *busy) if busy else now
        pause = max(0.0, until - start - self.way)
        end = start + 2.0 * self.way + pause
        self._walks = [w for w in self._walks if not start <= w[0] < end]
        self._walks.append((start, pause))

    def walking(self, t: float) -> bool:
        """Whether the person is under way at `t` [s]."""
        return any(start <= t < start + 2.0 * self.way + pause for start, pause in self._walks)

    def pose(self, t: float) -> Pose:
        """The person's frame in the world at `t` [s]: on the floor, x forward."""
        way = self.way
        distance, back = 0.0, False
        for start, pause in self._walks:
            gone, duration = t - start, 2.0 * way + pause
            if 0.0 <= gone < duration:
                back = gone > way + pause
                share = min(gone, way) if not back else duration - gone
                distance = share * self._speed
        if len(self._path) == 1:  # somebody who only stands there looks along x
            return Pose.of((*self._path[0], 0.0))
        last = len(self._path) - 2
        i = min(int(np.searchsorted(self._along, distance, side="right")) - 1, last)
        step = self._path[i + 1] - self._path[i]
        at = self._path[i] + step * (distance - self._along[i]) / np.linalg.norm(step)
        yaw = float(np.arctan2(step[1], step[0])) + (np.pi if back else 0.0)
        return Pose.of((at[0], at[1], 0.0), (0.0, 0.0, yaw))
