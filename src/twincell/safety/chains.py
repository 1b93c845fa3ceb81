"""Puts chains together for the ledger: what a detector saw and how its stop went."""

from __future__ import annotations

import math
from collections import OrderedDict

from twincell.errors import SafetyError
from twincell.safety.ledger import LatencyLedger, StageLatency
from twincell.safety.types import StopReport

__all__ = ["WALL", "ChainBook"]

WALL = ("requested_wall", "accepted_wall")
"""Moments that are known in wall time as well: a request leaves, a controller takes it."""
_KEPT = 1000
"""Anomalies that are remembered while the reports of their stops are out."""
_SAME = 1e-6
"""Stamps that are nearer belong to the same light [s]."""
_MOVED = 1e-4
"""A joint that travelled less stood already: its stop says nothing of latency [rad or m]."""


class ChainBook:
    """Collects what nodes say about stops.

    Attributes:
        simulated: chains in simulation time, from the light to standstill.
        wall: the part between request and acceptance in wall time.
    """

    def __init__(self) -> None:
        self.simulated = LatencyLedger()
        self.wall = LatencyLedger(WALL)
        self.remarks: list[str] = []
        self._seen: OrderedDict[float, tuple[float, float]] = OrderedDict()

    def saw(self, light: float, sensed: float, detected: float) -> None:
        """An anomaly's stamps: light hit the part, the sensor was done, the detector told [s].

        NaN where one is not known.
        """
        self._seen[light] = (sensed, detected)
        while len(self._seen) > _KEPT:
            self._seen.popitem(last=False)

    def stopped(self, report: StopReport, wall: tuple[int, int] = (0, 0)) -> None:
        """A mover came to rest; movers that stood already make no chain.

        Args:
            report: of the mover.
            wall: when the request left and was taken [ns since the epoch]; 0 where unknown.
        """
        if report.distance < _MOVED:
            return
        stamps = {
            "requested": report.requested,
            "accepted": report.accepted,
            "first_deceleration": report.first_deceleration,
            "standstill": report.standstill,
        }
        if math.isfinite(report.evidence):
            stamps["light"] = report.evidence
            near = [s for light, s in self._seen.items() if abs(light - report.evidence) < _SAME]
            if near:
                known = zip(("sensed", "detected"), near[-1], strict=True)
                stamps |= {stage: t for stage, t in known if math.isfinite(t)}
        try:
            self.simulated.add(report.request, report.cause, report.mover, stamps)
            if min(wall) > 0:
                ends = dict(zip(WALL, (1e-9 * t for t in wall), strict=True))
                self.wall.add(report.request, report.cause, report.mover, ends)
        except SafetyError as error:
            # a stage that ends before it begins: clocks differ by more than the stage took
            self.remarks.append(str(error))

    def table(self) -> tuple[StageLatency, ...]:
        """Every stage of all chains: simulated time first, then wall time."""
        return (*self.simulated.table(), *self.wall.table())

    def words(self) -> dict[str, str]:
        """The table for people: `50 / 99 / 99.9 %` of each stage in ms, by stage."""
        said = {}
        for row in self.table():
            cuts = [1e3 * c for c in row.percentiles.values() if math.isfinite(c)]
            said[row.stage] = " / ".join(f"{c:.3g}" for c in cuts) + f" ms ({row.count})"
        return said
