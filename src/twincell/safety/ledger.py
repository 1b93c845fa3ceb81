"""The latency ledger: what each stage between the light and standstill took."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from twincell.errors import SafetyError, did_you_mean

__all__ = ["STAGES", "Chain", "LatencyLedger", "StageLatency"]

STAGES = (
    "light",
    "sensed",
    "detected",
    "requested",
    "accepted",
    "first_deceleration",
    "standstill",
)
"""Moments of a reaction in order; a chain may lack some."""


@dataclass(frozen=True)
class Chain:
    """One reaction.

    Attributes:
        id: of the stop request.
        cause: of the stop.
        mover: that was stopped.
        stamps: moment by moment, those that are known [s].
    """

    id: str
    cause: str
    mover: str
    stamps: Mapping[str, float]


@dataclass(frozen=True)
class StageLatency:
    """How long one stage took over all chains.

    Attributes:
        stage: `<from> -> <to>`.
        count: chains that hold both moments.
        percentiles: by percent [s].
    """

    stage: str
    count: int
    percentiles: dict[float, float]


class LatencyLedger:
    """Keeps chains of stamps and gives percentiles stage by stage.

    Args:
        stages: names of the moments in order.
    """

    def __init__(self, stages: Sequence[str] = STAGES) -> None:
        self._stages = tuple(stages)
        self._chains: list[Chain] = []

    @property
    def chains(self) -> tuple[Chain, ...]:
        """All chains, oldest first."""
        return tuple(self._chains)

    def add(self, id: str, cause: str, mover: str, stamps: Mapping[str, float]) -> Chain:  # noqa: A002 - the field's name
        """Keep one chain.

        Raises:
            SafetyError: a moment is unknown, no time, or earlier than the one before it.
        """
        for name, stamp in stamps.items():
            if name not in self._stages:
                hint = did_you_mean(name, self._stages)
                raise SafetyError(f"chain '{id}': unknown moment '{name}'; {hint}")
            if not math.isfinite(stamp):
                raise SafetyError(f"chain '{id}': {name} is {stamp}; valid: a time in s")
        known = [s for s in self._stages if s in stamps]
        for before, after in pairwise(known):
            if stamps[after] < stamps[before]:
                raise SafetyError(
                    f"chain '{id}': {after} {stamps[after]:.6f} s is before "
                    f"{before} {stamps[before]:.6f} s"
                )
        chain = Chain(id, cause, mover, {s: stamps[s] for s in known})
        self._chains.append(chain)
        return chain

    def stage(
        self,
        before: str,
        after: str,
        cause: str | None = None,
        percents: Sequence[float] = (50.0, 99.0, 99.9),
    ) -> StageLatency:
        """Latency between two moments, over chains of one cause or of all.

        Percentiles are linear between order statistics (numpy's default).
        """
        values = [
            c.stamps[after] - c.stamps[before]
            for c in self._chains
            if before in c.stamps and after in c.stamps and cause in (None, c.cause)
        ]
        cuts = np.percentile(values, percents) if values else np.full(len(percents), np.nan)
        table = dict(zip(map(float, percents), map(float, cuts), strict=True))
        return StageLatency(f"{before} -> {after}", len(values), table)

    def table(self, cause: str | None = None) -> tuple[StageLatency, ...]:
        """Each stage in turn, then the whole from first to last moment that chains hold."""
        held = [s for s in self._stages if any(s in c.stamps for c in self._chains)]
        rows = [self.stage(a, b, cause) for a, b in pairwise(held)]
        if len(held) > 2:
            rows.append(self.stage(held[0], held[-1], cause))
        return tuple(row for row in rows if row.count)
