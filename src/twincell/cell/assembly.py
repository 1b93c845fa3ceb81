"""What every process of a cell builds from the world file before anything runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twincell.geometry.blade import BladeModel
from twincell.geometry.bodies import Body, cell_bodies
from twincell.geometry.catalogue import blades_of, nominal
from twincell.geometry.description import RobotDescription, describe
from twincell.geometry.flaws import CutBlade
from twincell.geometry.pose import Pose
from twincell.world.model import World
from twincell.world.sensors import Lidar, Multispectral, Profiler

__all__ = ["Assembly", "assemble", "generator", "mount_body", "mount_pose"]


@dataclass(frozen=True)
class Assembly:
    """A world made concrete.

    Attributes:
        world: the cell.
        base: folder of the world file.
        seed: root of all chance.
        descriptions: of the movers.
        model: the nominal blade, all that the detector may know.
        blades: with their flaws: the ground truth.
        bodies: all that light can hit.
    """

    world: World
    base: Path
    seed: int
    descriptions: dict[str, RobotDescription]
    model: BladeModel
    blades: dict[str, CutBlade]
    bodies: tuple[Body, ...]


def assemble(world: World, path: Path, seed: int) -> Assembly:
    """Describe the movers, make the blades, and list the bodies.

    Args:
        world: the cell.
        path: the file it was read from.
        seed: root of all chance.

    Raises:
        AssetError, WorldError, GeometryError: something the world names cannot be made.
    """
    base = path.parent
    descriptions = {name: describe(name, arm, base) for name, arm in world.arms.items()}
    blades = blades_of(world, seed, base)
    bodies = cell_bodies(world, descriptions, blades, base)
    return Assembly(world, base, seed, descriptions, nominal(world.part, base), blades, bodies)


def generator(seed: int, name: str) -> np.random.Generator:
    """The source of chance of one subsystem: the same for a seed and a name, in any process."""
    return np.random.default_rng([seed, *name.encode()])


def mount_body(world: World, sensor: Lidar | Profiler | Multispectral) -> str | None:
    """The body that carries a sensor, `<arm>/<link>`; None for the world itself."""
    mount = sensor.mount
    if mount.arm is None:
        return None
    return f"{mount.arm}/{mount.link or world.arms[mount.arm].tip}"


def mount_pose(sensor: Lidar | Profiler | Multispectral) -> Pose:
    """Pose of the sensor frame in the link that carries it, or in the world."""
    return Pose.at(sensor.mount.place)
