"""The nominal blade (its CAD): root, platform, airfoil and tip shroud as one closed mesh."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import trimesh

from twincell.assets import resolve
from twincell.errors import AssetError, GeometryError
from twincell.geometry.airfoil import section
from twincell.geometry.pose import Pose
from twincell.geometry.solids import box_mesh, from_manifold, to_manifold
from twincell.world.blades import BladeShape, Part

__all__ = ["PLATFORM", "BladeModel", "blade_model"]

Size = tuple[float, float, float]

PLATFORM = 0.003
"""Thickness of the platform between root and airfoil [m]."""
_LIP = 0.001
"""How far the platform stands out of the root on each side [m]."""
_OVERLAP = 0.001
"""How deep the airfoil reaches into platform and shroud, so that they are one body [m]."""
_SPAN = (0.010, 1.0)
"""Shortest and longest airfoil [m]; beyond lies a mistaken unit."""
_SLICES = 4
"""Convex pieces of the airfoil along the span."""


@dataclass(frozen=True)
class BladeModel:
    """A blade without flaws, in the part frame (root's lower face, z along the span).

    Attributes:
        mesh: closed surface [m].
        grasp: pose of the grasp frame: shroud's centre, z down, y along the closing fingers.
        grasp_width: extent between the fingers [m].
        root: size of the root along x, y, z [m].
        height: from the root's lower to the shroud's upper face [m].
        airfoil: lower and upper end of the airfoil on z [m].
        collision: convex pieces: root, slices of the airfoil, shroud.
    """

    mesh: trimesh.Trimesh
    grasp: Pose
    grasp_width: float
    root: Size
    height: float
    airfoil: tuple[float, float]
    collision: tuple[trimesh.Trimesh, ...]


def blade_model(part: Part, base: Path) -> BladeModel:
    """Build the nominal blade that a world file describes.

    Args:
        part: its entry in the world file.
        base: folder of the world file, for `part.mesh`.

    Raises:
        AssetError: the mesh is missing or unreadable.
        GeometryError: the shape is no solid, or its pieces do not meet.
    """
    shape = part.shape
    floor = shape.root[2] + PLATFORM
    if part.mesh is None:
        airfoil = _airfoil(shape, floor - _OVERLAP, floor + shape.span + _OVERLAP)
        top, xy = floor + shape.span, (0.0, 0.0)
    else:
        airfoil = _foreign(part, base, floor - _OVERLAP)
        top = float(airfoil.bounds[1][2]) - _OVERLAP
        xy = _tip_middle(airfoil)
    if not _SPAN[0] <= top - floor <= _SPAN[1]:
        hint = "part.shape.span" if part.mesh is None else "part.mesh_scale, part.mesh_place"
        raise GeometryError(
            f"part: the airfoil spans {top - floor:g} m, valid: {_SPAN[0]:g} to {_SPAN[1]:g} m; "
            f"see {hint}"
        )
    root = box_mesh(shape.root, 0.0)
    lipped = (shape.root[0] + 2 * _LIP, shape.root[1] + 2 * _LIP, PLATFORM)
    platform = box_mesh(lipped, shape.root[2])
    shroud = box_mesh(shape.shroud, top, xy)
    solid = to_manifold(airfoil, f"part: the mesh '{part.mesh}'" if part.mesh else "part: airfoil")
    for piece in (root, platform, shroud):
        solid = solid + to_manifold(piece, "part")
    if len(solid.decompose()) != 1:
        raise GeometryError(
            "part: root, airfoil and shroud do not meet; turn or move the mesh with "
            "part.mesh_place so that it stands along z over the root's middle"
        )
    height = top + shape.shroud[2]
    centre = (*xy, top + shape.shroud[2] / 2)
    block = box_mesh((shape.root[0], shape.root[1], floor), 0.0)
    return BladeModel(
        mesh=from_manifold(solid),
        grasp=Pose.of(centre, (np.pi, 0.0, 0.0)),
        grasp_width=shape.shroud[1],
        root=shape.root,
        height=height,
        airfoil=(floor, top),
        collision=(block, *_hulls(airfoil, floor, top), shroud),
    )


def _airfoil(shape: BladeShape, low: float, high: float) -> trimesh.Trimesh:
    """Sections swept from `low` to `high` [m] with taper and twist, closed at both ends."""
    n = int(np.ceil(np.pi / 2 * max(shape.chord) / shape.edge))
    # sections are straight within _OVERLAP of both ends: the span's law holds between them
    rows = int(np.ceil((high - low) / shape.edge)) + 1
    heights = np.linspace(low, high, rows)
    along = np.clip((heights - low - _OVERLAP) / (high - low - 2 * _OVERLAP), 0.0, 1.0)
    rings = []
    for z, s in zip(heights, along, strict=True):
        chord, thickness, twist = (
            (1 - s) * pair[0] + s * pair[1] for pair in (shape.chord, shape.thickness, shape.twist)
        )
        xy = section(chord, thickness, shape.camber, n)
        turn = np.array([[np.cos(twist), -np.sin(twist)], [np.sin(twist), np.cos(twist)]])
        rings.append(np.column_stack([xy @ turn.T, np.full(len(xy), z)]))
    size = 2 * n + 1
    i = np.arange(size)
    j = (i + 1) % size
    low_ring = (np.arange(rows - 1) * size)[:, None]
    a, b = (low_ring + i).ravel(), (low_ring + j).ravel()
    c, d = b + size, a + size
    sides = np.concatenate([np.stack([a, b, c], axis=1), np.stack([a, c, d], axis=1)])
    # an end is a strip between pressure side (k) and suction side (size - 1 - k)
    k = np.arange(n)
    p, q, r, s_ = k, k + 1, size - 2 - k, size - 1 - k
    cap = np.concatenate([np.stack([p, r, q], axis=1)[:-1], np.stack([p, s_, r], axis=1)])
    faces = np.concatenate([sides, cap, cap[:, ::-1] + (rows - 1) * size])
    return trimesh.Trimesh(np.concatenate(rings), faces, process=False)


def _foreign(part: Part, base: Path, low: float) -> trimesh.Trimesh:
    """The mesh of a file in the part frame, its lowest point at `low` [m]."""
    name = str(part.mesh)
    try:
        path = resolve(name, base)
    except AssetError as error:
        raise AssetError(f"part.mesh: {error}") from None
    try:
        mesh = trimesh.load(path, force="mesh")
    except Exception as error:
        raise AssetError(f"part.mesh: cannot read '{path}': {error}") from error
    if not isinstance(mesh, trimesh.Trimesh) or len(mesh.faces) == 0:
        raise AssetError(f"part.mesh: '{path}' holds no triangles; valid: an STL or OBJ mesh")
    mesh = trimesh.Trimesh(mesh.vertices * part.mesh_scale, mesh.faces)
    mesh.merge_vertices()
    mesh.update_faces(mesh.nondegenerate_faces())
    if not mesh.is_watertight:
        trimesh.repair.fill_holes(mesh)
    trimesh.repair.fix_normals(mesh)  # type: ignore[no-untyped-call]
    mesh.apply_transform(Pose.at(part.mesh_place).matrix())
    mesh.apply_translation((0.0, 0.0, low - mesh.bounds[0][2]))
    return mesh


def _tip_middle(mesh: trimesh.Trimesh) -> tuple[float, float]:
    """Middle of the mesh's highest part in x and y [m]."""
    z = mesh.vertices[:, 2]
    tip = mesh.vertices[z > z.max() - _OVERLAP, :2]
    x, y = (tip.min(axis=0) + tip.max(axis=0)) / 2
    return float(x), float(y)


def _hulls(airfoil: trimesh.Trimesh, low: float, high: float) -> list[trimesh.Trimesh]:
    """Convex hulls of slices along the span; a slice without extent is left out."""
    hulls = []
    for z0, z1 in np.linspace(low, high, _SLICES + 1)[np.add.outer(range(_SLICES), (0, 1))]:
        cut = to_manifold(airfoil, "part").trim_by_plane((0, 0, 1), z0)
        cut = cut.trim_by_plane((0, 0, -1), -z1)
        if not cut.is_empty():
            hulls.append(from_manifold(cut.hull()))
    return hulls
