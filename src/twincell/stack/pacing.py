"""How simulated time follows the wall's."""

from __future__ import annotations

import math
from collections.abc import Mapping, Set

__all__ = ["Gate", "Pacer"]


class Pacer:
    """Tells how many physics steps are due, and never lets a delay grow into a burst.

    Args:
        step: length of a step [s].
        real_time_factor: simulated seconds a wall second; 0 as fast as it can.
        most: steps that are caught up at once; what is beyond is dropped: simulated time is
            then late for good rather than running fast later.

    Raises:
        ValueError: a step or factor that is not finite or has the wrong sign.
    """

    def __init__(self, step: float, real_time_factor: float, most: int = 8) -> None:
        if not (math.isfinite(step) and step > 0):
            raise ValueError(f"step {step} s: a positive number is expected")
        if not (math.isfinite(real_time_factor) and real_time_factor >= 0):
            raise ValueError(
                f"real_time_factor {real_time_factor}: 1 is real time, 0 as fast as it can"
            )
        self._step = step
        self._factor = real_time_factor
        self._most = most
        self._origin: float | None = None
        self._taken = 0
        self.dropped = 0.0
        """Simulated time that was given up because the machine was too slow [s]."""

    def due(self, wall: float) -> int:
        """Steps to take now.

        Args:
            wall: monotonic wall time [s].
        """
        if self._factor == 0:
            return self._most
        if self._origin is None:
            self._origin = wall
        rate = self._factor / self._step
        behind = int((wall - self._origin) * rate + 1e-9) - self._taken
        steps = min(max(behind, 0), self._most)
        if behind > self._most:
            lost = behind - self._most
            self._origin += lost / rate
            self.dropped += lost * self._step
        self._taken += steps
        return steps


class Gate:
    """Holds simulated time while its own sensors are behind, so that a busy machine slows the
    simulation instead of making sensors look silent.

    A sensor that has held time for `patience` and got no further holds nothing any more: one that
    is really dead is found silent by the supervisor. Its silence counts from when it held time,
    since none of them has anything to do while another one does. To repeat an old stamp is no
    progress: who has missed a message gets no other one while time stands, and would hold it for
    ever.

    Args:
        limits: how far simulated time may run ahead of each sensor [s].
        patience: longest wall time for which a sensor holds time and gets no further [s].
    """

    def __init__(self, limits: Mapping[str, float], patience: float = 2.0) -> None:
        self._limits = dict(limits)
        self._patience = patience
        self._done: dict[str, float] = {}
        self._behind: dict[str, float] = {}

    def expect(self, now: float, there: Set[str]) -> None:
        """Each sensor whose node is there is to speak from `now` on [s of simulation].

        Args:
            now: simulated time [s].
            there: names of nodes. What `safety/NAME` tells has also passed the separation monitor.
        """
        for name in self._limits:
            sensor = name.removeprefix("safety/")
            needed = {sensor} if sensor == name else {sensor, "separation_monitor"}
            if needed <= there:
                self._done[name] = now

    def hear(self, name: str, stamp: float) -> None:
        """A sensor is done up to `stamp` [s of simulation]; others than its own pass by."""
        if name not in self._limits:
            return
        if stamp > self._done.get(name, -math.inf):
            self._behind.pop(name, None)
        self._done[name] = stamp

    def open(self, now: float, wall: float) -> bool:
        """Whether simulated time may go on from `now` [s], asked at `wall` [s]."""
        for name, stamp in self._done.items():
            if now - stamp > self._limits[name]:
                self._behind.setdefault(name, wall)
        return not self.waits_for(wall)

    def waits_for(self, wall: float) -> dict[str, float]:
        """Who holds time at `wall` [s], with the stamp up to which each is done [s]."""
        return {
            name: self._done[name]
            for name, since in self._behind.items()
            if wall - since <= self._patience
        }
