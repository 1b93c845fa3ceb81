"""Cracks found while lines arrive: for the reaction, not for the verdict."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from twincell.geometry.pose import Pose
from twincell.inspection.anomaly import Anomaly
from twincell.inspection.clusters import Clusters
from twincell.inspection.expectation import Comparison, Expectation
from twincell.inspection.indications import (
    GAP,
    Collector,
    Indications,
    gaps,
    line_spacing,
    threshold,
)
from twincell.inspection.measure import FEWEST, anomaly, measure, severity
from twincell.inspection.neighbourhood import HALF_WIDTH, Surroundings
from twincell.world.sensors import Profiler
from twincell.world.work import Criteria

__all__ = ["CELL", "Stream"]

F64 = NDArray[np.float64]
Mask = NDArray[np.bool_]

CELL = 0.0003
"""Grid of the clusters [m]."""
BACK = 20
"""Lines that make up the neighbourhood."""
JUMP = 0.001
"""A move between two lines that starts a new pass [m]."""
NEVER = -(10**9)
_RANK = {"minor": 1, "major": 2, "critical": 3}


class Stream:
    """The streaming half of the detector, for one part.

    Args:
        part: its name.
        expectation: of the CAD.
        spec: the profiler.
        criteria: of acceptance.
        usual: spacing of lines where it cannot be told yet [m].
    """

    def __init__(
        self,
        part: str,
        expectation: Expectation,
        spec: Profiler,
        criteria: Criteria,
        usual: float,
    ) -> None:
        self._part = part
        self._expectation = expectation
        self._spec = spec
        self._criteria = criteria
        self._usual = usual
        self._threshold = threshold(spec.noise)
        self._columns = int(HALF_WIDTH / (expectation.pitch * spec.standoff))
        self._widest = int(GAP / (expectation.pitch * spec.standoff))
        self._surroundings = Surroundings(self._columns, BACK)
        self._clusters = Clusters(CELL)
        self._told: dict[int, int] = {}
        self._numbers: dict[int, int] = {}
        self._before: F64 | None = None
        self._line = 0
        self._lit = np.full(spec.points, NEVER)
        self._waiting = Indications.join([])
        self._waits = np.empty((0, 2), np.int64)  # column, line lit last before

    def push(
        self, comparison: Comparison, sensors: Sequence[Pose], stamps: F64, now: float
    ) -> tuple[Anomaly, ...]:
        """Take lines in; give what became certain or graver."""
        positions = np.array([s.p for s in sensors])
        spacing = line_spacing(positions, self._before, self._usual)
        self._before = positions[-1]
        if (spacing > JUMP).any():
            self._surroundings.forget()
            self._lit[:] = NEVER
            self._waiting, self._waits = Indications.join([]), self._waits[:0]
            spacing = np.where(spacing > JUMP, self._usual, spacing)
        mean, enough = self._surroundings.add(comparison)
        clear = comparison.clear & enough
        deep = clear & comparison.measured & (comparison.off - mean > self._threshold)
        dark = clear & ~comparison.measured
        short = dark & gaps(comparison.measured, self._widest) if dark.any() else dark
        collect = Collector(self._expectation, comparison, mean, sensors, stamps, spacing)
        found = [collect(deep | short), *self._closed(dark & ~short, comparison, collect, spacing)]
        new = Indications.join([i for i in found if len(i.points)])
        if len(new.points) == 0:
            return ()
        return tuple(self._report(self._clusters.add(new), now))

    def _closed(
        self, dark: Mask, comparison: Comparison, collect: Collector, spacing: F64
    ) -> list[Indications]:
        """Long dark gaps are a crack along the line once light returns in the next lines."""
        m, _ = dark.shape
        numbers = self._line + np.arange(m)[:, None]
        lit = comparison.measured & comparison.seen[:, None]
        last = np.where(lit, numbers, NEVER)
        if not len(self._waits) and not dark.any():  # as of most lines
            self._line += m
            self._lit = np.maximum(last.max(axis=0), self._lit)
            return []
        last = np.maximum(np.maximum.accumulate(last, axis=0), self._lit)
        following = np.where(lit, numbers, -NEVER)[::-1]
        following = np.minimum.accumulate(following, axis=0)[::-1]
        self._line += m
        self._lit = last[-1]
        widest = max(int(GAP / max(float(np.median(spacing)), 1e-6)), 1)
        line, column = np.nonzero(dark)
        waiting = [self._waiting, collect(dark)] if len(line) else [self._waiting]
        waits = np.concatenate([self._waits, np.stack([column, last[line, column]], axis=1)])
        nexts = np.concatenate([following[0, self._waits[:, 0]], following[line, column]])
        joined = Indications.join(waiting)
        closed = nexts - waits[:, 1] - 1 <= widest
        still = ~closed & (nexts == -NEVER) & (self._line - waits[:, 1] - 1 <= widest)
        self._waiting, self._waits = joined[still], waits[still]
        return [joined[closed]]

    def _report(self, grown: set[int], now: float) -> list[Anomaly]:
        """Clusters that are cracks now, or are graver than when they were told last."""
        out = []
        for root in sorted(grown):
            cluster = self._clusters.members(root)
            if len(cluster.points) < FEWEST:
                continue
            size = measure(cluster, self._spec.incidence)
            if size.kind != "crack" or size.length < self._criteria.report:
                continue
            rank = _RANK[severity(size.kind, size.length, self._criteria)]
            # clusters may have been told apart and have met since
            told = [n for n in self._told if self._clusters.root(n) == root]
            if rank <= max((self._told[n] for n in told), default=0):
                continue
            self._told[root] = rank
            first = min([*told, root])
            number = self._numbers.setdefault(first, len(self._numbers) + 1)
            out.append(anomaly(number, self._part, cluster, size, self._criteria, now))
        return out
