"""Spheres that cover the cell's own moving bodies, so that they are not taken for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from twincell.geometry.bodies import Body
from twincell.geometry.pose import Pose

__all__ = ["body_spheres", "cover", "spheres_at"]

F64 = NDArray[np.float64]

_EDGE = 0.06
"""Longest edge of a triangle before its mesh is covered [m]."""


def cover(vertices: F64, step: float = 0.15) -> F64:
    """Spheres that hold every vertex of a mesh.

    The vertices are cut into slabs across their longest axis; each slab gets the sphere about the
    middle of its box. Long links thus are covered closely, without a sphere as long as the link.

    Args:
        vertices: shape (n, 3) [m].
        step: thickness of a slab [m].

    Returns:
        x, y, z, radius as rows, shape (k, 4) [m].
    """
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    axis = int(np.argmax(high - low))
    count = max(1, int(np.ceil((high[axis] - low[axis]) / step)))
    size = max(high[axis] - low[axis], 1e-9) / count
    slab = np.minimum(((vertices[:, axis] - low[axis]) / size).astype(int), count - 1)
    rows = []
    for k in np.unique(slab):
        part = vertices[slab == k]
        centre = (part.min(axis=0) + part.max(axis=0)) / 2
        radius = float(np.linalg.norm(part - centre, axis=1).max())
        rows.append([*centre, radius])
    return np.array(rows)


def body_spheres(bodies: Iterable[Body]) -> dict[str, F64]:
    """Spheres of each moving body that is no person, in its frame, shape (k, 4) [m]."""
    own = (b for b in bodies if b.fixed is None and not b.name.startswith("visitor/"))
    # long triangles have no vertices in between; small ones leave no slab empty
    fine = {b.name: cast(Any, b.mesh).subdivide_to_size(_EDGE) for b in own}
    return {name: cover(np.asarray(mesh.vertices, float)) for name, mesh in fine.items()}


def spheres_at(spheres: Mapping[str, F64], poses: Mapping[str, Pose]) -> F64:
    """The spheres of all bodies that have a pose, in the world, shape (n, 4) [m]."""
    rows = [
        np.column_stack([poses[name].apply(local[:, :3]), local[:, 3]])
        for name, local in spheres.items()
        if name in poses
    ]
    return np.concatenate(rows) if rows else np.zeros((0, 4))
