"""What moves beside the arms of `BulletArms`: other arms and a visitor, on ways of their own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pybullet as p
from numpy.typing import NDArray

from twincell.geometry.figure import ARM, BODY, Figure
from twincell.geometry.lumped import LumpedArm
from twincell.geometry.pose import Pose
from twincell.physics.bullet import BASE, Size, add_boxes, load_arm
from twincell.physics.bullet_arms import BulletArms

__all__ = ["BulletGuests"]

Array = NDArray[np.float64]

_GROUP, _MASK = 2, 1
"""Guests meet the arm alone: they belong to what stands still."""
_ORANGE = (0.9, 0.5, 0.1, 1.0)
_BLUE = (0.25, 0.35, 0.55, 1.0)


class BulletGuests:
    """Other arms and a visitor with a stretched arm in each world of `BulletArms`.

    They go where they are put and give way to nothing.

    Args:
        arms: in whose worlds they are.
        others: other arms.
        figure: the visitor.
        still: more boxes that never move: size [m] and pose.

    Raises:
        PhysicsError: Bullet cannot load an arm.
    """

    def __init__(
        self,
        arms: BulletArms,
        others: Sequence[LumpedArm],
        figure: Figure,
        still: Sequence[tuple[Size, Pose]],
    ) -> None:
        self._arms = arms
        self._figure = figure
        self._rows: list[tuple[list[int], int, int]] = []
        for client, _ in arms.worlds:
            loaded = [self._load(client, other) for other in others]
            self._rows.append((loaded, self._body(client), self._hand(client)))
            if still:
                add_boxes(client, still, _BLUE)

    @staticmethod
    def _load(client: int, arm: LumpedArm) -> int:
        body = load_arm(client, arm)
        for link in range(BASE, len(arm.joints)):
            p.setCollisionFilterGroupMask(body, link, _GROUP, _MASK, physicsClientId=client)
        return body

    def _body(self, client: int) -> int:
        shape = p.createCollisionShape(
            p.GEOM_CYLINDER, radius=BODY, height=self._figure.height, physicsClientId=client
        )
        return self._add(client, shape)

    def _hand(self, client: int) -> int:
        shape = p.createCollisionShape(
            p.GEOM_CAPSULE, radius=ARM, height=self._figure.reach - ARM, physicsClientId=client
        )
        return self._add(client, shape)

    @staticmethod
    def _add(client: int, shape: int) -> int:
        body = int(p.createMultiBody(0.0, shape, physicsClientId=client))
        p.changeVisualShape(body, -1, rgbaColor=_ORANGE, physicsClientId=client)
        p.setCollisionFilterGroupMask(body, -1, _GROUP, _MASK, physicsClientId=client)
        return body

    def put(self, row: int, q: Sequence[Array], at: Array, side: float, hand: float) -> None:
        """Put the guests of one world somewhere.

        Args:
            row: which world.
            q: joint positions of each other arm [rad].
            at: of the visitor on the floor, shape (2,) [m].
            side: -1 or 1: the hand points along this times y.
            hand: its height [m].
        """
        client = self._arms.worlds[row][0]
        others, body, arm = self._rows[row]
        for other, positions in zip(others, q, strict=True):
            p.resetJointStatesMultiDof(
                other, list(range(len(positions))), [[x] for x in positions.tolist()],
                [[0.0]] * len(positions), physicsClientId=client,
            )  # fmt: skip
        poses = self._figure.poses(at, side, hand)
        for shape, pose in ((body, poses["body"]), (arm, poses["arm"])):
            p.resetBasePositionAndOrientation(
                shape, pose.p.tolist(), pose.q.tolist(), physicsClientId=client
            )

    def clear(self, row: int, margin: float) -> bool:
        """Whether the arm, where it was last placed, is this far from all else [m]."""
        client, own = self._arms.worlds[row]
        for body in range(p.getNumBodies(physicsClientId=client)):
            other = p.getBodyUniqueId(body, physicsClientId=client)
            if other == own:
                continue
            near = p.getClosestPoints(own, other, margin, physicsClientId=client)
            if any(c[3] > 0 for c in near):  # its base and shoulder stand where they stand
                return False
        return True
