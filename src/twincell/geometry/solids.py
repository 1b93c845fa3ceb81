"""Exact boolean operations on closed meshes, by Manifold (https://github.com/elalish/manifold)."""

from __future__ import annotations

import manifold3d
import numpy as np
import trimesh

from twincell.errors import GeometryError

__all__ = ["box_mesh", "from_manifold", "to_manifold"]


def to_manifold(mesh: trimesh.Trimesh, what: str) -> manifold3d.Manifold:
    """A mesh as a solid.

    Args:
        mesh: closed and oriented outwards.
        what: name for messages.

    Raises:
        GeometryError: the mesh bounds no solid.
    """
    solid = manifold3d.Manifold(
        manifold3d.Mesh64(
            vert_properties=np.array(mesh.vertices, np.float64, order="C"),
            tri_verts=np.array(mesh.faces, np.uint64, order="C"),
        )
    )
    if solid.status() != manifold3d.Error.NoError or solid.is_empty():
        raise GeometryError(
            f"{what} bounds no solid ({solid.status().name}): it needs to be closed, "
            "with every edge shared by exactly two triangles"
        )
    return solid


def from_manifold(solid: manifold3d.Manifold) -> trimesh.Trimesh:
    """A solid as a mesh whose vertices are shared between triangles."""
    mesh = solid.to_mesh64()
    # copies: views would keep the binding's object alive beyond the interpreter's end
    vertices = np.array(mesh.vert_properties, float)[:, :3]
    faces = np.array(mesh.tri_verts, np.int64)
    merge_from, merge_to = np.array(mesh.merge_from_vert), np.array(mesh.merge_to_vert)
    if len(merge_from):
        index = np.arange(len(vertices))
        index[merge_from] = merge_to
        faces = index[faces]
    result = trimesh.Trimesh(vertices, faces, process=False)
    result.remove_unreferenced_vertices()
    return result


def box_mesh(
    size: tuple[float, float, float], low_z: float, xy: tuple[float, float] = (0.0, 0.0)
) -> trimesh.Trimesh:
    """An upright box.

    Args:
        size: edge lengths [m].
        low_z: height of its lower face [m].
        xy: its middle [m].
    """
    box: trimesh.Trimesh = trimesh.creation.box(size)
    box.apply_translation((*xy, low_z + size[2] / 2))
    return box
