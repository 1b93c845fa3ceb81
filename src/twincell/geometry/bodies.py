"""All that light can hit: one mesh a body, with its material and, where it never moves, its pose.

Names: `<arm>/<link>`, `furniture/<name>`, `rack/<name>`, `blade/<name>`, `visitor/<link>`.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import trimesh

from twincell.geometry.description import RobotDescription
from twincell.geometry.flaws import CutBlade
from twincell.geometry.marks import Mark
from twincell.geometry.pose import Pose
from twincell.geometry.rack import rack_boxes
from twincell.geometry.urdf import link_mesh, link_poses
from twincell.geometry.visitor import visitor_meshes
from twincell.world.layout import Rack
from twincell.world.model import World

__all__ = ["ARM_MATERIAL", "RACK_MATERIAL", "VISITOR_MATERIAL", "Body", "cell_bodies"]

ARM_MATERIAL = "painted_steel"
RACK_MATERIAL = "polymer"
VISITOR_MATERIAL = "cloth"


@dataclass(frozen=True)
class Body:
    """One rigid body.

    Attributes:
        name: unique in the cell.
        mesh: in the body frame [m].
        material: optical material.
        fixed: pose in the world frame of what never moves, None for what does.
        detail: whether its mesh is fine enough for a profiler; LiDARs may take a coarser one.
        finish: what lies on its surface, body frame, from the metal outwards.
    """

    name: str
    mesh: trimesh.Trimesh
    material: str
    fixed: Pose | None
    detail: bool
    finish: tuple[Mark, ...] = ()


def cell_bodies(
    world: World,
    descriptions: Mapping[str, RobotDescription],
    blades: Mapping[str, CutBlade],
    base: Path | None = None,
) -> tuple[Body, ...]:
    """The bodies of a cell.

    Args:
        world: the cell.
        descriptions: of its movers, by name.
        blades: with their flaws, by name.
        base: folder of the world file, for a visitor's URDF given by a relative path.

    Returns:
        Links that have a shape, furniture, racks, blades, the visitor's links.

    Raises:
        AssetError: a mesh cannot be read.
        WorldError: a rack's pockets overlap.
    """
    bodies: list[Body] = []
    for description in descriptions.values():
        bodies += _links(description)
    for name, box in world.furniture.items():
        mesh = trimesh.creation.box(box.size)
        bodies.append(Body(f"furniture/{name}", mesh, box.material, Pose.at(box.place), False))
    for name, rack in world.racks.items():
        mesh = _rack(rack, world.part.shape.root)
        bodies.append(Body(f"rack/{name}", mesh, RACK_MATERIAL, Pose.at(rack.place), False))
    for name, blade in blades.items():
        material, finish = world.part.material, blade.finish
        bodies.append(Body(f"blade/{name}", blade.mesh, material, None, True, finish))
    if world.visitor is not None:
        meshes = visitor_meshes(world.visitor, base or Path.cwd())
        for link, mesh in meshes.items():
            bodies.append(Body(f"visitor/{link}", mesh, VISITOR_MATERIAL, None, False))
    return tuple(bodies)


def _links(description: RobotDescription) -> list[Body]:
    """A mover's links, their collision shapes merged; those before the first joint are fixed."""
    robot = ET.fromstring(description.urdf)  # noqa: S314 - the text that describe() wrote
    fixed = link_poses(robot, only_fixed=True)
    bodies = []
    for link in robot.findall("link"):
        name = link.get("name", "")
        mesh = link_mesh(link)
        if mesh is not None:
            pose = description.place @ fixed[name] if name in fixed else None
            full = f"{description.name}/{name}"
            bodies.append(Body(full, mesh, ARM_MATERIAL, pose, False))
    return bodies


def _rack(rack: Rack, root: tuple[float, float, float]) -> trimesh.Trimesh:
    """A rack's boxes as one mesh in the rack frame."""
    from_world = Pose.at(rack.place).inverse()
    meshes = []
    for size, pose in rack_boxes(rack, root):
        meshes.append(trimesh.creation.box(size).apply_transform((from_world @ pose).matrix()))
    return cast(trimesh.Trimesh, trimesh.util.concatenate(meshes))
