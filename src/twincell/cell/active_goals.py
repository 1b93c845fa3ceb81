"""Motions, grips and clamps that were commanded and have not come to their end."""

from __future__ import annotations

from twincell.cell.drives import Drives
from twincell.errors import GoalError
from twincell.physics.cell import PhysicsCell
from twincell.production.messages import Clamp, Done, Grip, Move

__all__ = ["GRIP_TIME", "ActiveGoals"]

GRIP_TIME = 1.5
"""A gripper that has not settled by then has failed [s]."""


class ActiveGoals:
    """Commands the drives and the physics, and tells what came of it.

    Args:
        drives: of the movers.
        physics: the cell.
    """

    def __init__(self, drives: Drives, physics: PhysicsCell) -> None:
        self._drives = drives
        self._physics = physics
        self._moving: dict[str, str] = {}
        self._grips: list[tuple[Grip, float]] = []
        self._clamps: list[Clamp] = []

    def forget(self) -> None:
        """Whoever commanded is gone: nobody is told any more."""
        self._moving.clear()
        self._grips.clear()
        self._clamps.clear()

    def move(self, command: Move, now: float) -> list[Done]:
        """Begin a motion; where it is refused, that is its end."""
        try:
            self._drives.accept(command.mover, command.trajectory, now, None)
        except GoalError as error:
            return [Done(command.tag, False, str(error))]
        self._moving[command.mover] = command.tag
        return []

    def grip(self, command: Grip, now: float) -> None:
        """Close or open a gripper."""
        self._physics.grip(command.mover, command.close)
        self._grips.append((command, now + GRIP_TIME))

    def clamp(self, command: Clamp) -> None:
        """Close or open the fixture's clamp."""
        self._physics.clamp(command.close)
        self._clamps.append(command)

    def ended(self, now: float) -> list[Done]:
        """What has come to its end since the last call."""
        told = []
        for mover, tag in list(self._moving.items()):
            outcome = self._drives.outcome(mover)
            if outcome is not None:
                del self._moving[mover]
                told.append(Done(tag, outcome.ok, outcome.text))
        for grip, deadline in list(self._grips):
            if not self._physics.grip_settled(grip.mover) and now <= deadline:
                continue
            self._grips.remove((grip, deadline))
            held = self._physics.gripped(grip.mover)
            ok = (held is not None) == grip.close
            told.append(Done(grip.tag, ok, "" if ok else f"the gripper holds {held}"))
        if self._clamps and self._physics.clamp_settled:
            clamp = self._clamps.pop(0)
            held = self._physics.clamped
            ok = (held is not None) == clamp.close
            text = "" if ok else "no blade stands within reach of the clamp's datum"
            told.append(Done(clamp.tag, ok, text))
        return told
