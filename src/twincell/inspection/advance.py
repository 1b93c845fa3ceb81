"""Which lines of a scan show another place than the line before.

A profiler measures on while its arm stands, for a stop or a reset. The same place again and again
shows nothing new, and would fill the memory for as long as the arm stands.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from twincell.geometry.pose import Pose

__all__ = ["Advance"]

F64 = NDArray[np.float64]


class Advance:
    """Passes lines that lie farther than a distance from the last one that it passed.

    Args:
        standoff: from the sensor to the part; what a turn moves there counts [m].
        least: distance [m].
    """

    def __init__(self, standoff: float, least: float) -> None:
        # the sensor, the middle of its line, and a place beside it: no motion leaves all three
        self._places: F64 = np.array(
            [[0.0, 0.0, 0.0], [0.0, 0.0, standoff], [standoff, 0.0, standoff]]
        )
        self._least = least
        self._last: F64 | None = None

    def fresh(self, sensors: Sequence[Pose]) -> NDArray[np.intp]:
        """Indices of the lines that are passed.

        Args:
            sensors: pose of the optical frame in the part frame, one a line.
        """
        passed = []
        for i, sensor in enumerate(sensors):
            places = sensor.apply(self._places)
            if self._last is not None:
                moved = np.linalg.norm(places - self._last, axis=1).max()
                if moved < self._least:
                    continue
            self._last = places
            passed.append(i)
        return np.array(passed, np.intp)
