"""The visitor's body: the links of a URDF, standing, as few meshes that move as one."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import trimesh

from twincell.errors import AssetError
from twincell.geometry.pose import Pose
from twincell.geometry.urdf import link_mesh, link_poses, read_urdf
from twincell.world.layout import Visitor

__all__ = ["LARGEST", "visitor_meshes"]

LARGEST = 20_000
"""Triangles of the whole body above which vertices are clustered."""
_CLUSTER = 0.015
"""Edge of a cluster's cell, below a LiDAR's resolution at 3 m [m]."""


def visitor_meshes(visitor: Visitor, base: Path) -> dict[str, trimesh.Trimesh]:
    """Meshes of the visitor's links with all joints at zero.

    Args:
        visitor: its entry in the world file.
        base: folder of the world file.

    Returns:
        By link name; all in the visitor's frame: origin on the floor between the feet, x forward,
        z up, scaled so that the body is `height` tall [m].

    Raises:
        AssetError: the URDF or a mesh is missing, or it has no shapes.
    """
    return {k: m.copy() for k, m in _meshes(visitor.urdf, visitor.height, base).items()}


@cache
def _meshes(urdf: str, height: float, base: Path) -> dict[str, trimesh.Trimesh]:
    """The meshes themselves; reading them takes about a second."""
    robot = read_urdf(urdf, base, "visitor.urdf")
    poses = link_poses(robot)
    meshes: dict[str, trimesh.Trimesh] = {}
    for link in robot.findall("link"):
        name = link.get("name", "")
        mesh = link_mesh(link, ("visual", "collision"))
        if mesh is not None:
            meshes[name] = mesh.apply_transform(poses[name].matrix())
    if not meshes:
        raise AssetError(f"visitor.urdf: '{urdf}' has no link with a shape")
    if sum(len(m.faces) for m in meshes.values()) > LARGEST:
        meshes = {name: _clustered(mesh) for name, mesh in meshes.items()}
    corners = np.concatenate([m.vertices for m in meshes.values()])
    if np.argmax(np.ptp(corners, axis=0)) == 1:
        # biomechanical models stand along y (ISB: x forward, y up, z right)
        upright = Pose.of((0.0, 0.0, 0.0), (np.pi / 2, 0.0, 0.0))
        for mesh in meshes.values():
            mesh.apply_transform(upright.matrix())
        corners = upright.apply(corners)
    low, high = corners.min(axis=0), corners.max(axis=0)
    middle = np.array([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]])
    for mesh in meshes.values():
        mesh.vertices = (mesh.vertices - middle) * (height / float(high[2] - low[2]))
    return meshes


def _clustered(mesh: trimesh.Trimesh) -> trimesh.Trimesh:
    """Fewer triangles: vertices of one grid cell become their mean (Rossignac and Borrel 1993)."""
    cells = np.floor(mesh.vertices / _CLUSTER).astype(np.int64)
    _, label = np.unique(cells, axis=0, return_inverse=True)
    label = label.reshape(-1)
    count = np.bincount(label).astype(float)
    mean = np.stack([np.bincount(label, mesh.vertices[:, k]) / count for k in range(3)], axis=1)
    faces = label[mesh.faces]
    a, b, c = faces.T
    faces = faces[(a != b) & (b != c) & (c != a)]
    _, first = np.unique(np.sort(faces, axis=1), axis=0, return_index=True)
    return trimesh.Trimesh(mean, faces[np.sort(first)], process=False)
