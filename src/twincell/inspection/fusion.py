"""Profiler anomalies and spectral indications of one place become one anomaly.

Several images show a line several times: those are joined first. A line that the profiler saw too
has the profiler's sizes, as its points are finer; the camera may lengthen it along its own run. A
line that only the camera saw is a crack where a crack could have hidden from the profiler (`Looks`
says where that is) and a mark or a stain where the profiler's lines crossed it and found nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from scipy.stats import poisson

from twincell.inspection.anomaly import Anomaly
from twincell.inspection.classify import SLENDER, Evidence, Judgement, classify
from twincell.inspection.measure import severity
from twincell.inspection.spectral import SpectralIndication, extent
from twincell.world.work import Criteria

__all__ = ["Finding", "Looks", "fuse"]

F64 = NDArray[np.float64]

SAME = 0.0003
"""Lines of several images whose points come this near are one line [m]."""
NEAR = 0.0006
"""A line of the camera this near to an anomaly of the profiler shows the same flaw [m]."""
FAMILY_REACH = 0.006
"""Lines this near may be of one family of marks [m]."""
PARALLEL = 0.97
"""Least cosine between directions of a family, about 14 degrees."""
ALIKE = 0.80
"""Least cosine between directions of one line in two images."""
WITHIN = 0.00015
"""Faint points this near to a camera's line are of it [m]."""
FEW = 3
"""Least number of them that confirm it."""
CHANCE = 1e-4
"""Probability below which chance (Poisson) is no longer taken to have put them there."""
SHORT = 0.0015
"""Below this a line's direction is not sure [m]."""


@dataclass(frozen=True)
class Looks:
    """Where the profiler looked.

    Attributes:
        points: that it measured, shape (n, 3), part frame [m].
        along: direction of its line at each view, shape (v, 3), part frame.
        spacing: from one line to the next [m].
        faint: points that lie a little deep, or are dark, where a camera's line decides,
            shape (k, 3) [m].
        density: of `faint` all over the part [1/m^2].
        dark: anomalies, by id, from which most of the light did not return: their depth is no
            measurement.
    """

    points: F64
    along: F64
    spacing: float
    faint: F64 = field(default_factory=lambda: np.empty((0, 3)))
    density: float = 0.0
    dark: frozenset[str] = frozenset()


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


@dataclass(frozen=True)
class _Line:
    """One line on the part, as the camera saw it in one or more images."""

    best: SpectralIndication
    numbers: tuple[int, ...]
    direction: F64
    length: float
    middle: F64


def fuse(
    part: str,
    anomalies: Sequence[Anomaly],
    indications: Sequence[SpectralIndication],
    criteria: Criteria,
    now: float,
    looks: Looks | None = None,
) -> tuple[Finding, ...]:
    """Join what is of one place; the longest first.

    Args:
        part: the blade's name.
        anomalies: of the profiler, part frame.
        indications: of the camera, part frame.
        criteria: of the world file.
        now: time of the result [s].
        looks: where the profiler looked; without it, its silence says nothing.
    """
    lines = _lines(indications)
    family = [_family(line, lines) for line in lines]
    trees = [cKDTree(line.best.points) for line in lines]
    surface = None if looks is None or len(looks.points) == 0 else cKDTree(looks.points)
    taken: set[int] = set()
    out = []
    for anomaly in anomalies:
        # families run over much of a part: one that crosses a flaw is not evidence of it
        near = [
            i
            for i, tree in enumerate(trees)
            if tree.query(anomaly.points, distance_upper_bound=NEAR)[0].min() < NEAR
            and _one(anomaly, lines[i])
        ]
        taken.update(near)
        own = max((lines[i] for i in near), key=lambda line: line.length, default=None)
        grooves = sum(_beside(anomaly, other) for other in anomalies)
        dark = looks is not None and anomaly.id in looks.dark
        out.append(_seen_by_both(anomaly, own, [lines[i] for i in near], grooves, criteria, dark))
    for i, line in enumerate(lines):
        if i not in taken:
            found = _seen_by_camera(part, line, family[i], looks, surface, criteria, now)
            out.append(found)
    return tuple(sorted(out, key=lambda f: -f.anomaly.length))


def _seen_by_both(
    anomaly: Anomaly,
    own: _Line | None,
    near: Sequence[_Line],
    grooves: int,
    criteria: Criteria,
    dark: bool,
) -> Finding:
    """An anomaly of the profiler, with what the camera says of it."""
    length = anomaly.length
    points = anomaly.points
    if own is not None and own.length > length:
        length = max(length, own.length)
        points = np.concatenate([points, own.best.points])
    judgement = classify(
        Evidence(
            contrast=None if own is None else own.best.contrast,
            spread=None if own is None else own.best.spread,
            depth=float("nan") if dark or anomaly.depth <= 0 else anomaly.depth,
            profiler=True,
            length=length,
            width=anomaly.opening,
            edge=np.inf if own is None else own.best.edge,
            parallel=grooves,
        )
    )
    fused = Anomaly(
        id=anomaly.id,
        part=anomaly.part,
        kind=judgement.kind,
        severity=severity(judgement.kind, length, criteria),
        confidence=judgement.confidence,
        length=length,
        opening=anomaly.opening,
        depth=anomaly.depth,
        center=anomaly.center,
        direction=anomaly.direction,
        points=points,
        light=max([anomaly.light, *(line.best.stamp for line in near)]),
        detected=anomaly.detected,
    )
    numbers = tuple(n for line in near for n in line.numbers)
    return Finding(fused, judgement, (anomaly.id,), numbers)


def _seen_by_camera(
    part: str,
    line: _Line,
    family: int,
    looks: Looks | None,
    surface: cKDTree | None,
    criteria: Criteria,
    now: float,
) -> Finding:
    """A line that only the camera saw."""
    best = line.best
    width = best.opening if best.opening > 0 else best.width
    crossed = 0.0
    confirmed = looks is not None and _confirmed(line, looks)
    if looks is not None and surface is not None:
        distance, _ = surface.query(best.points)
        if float(np.mean(distance < NEAR)) > 0.8:
            # lines of the profiler that meet an open gap of this length, width and direction
            cosine = np.clip(np.abs(looks.along @ line.direction), 0.0, 1.0)
            sine = np.sqrt(1 - cosine**2)
            crossed = float(((line.length * sine + width * cosine) / looks.spacing).max())
    judgement = classify(
        Evidence(
            contrast=best.contrast,
            spread=best.spread,
            depth=float("nan"),
            profiler=False,
            length=line.length,
            width=best.width,
            edge=best.edge,
            parallel=family,
            crossed=crossed,
            confirmed=confirmed,
        )
    )
    anomaly = Anomaly(
        id=f"{part}/c{min(line.numbers) + 1}",
        part=part,
        kind=judgement.kind,
        severity=severity(judgement.kind, line.length, criteria),
        confidence=judgement.confidence,
        length=line.length,
        opening=width,
        depth=0.0,
        center=line.middle,
        direction=line.direction,
        points=best.points,
        light=best.stamp,
        detected=now,
    )
    return Finding(anomaly, judgement, (), line.numbers)


def _confirmed(line: _Line, looks: Looks) -> bool:
    """Whether more of the profiler's faint points lie on a line than chance puts there."""
    # a wide place may hold a crack that is not its own
    if len(looks.faint) == 0 or line.length < SLENDER * line.best.width:
        return False
    low, high = line.best.points.min(axis=0) - WITHIN, line.best.points.max(axis=0) + WITHIN
    near = looks.faint[((looks.faint > low) & (looks.faint < high)).all(axis=1)]
    if len(near) < FEW:
        return False
    on = int((cKDTree(line.best.points).query(near)[0] < WITHIN).sum())
    area = (line.length + 2 * WITHIN) * (line.best.width + 2 * WITHIN)
    return on >= FEW and float(poisson.sf(on - 1, looks.density * area)) < CHANCE


def _lines(indications: Sequence[SpectralIndication]) -> list[_Line]:
    """Indications of several images, each line once; its largest view speaks for it."""
    if not indications:
        return []
    trees = [cKDTree(s.points) for s in indications]
    ways = [_direction(s.points) for s in indications]
    lengths = [extent(s.points) for s in indications]
    pairs = []
    for i, first in enumerate(indications):
        for j in range(i):
            short = min(lengths[i], lengths[j]) < SHORT
            alike = short or abs(float(ways[i] @ ways[j])) > ALIKE
            if (
                alike
                and first.stamp != indications[j].stamp
                and trees[i].count_neighbors(trees[j], SAME)
            ):
                pairs.append((i, j))
    row, column = np.array(pairs, int).reshape(-1, 2).T
    graph = coo_array((np.ones(len(row)), (row, column)), shape=(len(indications),) * 2)
    groups = connected_components(graph, directed=False)[1]
    out = []
    for g in range(int(groups.max()) + 1):
        members = np.flatnonzero(groups == g).tolist()
        best = max(members, key=lambda i: len(indications[i].points))
        out.append(
            _Line(
                indications[best],
                tuple(members),
                ways[best],
                # blur widens a line to about its own width at both ends
                max(lengths[best] - indications[best].width / 2, indications[best].width / 2),
                indications[best].points.mean(axis=0),
            )
        )
    return out


def _family(line: _Line, lines: Sequence[_Line]) -> int:
    """Parallel lines around one, itself counted."""
    return sum(
        abs(float(other.direction @ line.direction)) > PARALLEL
        and float(cKDTree(other.best.points).query(line.middle)[0]) < FAMILY_REACH
        for other in lines
    )


def _beside(anomaly: Anomaly, other: Anomaly) -> bool:
    """Whether two grooves are of one family; each is of its own."""
    return (
        abs(float(anomaly.direction @ other.direction)) > PARALLEL
        and float(np.linalg.norm(anomaly.center - other.center)) < FAMILY_REACH
    )


def _one(anomaly: Anomaly, line: _Line) -> bool:
    """Whether anomaly and line can be one: either is short, or they run alike."""
    if min(anomaly.length, line.length) < SHORT:
        # a short crack on a long line is a crack that a mark crosses
        return line.length < anomaly.length + SHORT
    return abs(float(anomaly.direction @ line.direction)) > ALIKE


def _direction(points: F64) -> F64:
    """Principal direction of points, a unit vector."""
    if len(points) < 2:
        return np.array([1.0, 0.0, 0.0])
    off = points - points.mean(axis=0)
    return np.asarray(np.linalg.svd(off, full_matrices=False)[2][0], float)
