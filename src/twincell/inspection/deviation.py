"""How far a scan lies from the CAD, point by point: for pictures and reports."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from twincell.errors import InspectionError
from twincell.geometry.blade import BladeModel
from twincell.geometry.pose import Pose
from twincell.inspection.expectation import Expectation
from twincell.sensing.types import Profiles
from twincell.world.sensors import Profiler

__all__ = ["deviation", "deviation_map"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]


def deviation(
    model: BladeModel,
    profiler: Profiler,
    profiles: Profiles,
    sensor_in_part: Sequence[Pose],
    stride: int = 1,
) -> tuple[F64, F64]:
    """Signed deviation of measured points from the CAD along its normal.

    The distance along the ray times the cosine of incidence: first order in the deviation, which
    is exact for a plane.

    Args:
        model: the CAD.
        profiler: what scanned.
        profiles: m lines.
        sensor_in_part: pose of the optical frame in the part frame, one a line.
        stride: take every so-many-th point of a line.

    Returns:
        Points in the part frame, shape (n, 3) [m], and deviations, shape (n,) [m]: positive
        outside of the CAD, negative in a crack.

    Raises:
        InspectionError: as many poses as lines were not given, or no point meets the CAD.
    """
    if len(sensor_in_part) != len(profiles.points) or stride < 1:
        raise InspectionError(
            f"{len(profiles.points)} lines, {len(sensor_in_part)} poses, stride {stride}; valid: "
            "a pose a line, stride at least 1"
        )
    depth = np.asarray(profiles.points[:, :, 2], np.float32)
    return deviation_map(Expectation(model, profiler), depth, sensor_in_part, stride)[:2]


def deviation_map(
    expectation: Expectation, depth: F32, sensor_in_part: Sequence[Pose], stride: int
) -> tuple[F64, F64, NDArray[np.bool_]]:
    """The same from depths along the view, shape (m, k) [m], and an expectation made before.

    Returns:
        As `deviation`, and which points were seen from the suction side (+y), shape (n,).
    """
    comparison = expectation.compare(depth, sensor_in_part)
    line, column = np.nonzero(comparison.measured & np.isfinite(comparison.expected))
    chosen = column % stride == 0
    line, column = line[chosen], column[chosen]
    if len(line) == 0:
        raise InspectionError("no point of the scan meets the CAD; valid: a scan of this part")
    points = expectation.points(depth[line, column], line, column, sensor_in_part)
    off = -comparison.off[line, column] * comparison.cosine[line, column]
    above = np.array([s.p[1] for s in sensor_in_part])[line] > points[:, 1]
    return points, off.astype(float), above
