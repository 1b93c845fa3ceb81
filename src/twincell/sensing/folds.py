"""Narrow grooves of a mesh: where two faces fold inwards by more than `FOLD`."""

from __future__ import annotations

import numpy as np
import trimesh
from numpy.typing import NDArray

__all__ = ["FOLD", "fold_points"]

F64 = NDArray[np.float64]

FOLD = np.radians(100.0)
"""Least angle between the normals of two faces that meet in a groove's bottom [rad]."""
_STEP = 5e-5
"""Distance of points along a groove's edges [m]."""


def fold_points(mesh: trimesh.Trimesh) -> F64:
    """Points on the walls of a mesh's narrow grooves, shape (n, 3), body frame [m]."""
    folded = (mesh.face_adjacency_angles > FOLD) & ~mesh.face_adjacency_convex
    faces = np.unique(mesh.face_adjacency[folded])
    corners = np.asarray(mesh.triangles, float)[faces]
    ends = np.concatenate([corners[:, [i, (i + 1) % 3]] for i in range(3)])
    length = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1)
    count = np.ceil(length / _STEP).astype(int) + 1
    which = np.repeat(np.arange(len(ends)), count)
    number = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    share = (number / np.maximum(count[which] - 1, 1))[:, None]
    return np.asarray((1 - share) * ends[which, 0] + share * ends[which, 1])
