"""What moves: arms and single-axis mechanisms, with their limits, power draw and grippers."""

from __future__ import annotations

from dataclasses import field
from typing import Annotated

from pydantic import Field

from twincell.world._typed import typed
from twincell.world.units import (
    Acceleration,
    Angle,
    Angles,
    Extent,
    Force,
    Jerk,
    Position,
    Power,
    Rpy,
)

__all__ = ["Arm", "Gripper", "Place", "PowerDraw", "Share", "Tool"]

Share = Annotated[float, Field(gt=0, le=1)]


@typed
class Place:
    """A pose in the parent frame: position, then roll, pitch, yaw (fixed axes x, y, z; REP-103)."""

    xyz: Position = (0.0, 0.0, 0.0)
    """Position [m]."""
    rpy: Rpy = (0.0, 0.0, 0.0)
    """Roll, pitch, yaw [rad]."""


@typed
class PowerDraw:
    """Electrical power: idle + joules of joint work / efficiency."""

    idle: Power = 100.0
    """Drawn while the controller is on and nothing moves [W]."""
    efficiency: Share = 0.6
    """Mechanical work over electrical work, in (0, 1]."""


@typed
class Gripper:
    """A parallel gripper whose fingers are prismatic joints of the arm's URDF."""

    joints: tuple[str, ...]
    """The two finger joints, each moving by half the opening."""
    open: Extent = 0.08
    """Opening between the fingers when open [m]."""
    force: Force = 60.0
    """Grasp force of each finger [N]."""


@typed
class Tool:
    """A second URDF fixed to a link of the arm."""

    urdf: str
    """URDF of the tool; its root link is fixed to `link`."""
    link: str
    """Link of the arm that carries it."""
    place: Place = field(default_factory=Place)
    """Pose of the tool's root link in `link`."""


@typed
class Arm:
    """One mover: a URDF, where it stands, its limits. A rotary table is an arm with one joint."""

    urdf: str
    """URDF: a path (absolute, or from the world file or the project), or `package://PACKAGE/PATH`.
    One tree of fixed, revolute, continuous and prismatic joints; a continuous one gets a range of
    two turns, one each way. Shapes are boxes, cylinders, spheres and meshes (STL, OBJ, DAE)."""
    place: Place
    """Pose of the URDF's root link in the world frame."""
    tip: str
    """Link whose pose Cartesian motions mean; it may be a link of the tool."""
    home: Angles
    """Joint positions at rest, one for each of the arm's movable joints except the gripper's; a
    joint outside the gripper that mimics another is no movable joint here, and stays at zero."""
    tool: Tool | None = None
    """What the arm carries."""
    gripper: Gripper | None = None
    """The arm's gripper, if it has one."""
    speed_scale: Share = 0.6
    """Share of the URDF's joint velocity limits that motions may use, in (0, 1]."""
    acceleration: Acceleration = 8.0
    """Largest joint acceleration [rad/s^2]."""
    jerk: Jerk = 80.0
    """Largest joint jerk [rad/s^3]."""
    tolerance: Angle = 0.01
    """Largest joint tracking error at a motion's end [rad]."""
    power: PowerDraw = field(default_factory=PowerDraw)
    """Power draw."""
    policy: str | None = None
    """Leads the tip to points: an ONNX file of `twincell export` beside the world file, or a
    shipped name; none without."""
