"""Registration of a scan that lies anywhere: coarse by candidates, then point to plane.

Candidates are the scan as it lies, its principal axes laid on those of the CAD in all four ways
that stay a rotation, and matches of fast point feature histograms (Rusu 2009) by RANSAC, for scans
of a part of the surface only. Each is refined on few points; the nearest is refined on more.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
import open3d as o3d
import trimesh
from numpy.typing import NDArray

from twincell.errors import InspectionError
from twincell.geometry.pose import Pose
from twincell.inspection.registration import Registration

__all__ = ["register_anywhere"]

F64 = NDArray[np.float64]
Cloud = o3d.geometry.PointCloud

_reg = o3d.pipelines.registration

SAMPLES = 120_000
"""Points on the CAD."""
FINE = 8_000
"""Points of the scan for the last refinement."""
VOXEL = 1 / 60
"""Grid of the coarse search in diagonals of the CAD."""
NEAR = 0.15
"""Mean distance that ends the search, in steps of its grid."""
TRIES = 3
"""Runs of RANSAC."""
FIT = 0.85
"""Least share of the scan within reach of the CAD."""
REACH = 0.008
"""Of a scan that fits, in diagonals of the CAD."""
NARROW = 0.002
"""Least width of a scan over its length: a single profile fits many places of a part."""
RESIDUAL = 0.0015
"""Largest residual of a scan that fits, in diagonals of the CAD."""
LEAST = 1e-4
"""Reach and residual go no lower than this [m]."""


def register_anywhere(points: F64, mesh: trimesh.Trimesh, name: str) -> Registration:
    """Lay a scan onto the CAD wherever it lies.

    Args:
        points: finite, shape (n, 3) [m].
        mesh: the CAD [m].
        name: of the scan, for messages.

    Returns:
        The pose that moves the scan onto the CAD; its residual is that of points within reach.

    Raises:
        InspectionError: another size than the CAD's (a unit?), no surface at all, or one of
            something else.
    """
    size = float(np.linalg.norm(mesh.extents))
    with np.errstate(over="ignore"):  # as far off as numbers go
        spread = float(np.linalg.norm(np.ptp(np.quantile(points, [0.005, 0.995], axis=0), axis=0)))
    if not 0.05 * size < spread < 1.8 * size:
        raise InspectionError(
            f"{name}: {1e3 * spread:.4g} mm across, the CAD {1e3 * size:.4g} mm; valid: a scan of "
            "this part. Is a unit another (--scan-unit, --cad-unit)?"
        )
    first, second, _ = np.linalg.svd(np.cov(points.T), compute_uv=False)
    if second < NARROW**2 * first:
        raise InspectionError(
            f"{name}: all points lie along one line; valid: a scan of the part's surface"
        )
    places, faces = trimesh.sample.sample_surface(mesh, SAMPLES, seed=0)[:2]
    target = Cloud(o3d.utility.Vector3dVector(places))
    target.normals = o3d.utility.Vector3dVector(mesh.face_normals[faces])
    tree_step = VOXEL * size
    few = Cloud(o3d.utility.Vector3dVector(points[:: max(len(points) // 200_000, 1)]))
    few = few.voxel_down_sample(tree_step)
    best, nearest = np.eye(4), np.inf
    for start in _candidates(places, few, target, tree_step):
        if start is None:
            if nearest < NEAR * tree_step:
                break  # features cost seconds, and are for scans of a part of the surface
            continue
        pose = start
        for reach in (4 * tree_step, 2 * tree_step, tree_step):
            pose = _icp(few, target, reach, pose, 20).transformation
        apart = np.minimum(_distances(few, target, pose), tree_step)
        if apart.mean() < nearest:
            best, nearest = pose, float(apart.mean())
    source = Cloud(o3d.utility.Vector3dVector(points[:: max(len(points) // FINE, 1)]))
    limit = max(REACH * size, LEAST)
    for reach in (2 * limit, limit, limit / 4):
        best = _icp(source, target, reach, best, 30).transformation
    return _judge(_icp(source, target, limit, best, 0), source, target, size, limit, name)


def _judge(
    result: _reg.RegistrationResult,
    source: Cloud,
    target: Cloud,
    size: float,
    limit: float,
    name: str,
) -> Registration:
    """The registration, or a refusal."""
    pairs = np.asarray(result.correspondence_set)
    residual = np.inf
    if len(pairs):
        moved = np.asarray(source.points) @ result.transformation[:3, :3].T
        moved = moved[pairs[:, 0]] + result.transformation[:3, 3]
        gap = moved - np.asarray(target.points)[pairs[:, 1]]
        off = (gap * np.asarray(target.normals)[pairs[:, 1]]).sum(axis=1)
        residual = float(np.sqrt((off**2).mean()))
    most = max(RESIDUAL * size, LEAST)
    if result.fitness < FIT or residual > most:
        raise InspectionError(
            f"{name}: the scan does not fit the CAD: {100 * result.fitness:.0f} % of it within "
            f"{1e3 * limit:.3g} mm, residual {1e3 * residual:.3g} mm; valid: at least "
            f"{100 * FIT:.0f} %, at most {1e3 * most:.3g} mm. Is this another part?"
        )
    return Registration(Pose.from_matrix(result.transformation), float(result.fitness), residual)


def _candidates(places: F64, few: Cloud, target: Cloud, step: float) -> Iterator[F64 | None]:
    """Poses to begin with, shape (4, 4) each; None before those that are dear."""
    yield np.eye(4)
    scan = np.asarray(few.points)
    own, other = _axes(scan), _axes(places)
    for x, y in product((1.0, -1.0), repeat=2):
        turn = other @ np.diag([x, y, x * y]) @ own.T
        pose = np.eye(4)
        pose[:3, :3] = turn
        pose[:3, 3] = places.mean(axis=0) - turn @ scan.mean(axis=0)
        yield pose
    yield None
    coarse = target.voxel_down_sample(step)
    for cloud in (few, coarse):
        cloud.estimate_normals(o3d.geometry.KDTreeSearchParamHybrid(3 * step, 30))
    own_features, other_features = (
        _reg.compute_fpfh_feature(c, o3d.geometry.KDTreeSearchParamHybrid(5 * step, 100))  # type: ignore[call-arg]
        for c in (few, coarse)
    )
    o3d.utility.random.seed(0)
    for _ in range(TRIES):
        with o3d.utility.VerbosityContextManager(o3d.utility.VerbosityLevel.Error):
            result = _reg.registration_ransac_based_on_feature_matching(
                few,
                coarse,
                own_features,
                other_features,
                True,
                1.5 * step,
                _reg.TransformationEstimationPointToPoint(False),
                3,
                [
                    _reg.CorrespondenceCheckerBasedOnEdgeLength(0.9),
                    _reg.CorrespondenceCheckerBasedOnDistance(1.5 * step),
                ],
                _reg.RANSACConvergenceCriteria(60_000, 0.999),
            )
        yield np.asarray(result.transformation)


def _axes(points: F64) -> F64:
    """Principal axes as a rotation, shape (3, 3)."""
    _, axes = np.linalg.eigh(np.cov((points - points.mean(axis=0)).T))
    return np.asarray(axes * np.array([1.0, 1.0, np.linalg.det(axes)]))


def _icp(
    source: Cloud, target: Cloud, reach: float, start: F64, steps: int
) -> _reg.RegistrationResult:
    if steps == 0:
        return _reg.evaluate_registration(source, target, reach, start)
    return _reg.registration_icp(
        source,
        target,
        reach,
        start,
        _reg.TransformationEstimationPointToPlane(),
        _reg.ICPConvergenceCriteria(max_iteration=steps),
    )


def _distances(source: Cloud, target: Cloud, pose: F64) -> F64:
    """From each point of the moved source to the nearest of the target [m]."""
    moved = Cloud(source)
    moved.transform(pose)
    return np.asarray(moved.compute_point_cloud_distance(target))
