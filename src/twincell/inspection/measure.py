"""Size, direction and kind of one cluster of indications."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twincell.inspection.anomaly import Anomaly, Kind, Severity
from twincell.inspection.indications import Indications
from twincell.world.work import Criteria

__all__ = ["Size", "anomaly", "measure", "severity"]

F64 = NDArray[np.float64]

BIN = 0.0005
"""Step along a crack's run over which its path is averaged [m]."""
ELONGATION = 2.5
"""Least ratio of length to opening of a crack."""
WIDEST = 0.001
"""Widest opening of a crack [m]."""
FEWEST = 4
"""Least number of rays."""


@dataclass(frozen=True)
class Size:
    """What a cluster measures.

    Attributes:
        length: of its path [m].
        opening: its area over its length [m].
        depth: the deepest point that returned light; where most rays stayed dark at least
            opening / 2 * tan(incidence limit), as walls less steep would have returned light [m].
        center: shape (3,) [m].
        direction: unit vector along the run, shape (3,).
        confidence: 0 to 1: how evenly and how densely the run is covered.
        dark: whether most rays stayed dark, so that nobody measured the depth.
    """

    length: float
    opening: float
    depth: float
    center: F64
    direction: F64
    confidence: float
    dark: bool = False

    @property
    def kind(self) -> Kind:
        """`crack` where it is long and narrow, else `dent`."""
        narrow = self.opening <= WIDEST and self.length >= ELONGATION * self.opening
        return "crack" if narrow else "dent"


def measure(cluster: Indications, incidence: float) -> Size:
    """Measure a cluster.

    Args:
        cluster: at least one indication.
        incidence: the profiler's incidence limit [rad].
    """
    points = cluster.points
    center = points.mean(axis=0)
    _, vectors = np.linalg.eigh(np.cov((points - center).T) if len(points) > 1 else np.eye(3))
    direction = vectors[:, -1] * np.sign(vectors[np.abs(vectors[:, -1]).argmax(), -1])
    along = (points - center) @ direction
    low, high = float(along.min()), float(along.max())
    count = max(int((high - low) / BIN), 1)
    which = np.minimum(((along - low) / max(high - low, 1e-12) * count).astype(int), count - 1)
    number = np.bincount(which, minlength=count)
    full = np.flatnonzero(number)
    path = np.stack(
        [np.bincount(which, points[:, i], count)[full] / number[full] for i in range(3)], axis=1
    )
    # the path through the bins' means, and straight on to both ends
    length = float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())
    length += max(float((path[0] - center) @ direction) - low, 0.0)
    length += max(high - float((path[-1] - center) @ direction), 0.0)
    opening = float(cluster.area.sum() / max(length, 1e-6))
    lit = np.isfinite(cluster.depth)
    depth = float(cluster.depth[lit].max()) if lit.any() else 0.0
    dark = bool(lit.mean() < 0.5)
    if dark:
        depth = max(depth, opening / 2 * float(np.tan(min(incidence, 1.5))))
    covered = len(full) / count
    confidence = float(covered * (1.0 - np.exp(-len(points) / 20.0)))
    return Size(length, opening, depth, center, direction, confidence, dark)


def severity(kind: Kind, length: float, criteria: Criteria) -> Severity:
    """Minor below `reject`, major below `critical`; only cracks are more than minor."""
    if kind != "crack" or length < criteria.reject:
        return "minor"
    return "major" if length < criteria.critical else "critical"


def anomaly(
    number: int, part: str, cluster: Indications, size: Size, criteria: Criteria, now: float
) -> Anomaly:
    """A cluster as it is reported."""
    return Anomaly(
        id=f"{part}/{number}",
        part=part,
        kind=size.kind,
        severity=severity(size.kind, size.length, criteria),
        confidence=size.confidence,
        length=size.length,
        opening=size.opening,
        depth=size.depth,
        center=size.center,
        direction=size.direction,
        points=cluster.points,
        light=float(cluster.light.max()),
        detected=now,
    )
