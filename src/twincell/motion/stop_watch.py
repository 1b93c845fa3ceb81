"""Follows a stop from its acceptance to rest: how far, how long, and what was foretold."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twincell.motion.outcome import Standstill
from twincell.motion.trajectory import JointTrajectory

__all__ = ["REST", "StopWatch"]

Array = NDArray[np.float64]

REST = 2e-3
"""Measured joints that are slower stand [rad/s or m/s]."""
PATIENCE = 0.5
"""Joints that still move so long after the last slower command are pushed by something [s]."""


class StopWatch:
    """One stop of one mover.

    Args:
        category: of the stop.
        now: time of its acceptance [s].
        position: set-point of the joints then, shape (d,) [rad or m].
        speed: of the fastest joint's set-point then [rad/s or m/s].
    """

    def __init__(self, category: int, now: float, position: ArrayLike, speed: float) -> None:
        self.category = category
        self._accepted = now
        self._origin = np.array(position, float)
        self._real: Array | None = None
        self._speed = speed
        self._slower: float | None = None
        self._ended: float | None = None
        self._standstill, self._travel = now, 0.0

    def foretell(self, brake: JointTrajectory) -> None:
        """What is going to happen: the brake's way, which begins at acceptance."""
        self._standstill = self._accepted + brake.duration
        self._travel = float(np.max(np.abs(brake.positions[-1] - brake.positions[0])))

    def escalate(self) -> None:
        """Power goes: what was foretold holds no longer."""
        self.category = 0

    def update(
        self,
        now: float,
        dt: float,
        speed: float,
        set_point: Array,
        braking: bool,
        real: Array | None,
    ) -> Standstill | None:
        """One step later; the report once the mover stands.

        Args:
            now: begin of the step [s].
            dt: its length [s].
            speed: of the fastest joint's set-point at its end [rad/s or m/s].
            set_point: of the joints at its end, shape (d,) [rad or m].
            braking: whether set-points still have a way to go.
            real: measured joints at its begin, shape (d,); None where nobody measures.
        """
        then = now + dt
        if self._slower is None and speed < self._speed - 1e-12:
            self._slower = then
        self._speed = speed
        where = set_point if real is None else real
        if self._real is None:
            # the step begins when the stop was accepted: measured joints are the origin
            self._real = self._origin = self._origin if real is None else real.copy()
        moved = float(np.max(np.abs(where - self._real)))
        self._real = where.copy()
        if braking:
            self._ended = None
            return None
        moving = self._slower is not None
        if self._ended is None:
            self._ended = then if moving else self._accepted
        if moving and real is not None:
            # what is measured now is what the last step made of its set-point
            stands = now >= self._ended - 1e-9 and moved <= REST * dt
            if not stands and now - self._ended < PATIENCE:
                return None
        slower = self._accepted if self._slower is None else self._slower
        foretold = self.category > 0
        return Standstill(
            self.category,
            self._accepted,
            slower,
            max(self._ended if real is None else now, self._ended, slower),
            float(np.max(np.abs(where - self._origin))),
            self._standstill if foretold else math.nan,
            self._travel if foretold else math.nan,
        )
