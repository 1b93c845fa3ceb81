"""Motions that policies lead in lockstep: asked at their own rate, streamed to the drives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from twincell.cell.drives import Drives
from twincell.errors import GoalError, TwincellError
from twincell.motion.stream import JointTarget
from twincell.physics.cell import PhysicsCell
from twincell.physics.collision import CollisionChecker
from twincell.production.messages import Done, Steer

__all__ = ["Lead", "Led", "Motion", "Rested"]

Array = NDArray[np.float64]

RATE = 120.0
"""At which a policy is asked, as often as the ROS cell tells joint states [Hz]."""


class Rested(Protocol):
    """How a motion ended."""

    @property
    def reached(self) -> bool:
        """Whether the tip rests within the tolerance."""

    @property
    def distance(self) -> float:
        """That is left [m]."""

    @property
    def duration(self) -> float:
        """Until rest [s]."""

    @property
    def text(self) -> str:
        """Why it was not reached."""


class Motion(Protocol):
    """What leads one arm to one goal; `training.reaching.Reaching` does."""

    @property
    def result(self) -> Rested | None:
        """How it ended; None while it goes on."""

    def update(self, stamp: float, q: Array, v: Array) -> JointTarget | None:
        """Hear the joints; where to lead them next, None to let them come to rest."""

    def end(self, why: str) -> None:
        """Lead no further."""


Lead = Callable[[str, Array, Callable[[Array], str | None]], Motion]
"""From a mover, the goal of its tip and what names an obstacle at joint positions, to a motion."""


@dataclass(frozen=True)
class _Running:
    tag: str
    motion: Motion


class Led:
    """The movers that policies lead now.

    Args:
        lead: begins motions; None where the cell has no policies.
        drives: that follow.
        physics: whose joints are heard.
        checker: of what would be touched.
        rate: of physics [Hz].
    """

    def __init__(
        self,
        lead: Lead | None,
        drives: Drives,
        physics: PhysicsCell,
        checker: CollisionChecker,
        rate: float,
    ) -> None:
        self._lead, self._drives, self._physics, self._checker = lead, drives, physics, checker
        self._stride = max(1, round(rate / RATE))
        self._steps = 0
        self._running: dict[str, _Running] = {}

    def begin(self, command: Steer) -> Done | None:
        """Lead a mover; the answer at once where that cannot begin."""
        if self._lead is None:
            return Done(command.tag, False, "no policy leads here")
        mover = command.mover

        def obstacle(q: Array) -> str | None:
            others: Mapping[str, Array] = {
                n: self._physics.joints(n)[0] for n in self._drives.names if n != mover
            }
            return self._checker.obstacle(mover, q, others)

        try:
            motion = self._lead(mover, command.goal, obstacle)
        except TwincellError as error:
            return Done(command.tag, False, str(error))
        self._running[mover] = _Running(command.tag, motion)
        return None

    def step(self, now: float) -> list[Done]:
        """Ask the policies where that is due; the answers of motions that rest."""
        self._steps += 1
        if not self._running or self._steps % self._stride:
            return []
        done = []
        for mover, running in list(self._running.items()):
            motion = running.motion
            target = motion.update(now, *self._physics.joints(mover)[:2])
            if target is not None:
                try:
                    self._drives.stream(mover, target, now)
                except GoalError as error:
                    motion.end(str(error))
            ended = motion.result
            if ended is not None:
                del self._running[mover]
                text = f"{1e3 * ended.distance:.1f} mm left after {ended.duration:.2f} s"
                why = text if ended.reached else ended.text
                done.append(Done(running.tag, ended.reached, why))
        return done
