"""A table and a blade that stands on it, in each world of `BulletArms`: to look at and to hit."""

from __future__ import annotations

from collections.abc import Sequence

import pybullet as p

from twincell.geometry.blade import BladeModel
from twincell.geometry.lumped import LumpedArm
from twincell.geometry.pose import Pose
from twincell.physics.blades import BladeBodies
from twincell.physics.bullet import BASE, load_still
from twincell.physics.bullet_arms import BulletArms

__all__ = ["BulletStand"]

_GROUP, _MASK = 2, 1
"""What stands meets the arm alone: a blade that is askew would push its fixture away."""


class BulletStand:
    """Other movers that stand still, and a blade without mass that goes where it is put.

    Args:
        arms: in whose worlds they are.
        others: movers at zero.
        model: of the blade.

    Raises:
        PhysicsError: Bullet cannot load a mover.
    """

    def __init__(self, arms: BulletArms, others: Sequence[LumpedArm], model: BladeModel) -> None:
        self._rows: list[tuple[int, int, BladeBodies]] = []
        self._others: list[list[tuple[int, int]]] = []
        for client, _ in arms.worlds:
            still = [(load_still(client, o, o.effort), len(o.joints)) for o in others]
            self._others.append(still)
            shapes = BladeBodies(client, model, 1.0)
            blade = shapes.add(Pose.identity())
            p.changeDynamics(blade, BASE, mass=0.0, physicsClientId=client)
            for body, count in [*still, (blade, 0)]:
                for link in range(BASE, count):
                    p.setCollisionFilterGroupMask(body, link, _GROUP, _MASK, physicsClientId=client)
            self._rows.append((client, blade, shapes))

    def put(self, row: int, part: Pose) -> None:
        """Put the part frame of one world's blade somewhere, and the others back to zero."""
        client, blade, shapes = self._rows[row]
        at = shapes.centred(part)
        p.resetBasePositionAndOrientation(
            blade, at.p.tolist(), at.q.tolist(), physicsClientId=client
        )
        for body, count in self._others[row]:
            p.resetJointStatesMultiDof(
                body, list(range(count)), [[0.0]] * count, [[0.0]] * count, physicsClientId=client
            )
