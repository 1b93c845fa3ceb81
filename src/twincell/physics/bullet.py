"""Loading movers and boxes into a Bullet client; who is which body and link."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
import pybullet as p
from numpy.typing import ArrayLike

from twincell.errors import PhysicsError
from twincell.geometry.description import RobotDescription
from twincell.geometry.lumped import LumpedArm
from twincell.geometry.pose import Pose

__all__ = [
    "BASE",
    "Colour",
    "Handle",
    "Size",
    "Unique",
    "add_box",
    "add_boxes",
    "connect",
    "load_arm",
    "load_mover",
    "load_still",
]

Size = tuple[float, float, float]
Colour = tuple[float, float, float, float]

_MOST = 16
"""Shapes that Bullet takes in one compound."""

BASE = -1
"""Bullet's index of a body's root link."""


@dataclass(frozen=True)
class Handle:
    """A mover in a Bullet client.

    Attributes:
        body: Bullet's id.
        joints: indices of the commanded joints, in the description's order.
        fingers: indices of the gripper's joints.
        links: index of each link by name, the root is -1.
        groups: for each link index the number of movable joints before it; links of one group
            are rigidly connected in a chain.
    """

    body: int
    joints: tuple[int, ...]
    fingers: tuple[int, ...]
    links: dict[str, int]
    groups: dict[int, int]

    @property
    def moving(self) -> dict[str, int]:
        """The links that a joint can move, by name."""
        return {n: i for n, i in self.links.items() if self.groups[i] > 0}


class Unique:
    """What holds a Bullet world: a copy would move the original's bodies by its number."""

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        """Refuse copies and pickles.

        Raises:
            PhysicsError: always.
        """
        raise PhysicsError(
            f"{type(self).__name__}: a Bullet world cannot be copied; valid: another one, of an "
            "environment by gymnasium.make(env.spec)"
        )


def connect(owner: object) -> tuple[int, Callable[[], object]]:
    """A new Bullet world without a window, which ends with its owner.

    Bullet numbers worlds anew: the second value, not the number, is what ends this very world.

    Args:
        owner: once this is gone, nobody can know the world's number.

    Returns:
        Bullet's number of the world, and what ends it before its owner goes; may be called twice.

    Raises:
        PhysicsError: Bullet has no room for another one.
    """
    client = int(p.connect(p.DIRECT))
    if client < 0:
        raise PhysicsError("Bullet could not open another world in this process")
    end = weakref.finalize(owner, p.disconnect, client)
    end.atexit = False  # the process takes all of them along
    return client, end


def load_arm(client: int, arm: LumpedArm) -> int:
    """Load an arm whose URDF is one movable joint a link; returns Bullet's id.

    Raises:
        PhysicsError: Bullet cannot read the URDF.
    """
    try:
        return int(
            p.loadURDF(
                str(arm.path), arm.place.p.tolist(), arm.place.q.tolist(), useFixedBase=True,
                flags=p.URDF_USE_INERTIA_FROM_FILE, physicsClientId=client,
            )
        )  # fmt: skip
    except p.error as error:
        raise PhysicsError(
            f"arms.{arm.name}.urdf: Bullet cannot load {arm.path}: {error}"
        ) from None


def load_still(client: int, arm: LumpedArm, most: ArrayLike) -> int:
    """Load an arm that its motors hold at zero, whatever its stops; returns Bullet's id.

    Args:
        client: of Bullet.
        arm: its URDF as `load_arm` takes it.
        most: effort of each motor, or of all [N m or N].

    Raises:
        PhysicsError: Bullet cannot read the URDF.
    """
    body = load_arm(client, arm)
    count = len(arm.joints)
    for joint in np.flatnonzero((arm.lower > 0.0) | (arm.upper < 0.0)).tolist():
        p.changeDynamics(  # else its stop would push it there
            body, joint, jointLowerLimit=min(float(arm.lower[joint]), 0.0),
            jointUpperLimit=max(float(arm.upper[joint]), 0.0), physicsClientId=client,
        )  # fmt: skip
    p.setJointMotorControlArray(
        body, list(range(count)), p.POSITION_CONTROL, targetPositions=[0.0] * count,
        forces=np.broadcast_to(most, count).tolist(), physicsClientId=client,
    )  # fmt: skip
    return body


def load_mover(client: int, description: RobotDescription, visual: bool = True) -> Handle:
    """Load a mover, its root link fixed at its place.

    Args:
        client: of Bullet.
        description: of the mover.
        visual: whether pictures will be taken; without, it is loaded much faster.

    Raises:
        PhysicsError: Bullet cannot read the URDF, or lacks one of the joints.
    """
    try:
        body = p.loadURDF(
            str(description.path),
            basePosition=description.place.p.tolist(),
            baseOrientation=description.place.q.tolist(),
            useFixedBase=True,
            flags=p.URDF_USE_INERTIA_FROM_FILE | (0 if visual else p.URDF_IGNORE_VISUAL_SHAPES),
            physicsClientId=client,
        )
    except p.error as error:
        raise PhysicsError(
            f"arms.{description.name}.urdf: Bullet cannot load {description.path}: {error}"
        ) from None
    names: dict[str, int] = {}
    links = {description.root_link: BASE}
    groups = {BASE: 0}
    for i in range(p.getNumJoints(body, physicsClientId=client)):
        info = p.getJointInfo(body, i, physicsClientId=client)
        names[info[1].decode()] = i
        links[info[12].decode()] = i
        groups[i] = groups[info[16]] + (0 if info[2] == p.JOINT_FIXED else 1)
    wanted = (*description.joints, *description.gripper_joints)
    missing = [j for j in wanted if j not in names]
    if missing:
        raise PhysicsError(f"{description.name}: Bullet has no joint {', '.join(missing)}")
    return Handle(
        body,
        tuple(names[j] for j in description.joints),
        tuple(names[j] for j in description.gripper_joints),
        links,
        groups,
    )


def add_box(client: int, size: Size, pose: Pose, colour: Colour | None = None) -> int:
    """A box that never moves; returns Bullet's id."""
    half = [s / 2 for s in size]
    shape = p.createCollisionShape(p.GEOM_BOX, halfExtents=half, physicsClientId=client)
    visual = -1
    if colour is not None:
        visual = p.createVisualShape(
            p.GEOM_BOX, halfExtents=half, rgbaColor=colour, physicsClientId=client
        )
    return int(
        p.createMultiBody(
            baseMass=0.0,
            baseCollisionShapeIndex=shape,
            baseVisualShapeIndex=visual,
            basePosition=pose.p.tolist(),
            baseOrientation=pose.q.tolist(),
            physicsClientId=client,
        )
    )


def add_boxes(client: int, boxes: Sequence[tuple[Size, Pose]], colour: Colour) -> list[int]:
    """Boxes that never move in as few bodies as possible; returns Bullet's ids."""
    bodies = []
    for start in range(0, len(boxes), _MOST):
        part = boxes[start : start + _MOST]
        halves = [[s / 2 for s in size] for size, _ in part]
        at = [pose.p.tolist() for _, pose in part]
        turns = [pose.q.tolist() for _, pose in part]
        count = len(part)
        shape = p.createCollisionShapeArray(
            shapeTypes=[p.GEOM_BOX] * count, halfExtents=halves, radii=[0.0] * count,
            lengths=[0.0] * count, collisionFramePositions=at, collisionFrameOrientations=turns,
            physicsClientId=client,
        )  # fmt: skip
        body = int(p.createMultiBody(0.0, shape, physicsClientId=client))
        p.changeVisualShape(body, -1, rgbaColor=colour, physicsClientId=client)
        bodies.append(body)
    return bodies
