"""Profiler anomalies and spectral indications of one place become one anomaly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from twincell.inspection.anomaly import Anomaly
from twincell.inspection.classify import Evidence, Judgement, classify
from twincell.inspection.measure import severity
from twincell.inspection.spectral import SpectralIndication, extent
from twincell.world.work import Criteria

__all__ = ["Finding", "fuse"]

F64 = NDArray[np.float64]

NEAR = 0.0008
"""Indications whose points come this near to each other are of one flaw [m]."""
FAMILY_REACH = 0.006
"""Lines this near may be of one family of marks [m]."""
PARALLEL = 0.97
"""Least cosine between directions of a family, about 14 degrees."""


@dataclass(frozen=True)
class Finding:
    """One anomaly of both sensors.

    Attributes:
        anomaly: class, sizes, severity, confidence and the points it rests on.
        judgement: log-odds by kind and the reasons.
        profiler: ids of the profiler's anomalies in it.
        spectral: numbers of the spectral indications in it.
    """

    anomaly: Anomaly
    judgement: Judgement
    profiler: tuple[str, ...]
    spectral: tuple[int, ...]


def fuse(
    part: str,
    anomalies: Sequence[Anomaly],
    indications: Sequence[SpectralIndication],
    criteria: Criteria,
    now: float,
    scanned: F64 | None = None,
) -> tuple[Finding, ...]:
    """Join what is of one place; the longest first.

    Args:
        part: the blade's name.
        anomalies: of the profiler, part frame.
        indications: of the camera, part frame.
        criteria: of the world file.
        now: time of the result [s].
        scanned: points that the profiler measured, shape (n, 3) [m]: where it looked and reported
            nothing, the surface is sound. None: nothing is known of its coverage.
    """
    clouds = [a.points for a in anomalies] + [s.points for s in indications]
    if not clouds:
        return ()
    groups = _groups(clouds)
    looked = None if scanned is None or len(scanned) == 0 else cKDTree(scanned)
    rows = []
    for g in range(int(groups.max()) + 1):
        members = np.flatnonzero(groups == g).tolist()
        touch = [anomalies[i] for i in members if i < len(anomalies)]
        sight = [i - len(anomalies) for i in members if i >= len(anomalies)]
        points = np.concatenate([clouds[i] for i in members])
        rows.append((touch, sight, points, _direction(points)))
    findings = []
    for number, (touch, sight, points, direction) in enumerate(rows):
        middle = points.mean(axis=0)
        family = sum(
            abs(float(d @ direction)) > PARALLEL
            and float(np.linalg.norm(p.mean(axis=0) - middle)) < FAMILY_REACH
            for _, _, p, d in rows
        )
        seen = max((indications[i] for i in sight), key=lambda s: len(s.points), default=None)
        evidence = _evidence(touch, seen, points, family, looked)
        judgement = classify(evidence)
        size = max((a for a in touch), key=lambda a: a.length, default=None)
        depth = evidence.depth if np.isfinite(evidence.depth) else 0.0
        findings.append(
            Finding(
                Anomaly(
                    id=f"{part}/f{number + 1}",
                    part=part,
                    kind=judgement.kind,
                    severity=severity(judgement.kind, evidence.length, criteria),
                    confidence=judgement.confidence,
                    length=evidence.length,
                    opening=evidence.width if size is None else size.opening,
                    depth=depth,
                    center=middle,
                    direction=direction,
                    points=points,
                    light=max(
                        [a.light for a in touch] + [indications[i].stamp for i in sight],
                    ),
                    detected=now,
                ),
                judgement,
                tuple(a.id for a in touch),
                tuple(sight),
            )
        )
    return tuple(sorted(findings, key=lambda f: -f.anomaly.length))


def _evidence(
    touch: Sequence[Anomaly],
    seen: SpectralIndication | None,
    points: F64,
    family: int,
    looked: cKDTree | None,
) -> Evidence:
    """What both sensors say of one place."""
    depth = max((a.depth for a in touch), default=np.nan)
    if not touch and looked is not None:
        distance, _ = looked.query(points)
        depth = 0.0 if float(np.mean(distance < NEAR)) > 0.8 else np.nan
    length = max([extent(points), *(a.length for a in touch)])
    off = points - points.mean(axis=0)
    across = off - np.outer(off @ _direction(points), _direction(points))
    # 4 standard deviations: the full width of a disc is 4 times its deviation along an axis
    width = 4 * float(np.sqrt((across**2).sum(axis=1).mean()))
    return Evidence(
        None if seen is None else seen.contrast,
        None if seen is None else seen.spread,
        float(depth),
        bool(touch),
        length,
        width,
        np.inf if seen is None else seen.edge,
        family,
    )


def _groups(clouds: Sequence[F64]) -> NDArray[np.int32]:
    """Number of the connected group of each cloud."""
    trees = [cKDTree(c) for c in clouds]
    pairs = [
        (i, j)
        for i in range(len(clouds))
        for j in range(i)
        if trees[i].count_neighbors(trees[j], NEAR)
    ]
    row, column = np.array(pairs, int).reshape(-1, 2).T
    graph = coo_array((np.ones(len(row)), (row, column)), shape=(len(clouds),) * 2)
    return np.asarray(connected_components(graph, directed=False)[1])


def _direction(points: F64) -> F64:
    """Principal direction of points, a unit vector."""
    off = points - points.mean(axis=0)
    return np.asarray(np.linalg.svd(off, full_matrices=False)[2][0], float)
