"""One motion of an arm by a policy: led to its goal, let come to rest, judged where it rests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twincell.cell.led import Lead
from twincell.errors import TrainingError
from twincell.motion.stream import JointTarget
from twincell.training.pilot import Pilot, pilot_of
from twincell.world.load import load_world

__all__ = ["Reached", "Reaching", "lead_of"]

Array = NDArray[np.float64]

HOLD = 0.15
"""A target moves the arm for at most this long [s]; an arm that nobody leads must stop soon."""
_STAY = 0.15
"""A tip that stays within the tolerance for so long has arrived [s]."""
_REST = 1e-3
"""A joint slower than this rests [rad/s]."""
_SETTLE = 2.0
"""Longest time from the last target to rest [s]."""


@dataclass(frozen=True)
class Reached:
    """How a motion ended.

    Attributes:
        reached: whether the tip rests within the tolerance.
        distance: from the tip to the goal, at rest [m].
        tolerance: that counted [m].
        duration: until rest [s].
        text: why it was not reached.
    """

    reached: bool
    distance: float
    tolerance: float
    duration: float
    text: str = ""


class Reaching:
    """Leads an arm until it has arrived, or cannot; then waits until it rests.

    Args:
        pilot: of the arm.
        goal: of the tip, world frame, shape (3,) [m].
        tolerance: how near is there [m]; as in training where not given.
        patience: longest time to lead [s]; twice an episode of the training where not given.
        obstacle: names what the arm would touch at joint positions, shape (d,); None where nothing.

    Attributes:
        result: how it ended; None while it goes on.
        distance: from the tip to the goal, as last heard [m].

    Raises:
        EnvError: a goal outside of those of the training.
        TrainingError: a tolerance or patience that is no number above zero.
    """

    def __init__(
        self,
        pilot: Pilot,
        goal: ArrayLike,
        tolerance: float | None = None,
        patience: float | None = None,
        obstacle: Callable[[Array], str | None] = lambda q: None,  # noqa: ARG005
    ) -> None:
        self._pilot, self._obstacle = pilot, obstacle
        self._tolerance = pilot.tolerance if tolerance is None else tolerance
        self._patience = 2.0 * pilot.episode if patience is None else patience
        for what, value in (("tolerance", self._tolerance), ("patience", self._patience)):
            if not (np.isfinite(value) and value > 0.0):
                raise TrainingError(f"{what} {value}; valid: a finite number above 0")
        pilot.aim(goal)
        self._begin: float | None = None
        self._last = -np.inf
        self._near: float | None = None
        self._why: str | None = None
        self.distance = np.inf
        self.result: Reached | None = None

    def update(self, stamp: float, q: ArrayLike, v: ArrayLike) -> JointTarget | None:
        """Hear the joints.

        Args:
            stamp: of the joint state [s].
            q: joint positions, shape (d,) [rad].
            v: joint speeds, shape (d,) [rad/s].

        Returns:
            Where to lead the joints next; None to let them come to rest.
        """
        if self.result is not None:
            return None
        if self._begin is None:
            self._begin = stamp
        self.distance = self._pilot.distance(q, v)
        fastest = float(np.max(np.abs(v)))
        if self.distance > self._tolerance:
            self._near = None
        elif self._near is None:
            self._near = stamp
        if self._why is None and self._near is not None and stamp - self._near >= _STAY:
            self._why = ""
        if self._why is None and stamp - self._begin > self._patience:
            self._why = f"not there within {self._patience:g} s"
        if self._why is None:
            target = self._pilot.target(q, v, HOLD, stamp)
            touched = self._obstacle(target.values)
            if touched is None:
                self._last = stamp
                return target
            self._why = f"the policy leads too near: {touched}"
        since = stamp - self._last
        if (since > HOLD and fastest < _REST) or since > HOLD + _SETTLE:
            self._end(stamp - self._begin)
        return None

    def end(self, why: str) -> None:
        """Lead no further: it was refused, stopped or called off."""
        if not self._why:
            self._why = why

    def _end(self, duration: float) -> None:
        near = self.distance <= self._tolerance
        text = self._why or ""
        if not text and not near:
            text = "it did not stay there"
        if text:
            text += f"; {1e3 * self.distance:.1f} mm are left, {1e3 * self._tolerance:g} allowed"
        self.result = Reached(
            near and not self._why, self.distance, self._tolerance, duration, text
        )


def lead_of(world: Path) -> Lead:
    """Has the arms of a world file led by their policies, in lockstep.

    Raises:
        TrainingError: a policy is for something else than its arm.
    """
    arms = load_world(world).arms
    pilots = {name: pilot_of(world, name) for name, arm in arms.items() if arm.policy is not None}

    def lead(mover: str, goal: Array, obstacle: Callable[[Array], str | None]) -> Reaching:
        return Reaching(pilots[mover], goal, obstacle=obstacle)

    return lead
