"""Arms with working grippers in Bullet worlds of their own, a blade in each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pybullet as p
from numpy.typing import ArrayLike, NDArray

from twincell.geometry.blade import BladeModel
from twincell.geometry.description import RobotDescription
from twincell.geometry.lumped import LumpedArm
from twincell.geometry.pose import Pose
from twincell.physics.blades import BladeBodies
from twincell.physics.bullet import BASE, Size, add_boxes, load_still
from twincell.physics.bullet_arms import BulletArms
from twincell.physics.mover import MoverBody
from twincell.world.robots import Arm

__all__ = ["BulletHands"]

Array = NDArray[np.float64]

_BLUE = (0.25, 0.35, 0.55, 1.0)
_FRICTION = 0.5
"""Of racks, as in `PhysicsCell`."""
_HOLDS = 30.0
"""Of what stands: effort of its joints [N m]."""


class BulletHands(BulletArms):
    """As `BulletArms`, the arm with fingers that move and a blade that is held by friction alone.

    Fingers, blade and friction are those of `PhysicsCell`; no constraint aids a grasp. A world is
    built anew for each episode: Bullet's contacts remember what was before, and an episode would
    depend on the one before it.

    Args:
        arm: of all, its gripper open.
        count: how many, n.
        rate: steps a second.
        iterations: of the solver a step.
        boxes: size [m] and pose of each piece of furniture.
        whole: the arm with its gripper, and its entry in the world file.
        part: the blade, and its density [kg/m^3].
        racks: boxes of racks.
        others: movers that stand at zero.

    Attributes:
        opening: between the fingers, shape (n,) [m].
        held: whether every finger presses on the blade, shape (n,).
        visual: whether pictures will be taken of worlds that are built from now on.
        parts: pose of each blade's part frame, shape (n, 7), x, y, z, qx, qy, qz, qw.
        twist: linear and angular velocity of each blade, shape (n, 6) [m/s, rad/s].

    Raises:
        PhysicsError: Bullet cannot load the arm, or has no room for another world.
    """

    def __init__(
        self,
        arm: LumpedArm,
        count: int,
        rate: float,
        iterations: int,
        boxes: Sequence[tuple[Size, Pose]],
        whole: tuple[RobotDescription, Arm],
        part: tuple[BladeModel, float],
        racks: Sequence[tuple[Size, Pose]],
        others: Sequence[LumpedArm],
    ) -> None:
        self._whole, self._part = whole, part
        self._racks, self._others, self._boxes = racks, others, boxes
        self._iterations = iterations
        self.visual = False
        self._movers: list[MoverBody] = []
        self._blades: list[tuple[int, BladeBodies]] = []
        self._masses: list[tuple[Array, Array]] = [(np.ones(0), np.ones(0))] * count
        self.opening, self.held = np.zeros(count), np.zeros(count, bool)
        self.parts, self.twist = np.zeros((count, 7)), np.zeros((count, 6))
        super().__init__(arm, count, rate, iterations, boxes)

    def _load(self, client: int, iterations: int, boxes: Sequence[tuple[Size, Pose]]) -> int:
        mover, blade = self._build(client, iterations, boxes, Pose.of((0.0, 0.0, -1.0)))
        self._movers.append(mover)
        self._blades.append(blade)
        return mover.body

    def _build(
        self, client: int, iterations: int, boxes: Sequence[tuple[Size, Pose]], part: Pose
    ) -> tuple[MoverBody, tuple[int, BladeBodies]]:
        self._furnish(client, iterations, boxes)
        mover = MoverBody(client, *self._whole, self.dt, self.visual)
        self._joints = list(mover.handle.joints)
        for rack in add_boxes(client, self._racks, _BLUE):
            p.changeDynamics(rack, BASE, lateralFriction=_FRICTION, physicsClientId=client)
        for other in self._others:
            load_still(client, other, _HOLDS)
        bolted = [link for link, group in mover.handle.groups.items() if group == 0]
        for body in range(len(boxes)):
            for link in bolted:
                p.setCollisionFilterPair(mover.body, body, link, BASE, 0, physicsClientId=client)
        shapes = BladeBodies(client, *self._part)
        return mover, (shapes.add(part), shapes)

    def begin(self, row: int, q: Array, part: Pose) -> None:
        """Set an arm to joint positions `q`, shape (d,), at rest, and its blade to a pose."""
        client = self.worlds[row][0]
        p.resetSimulation(physicsClientId=client)
        mover, blade = self._build(client, self._iterations, self._boxes, part)
        self._movers[row], self._blades[row] = mover, blade
        self.worlds[row] = (client, mover.body)
        if len(self._masses[row][0]):
            self._weigh(row)
        p.resetJointStatesMultiDof(
            mover.body, self._joints, [[x] for x in q.tolist()], [[0.0]] * len(self._joints),
            physicsClientId=client,
        )  # fmt: skip
        self.hit[row] = False
        self._driven[row] = True
        self._read(row, client, mover.body)
        self.v[row], self.effort[row] = 0.0, 0.0

    def grip(self, close: ArrayLike) -> None:
        """Close, with the gripper's force, or open each hand; shape (n,)."""
        for mover, wanted in zip(self._movers, np.asarray(close).tolist(), strict=True):
            if mover.closing != wanted:
                mover.move_fingers(wanted)

    def vary(self, row: int, mass: Array, damping: Array, effort: Array) -> None:
        """Make one arm another from its next `begin` on; hand and fingers stay what they are.

        See `BulletArms.vary`.
        """
        self._masses[row] = (mass.copy(), damping.copy())
        self._most[row] = (self.arm.effort * effort).tolist()

    def _weigh(self, row: int) -> None:
        client, body = self.worlds[row]
        mass, damping = self._masses[row]
        for k, i in enumerate(self._joints):
            loaded = p.getDynamicsInfo(body, i, physicsClientId=client)
            p.changeDynamics(
                body, i, mass=float(loaded[0] * mass[k]),
                jointDamping=float(self.arm.damping[k] * damping[k]), physicsClientId=client,
            )  # fmt: skip
            p.changeDynamics(
                body, i, localInertiaDiagonal=(np.array(loaded[2]) * mass[k]).tolist(),
                physicsClientId=client,
            )  # fmt: skip

    def _read(self, row: int, client: int, body: int) -> None:
        super()._read(row, client, body)
        mover, (blade, shapes) = self._movers[row], self._blades[row]
        self.opening[row] = mover.fingers()[0]
        self.held[row] = blade in mover.touched()
        self.parts[row] = shapes.pose(blade).as_array()
        linear, angular = p.getBaseVelocity(blade, physicsClientId=client)
        self.twist[row] = [*linear, *angular]

    def touching(self, row: int) -> bool:
        """Whether an arm touches anything but the blade."""
        mover, blade = self._movers[row], self._blades[row][0]
        points = p.getContactPoints(bodyA=mover.body, physicsClientId=self.worlds[row][0])
        groups = mover.handle.groups
        return any(
            c[8] <= 0.0 and c[2] not in (blade, mover.body) and groups[c[3]] > 0 for c in points
        )
