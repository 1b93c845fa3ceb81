"""Two arms with working grippers in each Bullet world, and a blade that one of them holds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pybullet as p
from numpy.typing import NDArray

from twincell.geometry.blade import BladeModel
from twincell.geometry.description import RobotDescription
from twincell.geometry.lumped import LumpedArm
from twincell.geometry.pose import Pose
from twincell.physics.blades import BladeBodies
from twincell.physics.bullet import BASE, Size
from twincell.physics.bullet_hands import BulletHands
from twincell.physics.mover import MoverBody
from twincell.world.robots import Arm

__all__ = ["BulletPairs"]

Array = NDArray[np.float64]
Whole = tuple[RobotDescription, Arm]

_PLAY = 0.0003
"""Between a finger and the blade when a held blade is put between them [m]."""
_SETTLE = 30
"""Steps until fingers press on a blade that was put between them."""


class BulletPairs(BulletHands):
    """As `BulletHands`, with a second arm of its own hand; the first begins with the blade held.

    Args:
        arm: the first, its gripper open.
        count: how many worlds, n.
        rate: steps a second.
        iterations: of the solver a step.
        boxes: size [m] and pose of each piece of furniture.
        wholes: both arms with their grippers, and their entries in the world file.
        part: the blade, and its density [kg/m^3].
        width: of the blade between the first arm's fingers [m].
        others: movers that stand at zero.

    Attributes:
        other_q: joint positions of the second arms, shape (n, d2) [rad].
        other_v: their speeds, shape (n, d2) [rad/s].
        other_opening: between their fingers, shape (n,) [m].
        other_held: whether every finger of theirs presses on the blade, shape (n,).
        free: whether the first arm touches the blade nowhere, shape (n,).

    Raises:
        PhysicsError: Bullet cannot load an arm, or has no room for another world.
    """

    def __init__(
        self,
        arm: LumpedArm,
        count: int,
        rate: float,
        iterations: int,
        boxes: Sequence[tuple[Size, Pose]],
        wholes: tuple[Whole, Whole],
        part: tuple[BladeModel, float],
        width: float,
        others: Sequence[LumpedArm],
    ) -> None:
        self._second = wholes[1]
        self._width = width
        self._partners: dict[int, MoverBody] = {}
        d = len(wholes[1][0].joints)
        self.other_q, self.other_v = np.zeros((count, d)), np.zeros((count, d))
        self.other_opening = np.zeros(count)
        self.other_held, self.free = np.zeros(count, bool), np.ones(count, bool)
        super().__init__(arm, count, rate, iterations, boxes, wholes[0], part, [], others)

    def _build(
        self, client: int, iterations: int, boxes: Sequence[tuple[Size, Pose]], part: Pose
    ) -> tuple[MoverBody, tuple[int, BladeBodies]]:
        mover, blade = super()._build(client, iterations, boxes, part)
        partner = MoverBody(client, *self._second, self.dt, self.visual)
        bolted = [link for link, group in partner.handle.groups.items() if group == 0]
        for body in range(len(boxes)):
            for link in bolted:
                p.setCollisionFilterPair(partner.body, body, link, BASE, 0, physicsClientId=client)
        self._partners[client] = partner
        return mover, blade

    def meet(self, row: int, q: Array, other: Array, part: Pose) -> None:
        """Set both arms to joint positions, at rest; the first holds the blade at a pose."""
        self.begin(row, q, part)
        client = self.worlds[row][0]
        mover, partner = self._movers[row], self._partners[client]
        for index, position in zip(partner.handle.joints, other.tolist(), strict=True):
            p.resetJointState(partner.body, index, position, 0.0, physicsClientId=client)
        for finger in mover.handle.fingers:
            half = self._width / len(mover.handle.fingers) + _PLAY
            p.resetJointState(mover.body, finger, half, physicsClientId=client)
        mover.move_fingers(True)
        self._turn(client, mover.body, self._joints, np.zeros(len(q)), self._most[row])
        self._steer(client, np.zeros(len(other)))
        for _ in range(_SETTLE):
            p.stepSimulation(physicsClientId=client)
        self.hit[row] = False
        self._read(row, client, mover.body)

    @staticmethod
    def _turn(
        client: int, body: int, joints: Sequence[int], speed: Array, most: list[float]
    ) -> None:
        p.setJointMotorControlArray(
            body, joints, p.VELOCITY_CONTROL, targetVelocities=speed.tolist(), forces=most,
            physicsClientId=client,
        )  # fmt: skip

    def _steer(self, client: int, speed: Array) -> None:
        partner = self._partners[client]
        most = self._second[0].effort.tolist()
        self._turn(client, partner.body, partner.handle.joints, speed, most)

    def drive_both(self, speed: Array, other: Array, steps: int) -> None:
        """Move by `steps` steps, motors at `speed` (n, d) and `other` (n, d2) [rad/s]."""
        for (client, _), wanted in zip(self.worlds, other, strict=True):
            self._steer(client, wanted)
        self.drive(speed, steps)

    def grip_other(self, close: NDArray[np.bool_]) -> None:
        """Close or open the second arms' hands, shape (n,)."""
        for (client, _), wanted in zip(self.worlds, close.tolist(), strict=True):
            if self._partners[client].closing != wanted:
                self._partners[client].move_fingers(wanted)

    def _read(self, row: int, client: int, body: int) -> None:
        super()._read(row, client, body)
        partner, (blade, _) = self._partners[client], self._blades[row]
        states = p.getJointStates(partner.body, partner.handle.joints, physicsClientId=client)
        self.other_q[row] = [s[0] for s in states]
        self.other_v[row] = [s[1] for s in states]
        self.other_opening[row] = partner.fingers()[0]
        self.other_held[row] = blade in partner.touched()
        points = p.getContactPoints(bodyA=body, bodyB=blade, physicsClientId=client)
        self.free[row] = not any(c[8] <= 0.0 for c in points)

    def touching(self, row: int) -> bool:
        """Whether either arm touches anything but the blade."""
        if super().touching(row):
            return True
        client, blade = self.worlds[row][0], self._blades[row][0]
        partner = self._partners[client]
        points = p.getContactPoints(bodyA=partner.body, physicsClientId=client)
        groups = partner.handle.groups
        return any(
            c[8] <= 0.0 and c[2] not in (blade, partner.body) and groups[c[3]] > 0 for c in points
        )
