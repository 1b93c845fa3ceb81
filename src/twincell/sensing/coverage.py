"""How much of a surface a profiler has seen, by samples of equal area."""

from __future__ import annotations

import itertools

import numpy as np
import trimesh
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from twincell.errors import SensorError

__all__ = ["SurfaceSamples", "side_samples"]

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


class SurfaceSamples:
    """Samples of a surface, each of which is seen or not.

    Args:
        points: shape (m, 3), in the part frame [m].
        within: a measured point this near to a sample has seen it [m].

    Raises:
        SensorError: no samples, or `within` not above 0.
    """

    def __init__(self, points: ArrayLike, within: float) -> None:
        self.points: F64 = np.asarray(points, float)
        if self.points.ndim != 2 or self.points.shape[1:] != (3,) or not within > 0:
            raise SensorError(
                f"samples of shape {self.points.shape} within {within!r} m; valid: (m, 3), above 0"
            )
        self.within = within
        self._tree = cKDTree(self.points)

    def __len__(self) -> int:
        return len(self.points)

    def seen(self, points: ArrayLike) -> I64:
        """Numbers of the samples that measured points (k, 3) in the part frame have seen."""
        measured = np.asarray(points, float).reshape(-1, 3)
        if len(measured) == 0:
            return np.empty(0, np.int64)
        near = self._tree.query_ball_point(measured, self.within, return_sorted=False)
        return np.unique(np.fromiter(itertools.chain.from_iterable(near), np.int64))


def side_samples(
    mesh: trimesh.Trimesh, span: tuple[float, float], view: ArrayLike, spacing: float, seed: int = 0
) -> F64:
    """Samples spread evenly over the faces that look at a viewer far away.

    Args:
        mesh: of the part, in its frame.
        span: lower and upper end on z [m].
        view: direction towards the viewer, shape (3,).
        spacing: of the samples: one for each `spacing` squared of area [m].
        seed: of the spread (stratified over the area, face by face).

    Returns:
        Shape (m, 3) [m].

    Raises:
        SensorError: no face looks there.
    """
    normals, centres = mesh.face_normals, mesh.triangles_center
    chosen = (normals @ np.asarray(view, float) > 0.0) & (centres[:, 2] > span[0])
    faces = np.flatnonzero(chosen & (centres[:, 2] < span[1]))
    if len(faces) == 0:
        raise SensorError(
            f"no face between {span[0]:g} and {span[1]:g} m looks along {np.asarray(view).tolist()}"
        )
    # by height and then across, so that what follows one another in the sum lies side by side
    rows = np.floor(centres[faces, 2] / spacing).astype(np.int64)
    across = centres[faces, 0] * np.where(rows % 2, -1.0, 1.0)
    faces = faces[np.lexsort((across, rows))]
    area = np.cumsum(mesh.area_faces[faces])
    count = max(1, round(float(area[-1]) / spacing**2))
    rng = np.random.default_rng(seed)
    marks = (np.arange(count) + rng.uniform(size=count)) * float(area[-1]) / count
    face = faces[np.minimum(np.searchsorted(area, marks), len(faces) - 1)]
    a, b = rng.uniform(size=(2, count))
    a, b = np.where(a + b > 1.0, 1.0 - a, a), np.where(a + b > 1.0, 1.0 - b, b)
    corner = mesh.triangles[face]
    one, two = corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]
    return np.asarray(corner[:, 0] + a[:, None] * one + b[:, None] * two, float)
