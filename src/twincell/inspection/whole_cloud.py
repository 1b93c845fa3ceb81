"""Cracks in a cloud of which nothing is known but the CAD: no sensor, no order of the points.

Two things speak of a crack: points that lie deeper than their neighbourhood, and places of the CAD
that no point lies near although points lie all around (the walls of a narrow crack return no
light). Both are laid on the CAD's surface and clustered together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import open3d as o3d
import trimesh
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from twincell.geometry.pose import Pose
from twincell.inspection.coarse import register_anywhere
from twincell.inspection.indications import Indications, threshold
from twincell.inspection.measure import FEWEST, Size, measure

__all__ = ["Candidate", "CloudVerdict", "inspect_cloud", "signed_deviation"]

F64 = NDArray[np.float64]
Mask = NDArray[np.bool_]

LENGTH = 0.001
"""Shorter cracks are not reported [m]."""
ROOM = 0.002
"""Grid over which the deviation of a neighbourhood is taken [m]."""
PLACES = 8_000_000
"""Most places on the CAD that are looked at for gaps."""
HOLE = 3.2
"""A gap is so many times as far from light as half of all places are."""
SPARSE = 0.8
"""And so many times the distance of the sixth neighbour there: a steep place is sparse, no gap."""
WIDEST = 0.0012
"""A place farther from any point than half of this was not scanned [m]."""
ALIKE = 0.7
"""Least cosine between normals of places on the same side."""
SHARP = 0.5
"""An edge of the CAD bends more than this [rad]; a scan is ragged about it."""
KEPT_CLEAR = 0.0005
"""Of sharp edges [m]."""
STRAY = 2.0
"""A point farther from the scan's middle than so many diagonals of the CAD is none of the part."""
STRAYS = 0.01
"""Largest share of such points; more are another part, or another unit."""
WALLS = 1.22
"""Walls of a dark crack are steeper than this [rad]: the limit of usual profilers."""


@dataclass(frozen=True)
class Candidate:
    """An indication of a whole cloud, in the CAD's frame.

    Attributes:
        size: its length, opening, depth, place and confidence.
        points: that it rests on, shape (n, 3) [m].
        dark: share of them where nothing was measured.
    """

    size: Size
    points: F64
    dark: float


@dataclass(frozen=True)
class CloudVerdict:
    """What a whole cloud shows.

    Attributes:
        pose: moves the scan onto the CAD.
        fitness: share of the scan within reach of the CAD.
        residual: of registration [m].
        noise: spread of the deviation about its neighbourhood [m].
        spacing: of the points [m].
        points: of the scan in the CAD's frame, shape (n, 3) [m].
        deviation: of each point from the CAD, positive outside, shape (n,) [m].
        candidates: cracks and dents, longest first.
        strays: points far off that were left out.
    """

    pose: Pose
    fitness: float
    residual: float
    noise: float
    spacing: float
    points: F64
    deviation: F64
    candidates: tuple[Candidate, ...]
    strays: int = 0

    @property
    def cracks(self) -> tuple[Candidate, ...]:
        """Candidates that are long and narrow."""
        return tuple(c for c in self.candidates if c.size.kind == "crack")


def inspect_cloud(points: F64, mesh: trimesh.Trimesh, name: str) -> CloudVerdict:
    """Register a cloud, compare it with the CAD, and look for cracks.

    Args:
        points: finite, shape (n, 3) [m], wherever they lie.
        mesh: the CAD [m].
        name: of the scan, for messages.

    Raises:
        InspectionError: a scan that does not belong to the CAD.
    """
    near = _near(points, mesh)
    strays = int((~near).sum())
    points = points[near]
    fit = register_anywhere(points, mesh, name)
    moved = fit.pose.apply(points)
    off, nearest, towards = signed_deviation(moved, mesh)
    trend = _neighbourhood(nearest, off)
    rest = off - trend
    noise = 1.4826 * float(np.median(np.abs(rest - np.median(rest))))
    tree = cKDTree(moved)
    sample = moved[:: max(len(moved) // 2000, 1)]
    spacing = float(np.median(tree.query(sample, k=2)[0][:, 1]))
    edges = _sharp_places(mesh)
    # a point beyond the widest crack is no part of this surface
    deep = (rest < -threshold(noise)) & _clear(nearest, edges)
    gaps, pitch, limit = _gaps(moved, towards, tree, mesh, edges, spacing)
    cell = max(spacing, pitch, limit / 2)
    where = np.concatenate([nearest[deep], gaps])
    depth = np.concatenate([-rest[deep], np.full(len(gaps), np.nan)])
    found = tuple(_candidates(where, depth, cell, limit))
    return CloudVerdict(
        fit.pose, fit.fitness, fit.residual, noise, spacing, moved, off, found, strays
    )


def _near(points: F64, mesh: trimesh.Trimesh) -> Mask:
    """The points that may be of the part; all of them where strays are many."""
    with np.errstate(over="ignore"):  # as far off as numbers go
        apart = np.linalg.norm(points - np.median(points, axis=0), axis=1)
    near = np.asarray(apart <= STRAY * float(np.linalg.norm(mesh.extents)))
    return near if (~near).mean() <= STRAYS else np.ones_like(near)


def signed_deviation(points: F64, mesh: trimesh.Trimesh) -> tuple[F64, F64, F64]:
    """Distance of points to the nearest place of a surface, negative within it.

    Args:
        points: shape (n, 3) [m].
        mesh: with outward normals [m].

    Returns:
        Signed distances, shape (n,) [m], the nearest places, shape (n, 3) [m], and the
        surface's normals there, shape (n, 3).
    """
    scene = o3d.t.geometry.RaycastingScene(nthreads=1)
    scene.add_triangles(
        o3d.core.Tensor.from_numpy(np.asarray(mesh.vertices, np.float32)),
        o3d.core.Tensor.from_numpy(np.asarray(mesh.faces, np.uint32)),
    )
    answer = scene.compute_closest_points(
        o3d.core.Tensor.from_numpy(points.astype(np.float32)), nthreads=1
    )
    near = answer["points"].numpy().astype(float)
    normals = answer["primitive_normals"].numpy().astype(float)
    apart = points - near
    along = (apart * normals).sum(axis=1)
    sign = np.where(along < 0, -1.0, 1.0)
    return sign * np.linalg.norm(apart, axis=1), near, normals


def _neighbourhood(places: F64, off: F64) -> F64:
    """Median deviation in the cell of a grid that each place lies in, shape (n,) [m]."""
    cells = np.floor(places / ROOM).astype(np.int64)
    cells -= cells.min(axis=0)
    size = cells.max(axis=0) + 1
    key = (cells[:, 0] * size[1] + cells[:, 1]) * size[2] + cells[:, 2]
    order = np.lexsort((off, key))
    ordered = key[order]
    first = np.flatnonzero(np.r_[True, np.diff(ordered) > 0])
    count = np.diff(np.r_[first, len(key)])
    medians = off[order[first + count // 2]]
    out = np.empty(len(off))
    # a cell with few points (the rim of a scan) has no trend of its own
    out[order] = np.repeat(np.where(count >= 20, medians, np.median(off)), count)
    return out


def _gaps(
    points: F64,
    towards: F64,
    tree: cKDTree,
    mesh: trimesh.Trimesh,
    edges: cKDTree | None,
    spacing: float,
) -> tuple[F64, float, float]:
    """Places of the CAD that lie in a narrow gap of the scan.

    Returns:
        Places, shape (k, 3) [m], their spacing [m], and the distance from light that made one [m].
    """
    number = int(min(mesh.area / (0.7 * spacing) ** 2, PLACES))
    places, faces = trimesh.sample.sample_surface(mesh, number, seed=1)[:2]
    pitch = float(np.sqrt(mesh.area / number))
    some = tree.query(places[::37], distance_upper_bound=WIDEST / 2)[0]
    some = some[np.isfinite(some)]
    if len(some) < 100:
        return np.empty((0, 3)), pitch, pitch
    limit = HOLE * float(np.median(some))
    low = points.min(axis=0) - limit
    good = _no_point_in_cell(places, points, low, limit / np.sqrt(3))
    places, outward = places[good], mesh.face_normals[faces[good]]
    apart = tree.query(places, distance_upper_bound=WIDEST / 2)[0]
    good = (apart > limit) & np.isfinite(apart)
    places, outward = places[good], outward[good]
    good = _clear(places, edges)
    places, outward = places[good], outward[good]
    good = _lit_on_both_sides(places, outward, points, towards, tree, limit)
    return places[good], pitch, limit


def _lit_on_both_sides(
    places: F64, normals: F64, points: F64, towards: F64, tree: cKDTree, limit: float
) -> Mask:
    """Places across which there is light again within the widest crack: no rim of the scan."""
    if len(places) == 0:
        return np.zeros(0, bool)
    apart, which = tree.query(places)
    sixth = tree.query(points[which], k=7)[0][:, 6]
    away = (places - points[which]) / np.maximum(apart, 1e-9)[:, None]
    both = np.zeros(len(places), bool)

    def facing(index: NDArray[np.int64]) -> Mask:
        """Points of the same side: behind a thin edge lies the other."""
        return np.asarray((towards[index] * normals).sum(axis=1) > ALIKE)

    for ahead in np.arange(limit, WIDEST, limit):
        gap, hit = tree.query(places + ahead * away, distance_upper_bound=limit)
        near = np.isfinite(gap) & facing(np.where(np.isfinite(gap), hit, 0))
        both |= near & (apart + ahead < WIDEST)
    return np.asarray(both & (apart > SPARSE * sixth) & facing(which))


def _no_point_in_cell(places: F64, points: F64, low: F64, cell: float) -> Mask:
    """Places in cells of a grid without a point: all others are near one, without a search."""
    top = np.maximum(points.max(axis=0), places.max(axis=0))
    low = np.minimum(low, places.min(axis=0)) - cell
    size = np.floor((top - low) / cell).astype(np.int64) + 2

    def key(x: F64) -> NDArray[np.int64]:
        i = np.floor((x - low) / cell).astype(np.int64)
        return np.asarray((i[:, 0] * size[1] + i[:, 1]) * size[2] + i[:, 2])

    return np.asarray(~np.isin(key(places), np.unique(key(points))))


def _sharp_places(mesh: trimesh.Trimesh) -> cKDTree | None:
    """Places along edges that bend sharply."""
    sharp = mesh.face_adjacency_edges[mesh.face_adjacency_angles > SHARP]
    if len(sharp) == 0:
        return None
    a, b = mesh.vertices[sharp[:, 0]], mesh.vertices[sharp[:, 1]]
    steps = int(np.ceil(np.linalg.norm(b - a, axis=1).max() / KEPT_CLEAR)) + 1
    share = np.linspace(0.0, 1.0, min(steps, 400))[:, None, None]
    return cKDTree((a + share * (b - a)).reshape(-1, 3))


def _clear(places: F64, edges: cKDTree | None) -> Mask:
    """Places that no sharp edge is near to."""
    if edges is None or len(places) == 0:
        return np.ones(len(places), bool)
    return np.asarray(~np.isfinite(edges.query(places, distance_upper_bound=KEPT_CLEAR)[0]))


def _candidates(where: F64, depth: F64, cell: float, limit: float) -> list[Candidate]:
    """Clusters, measured; longest first."""
    if len(where) < FEWEST:
        return []
    cloud = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(where))
    labels = np.asarray(cloud.cluster_dbscan(eps=max(2.5 * cell, 2 * limit), min_points=4))
    out = []
    for label in range(labels.max() + 1):
        mine = labels == label
        points = where[mine]
        if len(points) < FEWEST:
            continue
        dark = np.isnan(depth[mine])
        area = _area(points, cell)
        size = measure(
            Indications(
                points, depth[mine], np.full(len(points), area / len(points)), np.zeros(len(points))
            ),
            WALLS,
        )
        if size.length < LENGTH:
            continue
        # a gap begins where light ends, which is `limit` outside of the places that made it
        wider = 2 * limit * float(dark.mean())
        size = replace(size, opening=size.opening + wider, length=size.length + wider)
        out.append(Candidate(size, points, float(dark.mean())))
    return sorted(out, key=lambda c: -c.size.length)


def _area(points: F64, cell: float) -> float:
    """Area that points cover in their plane, by cells of a grid [m^2]."""
    middle = points - points.mean(axis=0)
    _, axes = np.linalg.eigh(np.cov(middle.T))
    flat = np.floor(middle @ axes[:, 1:] / cell).astype(np.int64)
    return len(np.unique(flat, axis=0)) * cell * cell
