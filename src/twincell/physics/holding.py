"""Holding blades: the gripper's grasp and the fixture's clamp."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pybullet as p

from twincell.geometry.pose import Pose
from twincell.physics.blades import BladeBodies
from twincell.physics.mover import MoverBody
from twincell.world.layout import Fixture

__all__ = ["Clamp", "Hold"]

_GRASP_FORCE = 250.0
"""Largest force by which the constraint aids a grasp [N]: more tears the blade out of the hand."""
_TOLERANCE = 0.006
"""A blade this near to the fixture's datum is drawn to it [m]."""
_TURNED = 0.15
"""The same for its orientation [rad]."""
_SLOW = 0.002
"""Fingers slower than this stand [m/s]."""
_OPEN = 0.002
"""An opening this near to the wanted one is reached [m]."""


def _fix(mover: MoverBody, blade: int, in_link: Pose, force: float, client: int) -> int:
    """Tie a blade's centre of mass frame to a pose in the centre of mass frame of a mover's tip."""
    tie = int(
        p.createConstraint(
            mover.body, mover.tip, blade, -1, p.JOINT_FIXED, [0, 0, 0],
            in_link.p.tolist(), [0, 0, 0], in_link.q.tolist(), [0, 0, 0, 1],
            physicsClientId=client,
        )
    )  # fmt: skip
    p.changeConstraint(tie, maxForce=force, physicsClientId=client)
    return tie


class Hold:
    """A grasp: both fingers must press on a blade; then a constraint keeps it from creeping.

    Args:
        mover: with or without a gripper.
        shapes: the blades' bodies.
    """

    def __init__(self, mover: MoverBody, shapes: BladeBodies) -> None:
        self._mover = mover
        self._shapes = shapes
        self._tie = -1
        self._steps = 0
        self.blade: str | None = None

    def command(self, close: bool) -> None:
        """Close or open; see `MoverBody.move_fingers`."""
        self._mover.move_fingers(close)
        self._steps = 0
        if not close:
            self._release()

    @property
    def settled(self) -> bool:
        """Whether the fingers have come to where they can come."""
        if not self._mover.handle.fingers or self.blade is not None:
            return True
        opening, speed = self._mover.fingers()
        if self._mover.closing:
            return self._steps > 60 and speed < _SLOW
        return self._mover.open_width - opening < _OPEN

    def update(self, blades: Mapping[str, int]) -> None:
        """After a step: tie what both fingers press on, let go of what they do not."""
        if not self._mover.closing:
            return
        self._steps += 1
        if self.blade is not None:
            return
        pressed = self._mover.touched()
        for name, body in blades.items():
            if body in pressed:
                tip = self._mover.link_pose(self._mover.tip, centre=True)
                relative = tip.inverse() @ self._shapes.centre_pose(body)
                self._tie = _fix(self._mover, body, relative, _GRASP_FORCE, self._shapes.client)
                self.blade = name
                return

    def _release(self) -> None:
        if self._tie >= 0:
            p.removeConstraint(self._tie, physicsClientId=self._shapes.client)
        self._tie, self.blade = -1, None


class Clamp:
    """Draws a blade that stands in the fixture to its datum and holds it.

    Args:
        fixture: its entry in the world file.
        mover: that turns it.
        shapes: the blades' bodies.
    """

    def __init__(self, fixture: Fixture, mover: MoverBody, shapes: BladeBodies) -> None:
        self._fixture = fixture
        self._mover = mover
        self._shapes = shapes
        self._place = Pose.at(fixture.place)
        self._tie = -1
        self._due: float | None = None
        self._close = False
        self.blade: str | None = None

    @property
    def settled(self) -> bool:
        """Whether the last command has ended."""
        return self._due is None

    def command(self, close: bool, now: float) -> None:
        """Close or open; done after the fixture's clamp time."""
        self._close, self._due = close, now + self._fixture.clamp_time

    def update(self, now: float, blades: Mapping[str, int]) -> None:
        """After a step: carry out a command that is due."""
        if self._due is None or now < self._due - 1e-9:
            return
        self._due = None
        if not self._close:
            if self._tie >= 0:
                p.removeConstraint(self._tie, physicsClientId=self._shapes.client)
            if self.blade is not None:
                self._pocket(blades[self.blade], True)
            self._tie, self.blade = -1, None
        elif self.blade is None:
            self._draw(blades)

    def _pocket(self, blade: int, solid: bool) -> None:
        """While the jaws hold the root the pocket's play, walls and floor, does not count."""
        for link in self._mover.handle.links.values():
            p.setCollisionFilterPair(
                self._mover.body, blade, link, -1, int(solid), physicsClientId=self._shapes.client
            )

    def _draw(self, blades: Mapping[str, int]) -> None:
        link = self._mover.link_pose(self._mover.tip)
        datum = link @ self._place
        for name, body in blades.items():
            off = datum.inverse() @ self._shapes.pose(body)
            turn = 2.0 * float(np.arccos(min(1.0, abs(float(off.q[3])))))
            if np.linalg.norm(off.p) < _TOLERANCE and turn < _TURNED:
                centre = self._mover.link_pose(self._mover.tip, centre=True)
                relative = centre.inverse() @ self._shapes.centred(datum)
                force = self._fixture.clamp_force
                self._tie = _fix(self._mover, body, relative, force, self._shapes.client)
                self._pocket(body, False)
                self.blade = name
                return
