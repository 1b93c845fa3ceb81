"""The suction and the pressure surface of an airfoil, seen along y: heights and normals."""

from __future__ import annotations

from typing import Literal

import numpy as np
import trimesh
from numpy.typing import NDArray

__all__ = ["Side", "SideSurface"]

Array = NDArray[np.float64]
Side = Literal["suction", "pressure"]

_PIECE = 16
"""Points projected at once."""
_EPS = 1e-9
"""Rounding allowed in barycentric weights, so that no ray slips between two triangles."""
_SMOOTH = 0.9
"""Cosine between a vertex' and a triangle's normal below which an edge counts as sharp."""


class SideSurface:
    """One side of an airfoil as a height field over its x-z plane.

    Args:
        mesh: closed surface in the part frame.
        side: suction faces +y, pressure -y.
    """

    def __init__(self, mesh: trimesh.Trimesh, side: Side) -> None:
        self._sign = 1.0 if side == "suction" else -1.0
        facing = self._sign * mesh.face_normals[:, 1] > 0
        self._corners: Array = np.asarray(mesh.triangles, float)[facing]
        flat = np.repeat(np.asarray(mesh.face_normals, float)[facing][:, None], 3, axis=1)
        round_ = np.asarray(mesh.vertex_normals, float)[mesh.faces[facing]]
        sharp = (flat * round_).sum(axis=2, keepdims=True) < _SMOOTH
        self._normals: Array = np.where(sharp, flat, round_)
        self._low = self._corners[:, :, ::2].min(axis=1)
        self._high = self._corners[:, :, ::2].max(axis=1)

    def project(self, x: Array, z: Array) -> tuple[Array, Array]:
        """Points of the surface over (x, z), the outermost where there are several.

        Args:
            x: shape (n,) [m].
            z: shape (n,) [m].

        Returns:
            Points, shape (n, 3) [m], and outward unit normals, shape (n, 3); NaN beside the mesh.
        """
        points = np.full((len(x), 3), np.nan)
        normals = np.full((len(x), 3), np.nan)
        # neighbours on a path see few triangles: a short piece at a time
        for start in range(0, len(x), _PIECE):
            piece = slice(start, start + _PIECE)
            points[piece], normals[piece] = self._project(x[piece], z[piece])
        return points, normals

    def _project(self, x: Array, z: Array) -> tuple[Array, Array]:
        """`project` for a few points near each other."""
        low, high = np.array([x.min(), z.min()]), np.array([x.max(), z.max()])
        near = np.flatnonzero(((self._low <= high) & (self._high >= low)).all(axis=1))
        if len(near) == 0:
            return np.full((len(x), 3), np.nan), np.full((len(x), 3), np.nan)
        a, b, c = (self._corners[near, k] for k in range(3))
        p = np.stack([x, np.zeros_like(x), z], axis=1)[:, None]
        # barycentric weights in the x-z plane, shape (points, triangles, 3)
        with np.errstate(divide="ignore", invalid="ignore"):
            v = _cross(p - a, c - a) / _cross(b - a, c - a)
            w = _cross(b - a, p - a) / _cross(b - a, c - a)
        weights = np.stack([1 - v - w, v, w], axis=2)
        hit = np.asarray((weights >= -_EPS).all(axis=2))
        heights = np.einsum("ptk,tk->pt", weights, self._corners[near, :, 1])
        best = np.where(hit, self._sign * heights, -np.inf).argmax(axis=1)
        row = np.arange(len(x))
        normals = np.einsum("pk,pkj->pj", weights[row, best], self._normals[near[best]])
        points = np.stack([x, heights[row, best], z], axis=1)
        points[~hit.any(axis=1)] = np.nan
        normals[~hit.any(axis=1)] = np.nan
        return points, normals / np.linalg.norm(normals, axis=1, keepdims=True)

    def extent(self, z: float) -> tuple[float, float]:
        """Least and greatest x of the side at a height `z` [m]; NaN where it does not reach."""
        at = (self._low[:, 1] <= z) & (self._high[:, 1] >= z)
        if not at.any():
            return np.nan, np.nan
        return float(self._low[at, 0].min()), float(self._high[at, 0].max())


def _cross(a: Array, b: Array) -> Array:
    """z-x cross product of rows in the x-z plane, shape (n,)."""
    product: Array = a[..., 0] * b[..., 2] - a[..., 2] * b[..., 0]
    return product
