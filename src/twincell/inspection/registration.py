"""Where a scanned part really is: ICP of the scan to the CAD, and a refusal where it is another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import open3d as o3d
import trimesh
from numpy.typing import NDArray

from twincell.errors import InspectionError
from twincell.geometry.pose import Pose

__all__ = ["Registration", "register"]

F64 = NDArray[np.float64]

SAMPLES = 60_000
"""Points on the CAD."""
REACH = 0.0015
"""Farthest a point of the scan may lie from the CAD before registration [m]."""
FIT = 0.90
"""Least share of the scan's points within `REACH` of the CAD."""
RESIDUAL = 0.00015
"""Largest residual of a scan that is of this part [m]."""


@dataclass(frozen=True)
class Registration:
    """The outcome.

    Attributes:
        pose: moves the scan onto the CAD.
        fitness: share of the points within reach of the CAD, 0 to 1.
        residual: root mean square distance to the CAD's planes [m].
    """

    pose: Pose
    fitness: float
    residual: float


def register(points: F64, mesh: trimesh.Trimesh, part: str) -> Registration:
    """Fine registration, point to plane (Chen and Medioni 1992), from the encoders' poses.

    Args:
        points: of the scan in the part frame, shape (n, 3) [m]; a few thousand suffice.
        mesh: the CAD.
        part: its name, for messages.

    Raises:
        InspectionError: too few points, points that are not finite, or a scan of another part.
    """
    if points.ndim != 2 or len(points) < 100 or not np.isfinite(points).all():
        raise InspectionError(
            f"part '{part}': {len(points)} points to register; valid: at least 100, all finite"
        )
    low, high = points.min(axis=0) - REACH, points.max(axis=0) + REACH
    places, faces = trimesh.sample.sample_surface(mesh, SAMPLES, seed=0)[:2]
    near = ((places > low) & (places < high)).all(axis=1)
    if near.sum() < 100:
        raise InspectionError(f"part '{part}': the scan lies nowhere near the CAD")
    target = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(places[near]))
    target.normals = o3d.utility.Vector3dVector(mesh.face_normals[faces[near]])
    source = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(points))
    result = o3d.pipelines.registration.registration_icp(
        source,
        target,
        REACH,
        np.eye(4),
        o3d.pipelines.registration.TransformationEstimationPointToPlane(),
        o3d.pipelines.registration.ICPConvergenceCriteria(max_iteration=15),
    )
    pairs = np.asarray(result.correspondence_set)
    # Open3D adds up in parallel: beyond a nanometre its digits differ from run to run
    fit = np.round(result.transformation, 9)
    moved = points @ fit[:3, :3].T + fit[:3, 3]
    apart = np.full(1, np.inf)
    if len(pairs):
        normals = np.asarray(target.normals)[pairs[:, 1]]
        apart = ((moved[pairs[:, 0]] - places[near][pairs[:, 1]]) * normals).sum(axis=1)
    residual = float(np.sqrt((apart**2).mean()))
    if result.fitness < FIT or residual > RESIDUAL:
        raise InspectionError(
            f"part '{part}': the scan does not fit the CAD: {100 * result.fitness:.0f} % of it "
            f"within {1e3 * REACH:g} mm, residual {1e3 * residual:.3f} mm; valid: at least "
            f"{100 * FIT:.0f} %, at most {1e3 * RESIDUAL:g} mm. Is this another part?"
        )
    return Registration(Pose.from_matrix(fit), float(result.fitness), residual)
