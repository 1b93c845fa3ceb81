"""Arms in Bullet worlds of their own, commanded once a control period and read once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pybullet as p
from numpy.typing import ArrayLike, NDArray

from twincell.geometry.lumped import LumpedArm
from twincell.geometry.pose import Pose
from twincell.physics.bullet import BASE, Size, Unique, add_box, connect, load_arm
from twincell.physics.view import Rgb, picture

__all__ = ["BulletArms"]

Array = NDArray[np.float64]

_GREY = (0.62, 0.65, 0.68, 1.0)


class BulletArms(Unique):
    """The same arm n times, each in a Bullet world that holds the same still boxes.

    Same use as `arm_dynamics.FreeArms`, with contacts: with the boxes, not of an arm with itself.

    Args:
        arm: of all.
        count: how many, n.
        rate: steps a second.
        iterations: of the solver a step.
        boxes: size [m] and pose of each box that never moves.

    Attributes:
        q: joint positions, shape (n, d) [rad or m]; written by `place` only.
        v: joint speeds, shape (n, d) [rad/s or m/s].
        effort: of the motors in the last step, shape (n, d) [N m or N].
        worlds: Bullet's ids of each world and of the arm in it.
        watching: whether to look for contacts after each step of `drive` and `push`.
        hit: whether an arm has touched anything since `place` while that was so, shape (n,).

    Raises:
        PhysicsError: Bullet cannot load the arm, or has no room for another world.
    """

    def __init__(
        self,
        arm: LumpedArm,
        count: int,
        rate: float,
        iterations: int = 20,
        boxes: Sequence[tuple[Size, Pose]] = (),
    ) -> None:
        self.arm = arm
        self.dt = 1.0 / rate
        d = len(arm.joints)
        self.q, self.v, self.effort = (np.zeros((count, d)) for _ in range(3))
        self._joints = list(range(d))
        self._most = [arm.effort.tolist() for _ in range(count)]
        self._none = [0.0] * d
        self._fastest = np.asarray(arm.velocity, float)
        self.watching = False
        self.hit = np.zeros(count, bool)
        self.worlds: list[tuple[int, int]] = []
        self._ends: list[Callable[[], object]] = []
        for _ in range(count):
            client, end = connect(self)
            self._ends.append(end)
            self.worlds.append((client, self._load(client, iterations, boxes)))
        self._driven = [True] * count
        self._stepped = [False] * count

    def _furnish(self, client: int, iterations: int, boxes: Sequence[tuple[Size, Pose]]) -> None:
        """Gravity, the solver's settings, and what never moves: the first bodies of a world."""
        p.setGravity(0.0, 0.0, -9.81, physicsClientId=client)
        p.setPhysicsEngineParameter(
            fixedTimeStep=self.dt, numSolverIterations=iterations, numSubSteps=0,
            deterministicOverlappingPairs=1, physicsClientId=client,
        )  # fmt: skip
        for size, pose in boxes:
            add_box(client, size, pose, _GREY)

    def _load(self, client: int, iterations: int, boxes: Sequence[tuple[Size, Pose]]) -> int:
        self._furnish(client, iterations, boxes)
        arm = self.arm
        body = load_arm(client, arm)
        for link in range(BASE, len(self._joints)):
            p.changeDynamics(
                body, link, linearDamping=0.0, angularDamping=0.0, restitution=0.0,
                activationState=p.ACTIVATION_STATE_DISABLE_SLEEPING, physicsClientId=client,
            )  # fmt: skip
        for i in self._joints:
            # Bullet sets moments that break the triangle inequality to zero: said once more
            p.changeDynamics(
                body, i, jointDamping=float(arm.damping[i]),
                localInertiaDiagonal=np.linalg.eigvalsh(arm.inertias[i]).tolist(),
                maxJointVelocity=1e3, physicsClientId=client,
            )  # fmt: skip
        # what the arm stands on is no contact
        for other in range(len(boxes)):
            p.setCollisionFilterPair(body, other, BASE, BASE, 0, physicsClientId=client)
        return body

    def place(self, rows: ArrayLike, q: Array) -> None:
        """Set the arms `rows` to joint positions `q`, shape (rows, d), at rest."""
        for row, positions in zip(np.asarray(rows).tolist(), q, strict=True):
            client, body = self.worlds[row]
            p.resetJointStatesMultiDof(
                body, self._joints, [[x] for x in positions.tolist()],
                [[0.0]] * len(self._joints), physicsClientId=client,
            )  # fmt: skip
            self.q[row], self.v[row], self.effort[row] = positions, 0.0, 0.0
            self.hit[row] = self._stepped[row] = False

    def vary(self, row: int, mass: Array, damping: Array, effort: Array) -> None:
        """Make one arm another: factors on its links and joints, each shape (d,).

        Args:
            row: which arm.
            mass: on mass and inertia of each link.
            damping: on the viscous friction of each joint.
            effort: on what each motor has for `drive` and `push`.
        """
        client, body = self.worlds[row]
        arm = self.arm
        for i in self._joints:
            p.changeDynamics(
                body, i, mass=float(arm.masses[i] * mass[i]),
                jointDamping=float(arm.damping[i] * damping[i]), physicsClientId=client,
            )  # fmt: skip
            p.changeDynamics(
                body, i, physicsClientId=client,
                localInertiaDiagonal=(np.linalg.eigvalsh(arm.inertias[i]) * mass[i]).tolist(),
            )  # fmt: skip
        self._most[row] = (arm.effort * effort).tolist()

    def drive(self, speed: Array, steps: int) -> None:
        """Move by `steps` steps, motors at `speed`, shape (n, d), within their effort."""
        for row, (client, body) in enumerate(self.worlds):
            self._stepped[row] = True
            p.setJointMotorControlArray(
                body, self._joints, p.VELOCITY_CONTROL, targetVelocities=speed[row].tolist(),
                forces=self._most[row], physicsClientId=client,
            )  # fmt: skip
            for _ in range(steps):
                p.stepSimulation(physicsClientId=client)
                if self.watching:
                    self.hit[row] |= self.touching(row)
            self._driven[row] = True
            self._read(row, client, body)

    def push(self, torque: Array, steps: int) -> None:
        """Move by `steps` steps under joint efforts, shape (n, d), of what each motor has.

        After each step joints that are beyond a stop are put back on it, and speeds are cut off at
        the arm's limits: Bullet's own stops give way to such efforts.
        """
        for row, (client, body) in enumerate(self.worlds):
            self._stepped[row] = True
            if self._driven[row]:
                p.setJointMotorControlArray(
                    body, self._joints, p.VELOCITY_CONTROL, forces=self._none,
                    physicsClientId=client,
                )  # fmt: skip
                self._driven[row] = False
            most = np.array(self._most[row])
            given = torque[row].clip(-most, most)
            efforts = given.tolist()
            for _ in range(steps):  # Bullet forgets applied efforts after each step
                p.setJointMotorControlArray(
                    body, self._joints, p.TORQUE_CONTROL, forces=efforts, physicsClientId=client
                )
                p.stepSimulation(physicsClientId=client)
                self._confine(client, body)
                if self.watching:
                    self.hit[row] |= self.touching(row)
            self._read(row, client, body)
            self.effort[row] = given

    def _confine(self, client: int, body: int) -> None:
        """Put joints back on the stops that they are beyond, and cut off their speeds."""
        states = p.getJointStates(body, self._joints, physicsClientId=client)
        q, v = np.array([s[:2] for s in states]).T
        lower, upper, fastest = self.arm.lower, self.arm.upper, self._fastest
        inside = q.clip(lower, upper)
        slow = v.clip(np.where(q > lower, -fastest, 0.0), np.where(q < upper, fastest, 0.0))
        if (inside != q).any() or (slow != v).any():
            p.resetJointStatesMultiDof(
                body, self._joints, inside[:, None].tolist(), slow[:, None].tolist(),
                physicsClientId=client,
            )  # fmt: skip

    def _read(self, row: int, client: int, body: int) -> None:
        states = p.getJointStates(body, self._joints, physicsClientId=client)
        self.q[row] = [s[0] for s in states]
        self.v[row] = [s[1] for s in states]
        self.effort[row] = [s[3] for s in states]

    def touching(self, row: int) -> bool:
        """Whether an arm touches anything else; nothing before its first step since `place`."""
        if not self._stepped[row]:  # Bullet still tells of contacts from before
            return False
        client, body = self.worlds[row]
        points = p.getContactPoints(bodyA=body, physicsClientId=client)
        return any(c[8] <= 0.0 and c[3] != BASE for c in points)

    def picture(self, row: int, size: tuple[int, int], eye: ArrayLike, target: ArrayLike) -> Rgb:
        """What a camera sees of an arm's world, shape (height, width, 3); `size` is (w, h)."""
        return picture(self.worlds[row][0], *size, eye, target, 0.8)

    def marker(self, row: int, radius: float) -> int:
        """A ball to look at, without collision; returns what `mark` takes."""
        client = self.worlds[row][0]
        shape = p.createVisualShape(
            p.GEOM_SPHERE, radius=radius, rgbaColor=[0.1, 0.75, 0.2, 1.0], physicsClientId=client
        )
        return int(p.createMultiBody(0.0, -1, shape, physicsClientId=client))

    def mark(self, row: int, marker: int, at: ArrayLike) -> None:
        """Put a ball somewhere."""
        p.resetBasePositionAndOrientation(
            marker, np.asarray(at, float).tolist(), [0, 0, 0, 1],
            physicsClientId=self.worlds[row][0],
        )  # fmt: skip

    def close(self) -> None:
        """End the worlds."""
        for end in self._ends:
            end()
        self.worlds = []
