"""The profiler's passes over a clamped blade, as the cell makes them, without arms."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from twincell.errors import StudyError
from twincell.geometry.blade import BladeModel
from twincell.geometry.description import describe
from twincell.geometry.pose import Pose
from twincell.geometry.urdf import link_poses
from twincell.world.model import World

__all__ = ["Pass", "camera_mount", "passes"]

# z of the optical frame looks along -x of the world, its x along y, its y down
_LOOK = Rotation.from_matrix(np.array([[0, 0, -1], [1, 0, 0], [0, -1, 0]])).as_quat()
_FIXTURE = np.array([0.55, 0.0, 0.73])
"""Where the fixture's plate is; any place does, as the sensor moves with it [m]."""


@dataclass(frozen=True)
class Pass:
    """One pass.

    Attributes:
        part: pose of the clamped part in the world.
        sensors: pose of the optical frame in the world at each line.
        in_part: pose of the optical frame in the part frame at each line.
    """

    part: Pose
    sensors: tuple[Pose, ...]
    in_part: tuple[Pose, ...]


def passes(world: World, model: BladeModel, phase: float = 0.0) -> tuple[Pass, ...]:
    """One pass a view: straight up the span at the standoff, a line every speed / rate.

    Args:
        world: its inspection, profiler and fixture.
        model: the CAD.
        phase: where the first line lies between two lines, 0 to 1.
    """
    plan = world.inspection
    spec = world.profilers()[plan.profiler]
    step = plan.speed / spec.rate
    low, high = model.airfoil[0] - plan.margin, model.airfoil[1] + plan.margin
    heights = np.arange(low + phase * step, high, step)
    out = []
    for angle in plan.views:
        part = Pose.of(_FIXTURE, [0.0, 0.0, angle]) @ Pose.at(world.fixture.place)
        sensors = tuple(Pose(_FIXTURE + np.array([spec.standoff, 0.0, z]), _LOOK) for z in heights)
        back = part.inverse()
        out.append(Pass(part, sensors, tuple(back @ s for s in sensors)))
    return tuple(out)


def camera_mount(world: World, base: Path) -> Pose:
    """Pose of the first multispectral camera in the profiler's optical frame.

    Args:
        world: the cell.
        base: folder of the world file.

    Raises:
        StudyError: no camera, or one that does not move with the profiler.
    """
    name = world.inspection.profiler
    profiler = world.sensors[name]
    cameras = [s for s in world.sensors.values() if s.kind == "multispectral"]
    arm = profiler.mount.arm
    if not cameras or arm is None or cameras[0].mount.arm != arm:
        raise StudyError(
            f"{world.name}: no multispectral camera on the arm of '{name}'; valid: both on one arm"
        )
    # our own text, which `describe` wrote
    robot = ET.fromstring(describe(arm, world.arms[arm], base).urdf)  # noqa: S314
    poses = link_poses(robot)
    frames = [
        poses[s.mount.link or world.arms[arm].tip] @ Pose.at(s.mount.place)
        for s in (profiler, cameras[0])
    ]
    return frames[0].inverse() @ frames[1]
