"""Reading a URDF as what it is: a tree of links, joints and shapes (http://wiki.ros.org/urdf/XML).

Only `link`, `joint` and `material` survive; plugins and transmissions of other simulators do not.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import cast

import numpy as np
import trimesh

from twincell.assets import mesh_path, resolve
from twincell.errors import AssetError
from twincell.geometry.pose import Pose
from twincell.geometry.structure import structure_faults

__all__ = ["link_mesh", "link_poses", "numbers", "origin", "read_urdf", "shape_mesh"]

_TINY = "1e-6"
"""Mass [kg] and inertia [kg m^2] of links that give none; Bullet would take 1 kg and 1 kg m^2."""
_TOLD = 5
"""Faults of one URDF that are told."""


def read_urdf(name: str, base: Path | None, key: str) -> ET.Element:
    """Read a URDF and make it independent of where it stands.

    Args:
        name: path or URI of the URDF.
        base: folder of the naming world file, tried first for relative paths.
        key: key of the world file that names it, for messages.

    Returns:
        The `robot` element; every mesh file name is an absolute path to an existing file, every
        link has inertial data.

    Raises:
        AssetError: the URDF or one of its meshes is missing, or it is no URDF; one line for each
            of the first faults.
    """
    try:
        path = resolve(name, base)
    except AssetError as error:
        raise AssetError(f"{key}: {error}") from None
    try:
        robot = ET.parse(path).getroot()  # noqa: S314 - robot files the user names, as RViz reads them
    except ET.ParseError as error:
        raise AssetError(f"{key}: '{path}' is not XML: {error}") from None
    if robot.tag != "robot" or robot.find("link") is None:
        raise AssetError(f"{key}: '{path}' is no URDF: no <robot> with links in it")
    for child in list(robot):
        if child.tag not in ("link", "joint", "material"):
            robot.remove(child)
    faults = list(structure_faults(robot))
    if faults:
        # a template that was never expanded has hundreds
        told = [f"{key}: '{path}': {fault}" for fault in faults[:_TOLD]]
        if len(faults) > _TOLD:
            told[-1] += f" (and {len(faults) - _TOLD} more)"
        raise AssetError("\n".join(told))
    for mesh in robot.iter("mesh"):
        try:
            file = mesh_path(mesh.get("filename", ""), path)
        except AssetError as error:
            raise AssetError(f"{key}: mesh of '{path}': {error}") from None
        mesh.set("filename", str(file))
    for link in robot.iter("link"):
        if link.find("inertial") is None:
            inertial = ET.SubElement(link, "inertial")
            ET.SubElement(inertial, "mass", value=_TINY)
            tensor = {f"i{a}": "0" for a in ("xy", "xz", "yz")}
            tensor |= {f"i{a}": _TINY for a in ("xx", "yy", "zz")}
            ET.SubElement(inertial, "inertia", tensor)
    return robot


def numbers(text: str | None, default: tuple[float, ...]) -> np.ndarray:
    """The numbers of an attribute, e.g. `"0 0 1"`; `default` where there is none."""
    return np.array([float(word) for word in text.split()] if text else default)


def origin(element: ET.Element) -> Pose:
    """The pose that an element's `origin` child gives; identity where it has none."""
    child = element.find("origin")
    if child is None:
        return Pose.identity()
    return Pose.of(
        numbers(child.get("xyz"), (0.0, 0.0, 0.0)), numbers(child.get("rpy"), (0.0, 0.0, 0.0))
    )


def link_poses(robot: ET.Element, only_fixed: bool = False) -> dict[str, Pose]:
    """Poses of links in the root link with all joints at zero.

    Args:
        robot: the `robot` element.
        only_fixed: leave out what hangs behind a movable joint.

    Returns:
        By link name, root first.
    """
    children: dict[str, list[tuple[str, Pose]]] = {}
    below = set()
    for joint in robot.findall("joint"):
        parent, child = joint.find("parent"), joint.find("child")
        if parent is None or child is None:
            continue
        below.add(child.get("link", ""))
        if not only_fixed or joint.get("type") == "fixed":
            children.setdefault(parent.get("link", ""), []).append(
                (child.get("link", ""), origin(joint))
            )
    roots = [n for n in (e.get("name", "") for e in robot.findall("link")) if n not in below]
    poses = {name: Pose.identity() for name in roots}
    queue = list(roots)
    while queue:
        name = queue.pop(0)
        for child_name, pose in children.get(name, []):
            poses[child_name] = poses[name] @ pose
            queue.append(child_name)
    return poses


def shape_mesh(geometry: ET.Element) -> trimesh.Trimesh | None:
    """The mesh of a `geometry` element, in the frame of the shape; None where it is empty.

    Raises:
        AssetError: a mesh file that cannot be read.
    """
    made: trimesh.Trimesh
    box, cylinder = geometry.find("box"), geometry.find("cylinder")
    sphere, mesh = geometry.find("sphere"), geometry.find("mesh")
    if box is not None:
        made = trimesh.creation.box(numbers(box.get("size"), (0.0, 0.0, 0.0)))
        return made
    if cylinder is not None:
        made = trimesh.creation.cylinder(
            radius=float(cylinder.get("radius", 0)), height=float(cylinder.get("length", 0))
        )
        return made
    if sphere is not None:
        made = trimesh.creation.icosphere(subdivisions=2, radius=float(sphere.get("radius", 0)))
        return made
    if mesh is None:
        return None
    path = mesh.get("filename", "")
    try:
        loaded = cast(trimesh.Trimesh, trimesh.load(path, force="mesh"))
    except Exception as error:
        raise AssetError(f"cannot read the mesh '{path}': {error}") from error
    scale = numbers(mesh.get("scale"), (1.0, 1.0, 1.0))
    # a mirroring scale turns triangles inside out
    faces = loaded.faces if np.prod(scale) > 0 else loaded.faces[:, ::-1]
    return trimesh.Trimesh(loaded.vertices * scale, faces)


def link_mesh(
    link: ET.Element, tags: tuple[str, ...] = ("collision", "visual")
) -> trimesh.Trimesh | None:
    """All shapes of a link as one mesh in the link frame.

    Args:
        link: the `link` element.
        tags: which shapes; the first tag that has any is taken.

    Returns:
        A `trimesh.Trimesh`, or None where the link has no shape.
    """
    for tag in tags:
        meshes = []
        for element in link.findall(tag):
            geometry = element.find("geometry")
            mesh = shape_mesh(geometry) if geometry is not None else None
            if mesh is not None:
                meshes.append(mesh.apply_transform(origin(element).matrix()))
        if meshes:
            return cast(trimesh.Trimesh, trimesh.util.concatenate(meshes))
    return None
