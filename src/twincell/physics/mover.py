"""One mover in the Bullet world: motors, brakes, gripper, power draw."""

from __future__ import annotations

import numpy as np
import pybullet as p
from numpy.typing import ArrayLike, NDArray

from twincell.errors import PhysicsError
from twincell.geometry.description import RobotDescription
from twincell.geometry.pose import Pose
from twincell.physics.bullet import BASE, Handle, load_mover
from twincell.world.robots import Arm

__all__ = ["MoverBody"]

Array = NDArray[np.float64]

_POSITION_GAIN = 0.8
"""Share of the position error that a motor takes away in one step."""
_LOCKED = 5e-3
"""Brakes lock a mover whose joints are all slower [rad/s or m/s]."""
_FINGER_SPEED = 0.12
"""Of each finger [m/s]."""
_FINGER_FRICTION = 1.2
"""Of rubber tips."""


class MoverBody:
    """Joint motors follow set-points within the URDF's effort limits.

    Args:
        client: of Bullet.
        description: of the mover.
        arm: its entry in the world file.
        dt: length of a physics step [s].
        visual: whether pictures will be taken.
    """

    def __init__(
        self, client: int, description: RobotDescription, arm: Arm, dt: float, visual: bool = True
    ) -> None:
        self._client = client
        self._dt = dt
        self._arm = arm
        self._effort = np.asarray(description.effort, float)
        self.name = description.name
        self.handle: Handle = load_mover(client, description, visual)
        self.body = self.handle.body
        self.tip = self.handle.links[description.tip]
        self.powered = True
        self._locked = False
        self.closing = False
        self.energy = 0.0
        self.power = arm.power.idle
        for link in range(BASE, p.getNumJoints(self.body, physicsClientId=client)):
            p.changeDynamics(
                self.body, link, linearDamping=0.0, angularDamping=0.0, restitution=0.0,
                activationState=p.ACTIVATION_STATE_DISABLE_SLEEPING, physicsClientId=client,
            )  # fmt: skip
        home = np.asarray(arm.home, float)
        for index, q in zip(self.handle.joints, home, strict=True):
            p.resetJointState(self.body, index, float(q), physicsClientId=client)
        self.q, self.v, self.effort = home.copy(), np.zeros_like(home), np.zeros_like(home)
        self.command(home, np.zeros_like(home))
        if self.handle.fingers:
            self._prepare_fingers()

    # ---------------------------------------------------------------- joints

    def command(self, q: ArrayLike, v: ArrayLike) -> None:
        """Set-points for the end of the next step, each shape (d,).

        Raises:
            PhysicsError: of another length, or not finite.
        """
        goal, speed = np.asarray(q, float), np.asarray(v, float)
        if goal.shape != self.q.shape or speed.shape != self.q.shape:
            raise PhysicsError(
                f"{self.name}: set-points of shape {goal.shape} and {speed.shape}; "
                f"valid: {self.q.shape}"
            )
        if not (np.isfinite(goal).all() and np.isfinite(speed).all()):
            raise PhysicsError(f"{self.name}: set-points are not finite: {goal}, {speed}")
        if self.powered:
            self._hold(goal, speed)

    def _hold(self, goal: NDArray[np.float64], speed: NDArray[np.float64]) -> None:
        """Position control to the end of the next step, or from then on without speed."""
        count = len(goal)
        # Bullet adds the speed to the way that it takes towards the position: start of the step
        goal = goal - speed * self._dt
        p.setJointMotorControlArray(
            self.body,
            self.handle.joints,
            p.POSITION_CONTROL,
            targetPositions=goal.tolist(),
            targetVelocities=speed.tolist(),
            forces=self._effort.tolist(),
            positionGains=[_POSITION_GAIN] * count,
            velocityGains=[1.0] * count,
            physicsClientId=self._client,
        )

    def power_off(self) -> None:
        """Brakes on: joints are braked with their full effort, then locked, and draw nothing."""
        self.powered = False
        p.setJointMotorControlArray(
            self.body,
            self.handle.joints,
            p.VELOCITY_CONTROL,
            targetVelocities=[0.0] * len(self.q),
            forces=self._effort.tolist(),
            physicsClientId=self._client,
        )
        self._lock()

    def _lock(self) -> None:
        """What stands in its brakes stays there: friction alone lets Bullet's joints creep."""
        if self._locked or np.max(np.abs(self.v)) > _LOCKED:
            return
        self._locked = True
        self._hold(self.q, np.zeros_like(self.q))

    def power_on(self) -> None:
        """Motors hold where the joints are."""
        self.powered, self._locked = True, False
        self.command(self.q, np.zeros_like(self.q))

    def read(self) -> None:
        """Take in joint states after a step, and the electrical work of the step.

        Power = idle + sum of max(0, effort x speed) / efficiency: motors do not feed back.
        """
        states = p.getJointStates(self.body, self.handle.joints, physicsClientId=self._client)
        self.q = np.array([s[0] for s in states])
        self.v = np.array([s[1] for s in states])
        self.effort = np.array([s[3] for s in states])
        if not self.powered:
            self.power = 0.0
            self._lock()
            return
        draw = self._arm.power
        work = float(np.maximum(self.effort * self.v, 0.0).sum())
        self.power = draw.idle + work / draw.efficiency
        self.energy += self.power * self._dt

    def shaped(self) -> list[str]:
        """Names of the moving links that have a collision shape."""
        return [
            name
            for name, link in self.handle.moving.items()
            if p.getCollisionShapeData(self.body, link, physicsClientId=self._client)
        ]

    def link_pose(self, link: int, centre: bool = False) -> Pose:
        """World pose of a link's frame, or of its centre of mass frame."""
        state = p.getLinkState(
            self.body, link, computeForwardKinematics=1, physicsClientId=self._client
        )
        at, turn = (state[0], state[1]) if centre else (state[4], state[5])
        return Pose(np.array(at), np.array(turn))

    # ---------------------------------------------------------------- gripper

    def _prepare_fingers(self) -> None:
        gripper = self._arm.gripper
        fingers = self.handle.fingers
        assert gripper is not None  # noqa: S101  (fingers come from it)
        for finger in fingers:
            half = gripper.open / len(fingers)
            p.resetJointState(self.body, finger, half, physicsClientId=self._client)
            p.changeDynamics(
                self.body, finger, lateralFriction=_FINGER_FRICTION, spinningFriction=0.01,
                physicsClientId=self._client,
            )  # fmt: skip
        if len(fingers) == 2:
            # a rack and pinion couples the fingers: both move by half the opening
            gear = p.createConstraint(
                self.body, fingers[0], self.body, fingers[1], p.JOINT_GEAR, [1, 0, 0],
                [0, 0, 0], [0, 0, 0], physicsClientId=self._client,
            )  # fmt: skip
            p.changeConstraint(
                gear, gearRatio=-1, erp=0.2, maxForce=gripper.force, physicsClientId=self._client
            )
        self.move_fingers(False)

    def move_fingers(self, close: bool) -> None:
        """Close with the gripper's force, or open.

        Raises:
            PhysicsError: the mover has no gripper.
        """
        gripper = self._arm.gripper
        if gripper is None:
            raise PhysicsError(f"{self.name} has no gripper")
        self.closing = close
        for finger in self.handle.fingers:
            if close:
                p.setJointMotorControl2(
                    self.body, finger, p.VELOCITY_CONTROL, targetVelocity=-_FINGER_SPEED,
                    force=gripper.force, physicsClientId=self._client,
                )  # fmt: skip
            else:
                p.setJointMotorControl2(
                    self.body, finger, p.POSITION_CONTROL,
                    targetPosition=gripper.open / len(self.handle.fingers), positionGain=0.2,
                    force=gripper.force, maxVelocity=_FINGER_SPEED, physicsClientId=self._client,
                )  # fmt: skip

    @property
    def open_width(self) -> float:
        """Opening when open [m]."""
        return 0.0 if self._arm.gripper is None else self._arm.gripper.open

    def fingers(self) -> tuple[float, float]:
        """Opening between the fingers [m] and the fastest finger's speed [m/s]."""
        states = p.getJointStates(self.body, self.handle.fingers, physicsClientId=self._client)
        return float(sum(s[0] for s in states)), float(max(abs(s[1]) for s in states))

    def touched(self) -> set[int]:
        """Bodies that every finger presses on."""
        common: set[int] | None = None
        for finger in self.handle.fingers:
            points = p.getContactPoints(
                bodyA=self.body, linkIndexA=finger, physicsClientId=self._client
            )
            pressed = {c[2] for c in points if c[9] > 1.0}
            common = pressed if common is None else common & pressed
        return common or set()
