"""Anomalies against the flaws that are really there: found, missed, false."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from twincell.cell.result import BladeResult, FlawTruth
from twincell.inspection.anomaly import Anomaly, Verdict
from twincell.world.work import Criteria

__all__ = ["NEAR", "Score", "blade_result", "expected", "score", "truth_of"]

NEAR = 0.002
"""An anomaly's centre may be this far from a short flaw's path and still mean it [m]."""


class CutFlaw(Protocol):
    """What is needed of a flaw of `twincell.geometry`."""

    @property
    def length(self) -> float: ...
    @property
    def opening(self) -> float: ...
    @property
    def depth(self) -> float: ...
    @property
    def side(self) -> str: ...
    @property
    def path(self) -> ArrayLike: ...


@dataclass(frozen=True)
class Score:
    """How reports and truth go together.

    Attributes:
        found: pairs (index of the flaw, indices of the anomalies that mean it).
        missed: indices of flaws that no anomaly means.
        false: indices of anomalies that mean no flaw.
    """

    found: tuple[tuple[int, tuple[int, ...]], ...]
    missed: tuple[int, ...]
    false: tuple[int, ...]


def truth_of(flaws: Iterable[CutFlaw]) -> tuple[FlawTruth, ...]:
    """Flaws of the geometry room as they are kept in results."""
    return tuple(
        FlawTruth(
            float(flaw.length),
            float(flaw.opening),
            float(flaw.depth),
            str(flaw.side),
            tuple(tuple(float(x) for x in point) for point in np.asarray(flaw.path)),
        )
        for flaw in flaws
    )


def score(anomalies: Sequence[Anomaly], flaws: Sequence[FlawTruth]) -> Score:
    """Match each anomaly to the nearest flaw whose path lies within max(length / 2, `NEAR`).

    One flaw may be reported in several pieces: none of them is false.
    """
    meant: dict[int, list[int]] = {}
    false = []
    for i, anomaly in enumerate(anomalies):
        distances = [
            (distance, j)
            for j, flaw in enumerate(flaws)
            if (distance := _distance(anomaly.center, flaw.path)) <= max(flaw.length / 2, NEAR)
        ]
        if distances:
            meant.setdefault(min(distances)[1], []).append(i)
        else:
            false.append(i)
    found = tuple((j, tuple(meant[j])) for j in sorted(meant))
    missed = tuple(j for j in range(len(flaws)) if j not in meant)
    return Score(found, missed, tuple(false))


def expected(flaws: Iterable[FlawTruth], criteria: Criteria) -> str:
    """The decision that the true flaws ask for."""
    longest = max((flaw.length for flaw in flaws), default=0.0)
    if longest >= criteria.reject:
        return "reject"
    return "rework" if longest >= criteria.report else "accept"


def blade_result(
    name: str, verdict: Verdict | None, flaws: Iterable[CutFlaw], criteria: Criteria
) -> BladeResult:
    """One line of the result; a blade without verdict was never judged."""
    truth = truth_of(flaws)
    anomalies = verdict.anomalies if verdict is not None else ()
    matched = score(anomalies, truth)
    return BladeResult(
        name=name,
        decision=verdict.decision if verdict is not None else "none",
        expected=expected(truth, criteria),
        coverage=verdict.coverage if verdict is not None else float("nan"),
        residual=verdict.residual if verdict is not None else float("nan"),
        anomalies=anomalies,
        truth=truth,
        found=len(matched.found),
        missed=len(matched.missed),
        false=len(matched.false),
    )


def _distance(point: ArrayLike, path: ArrayLike) -> float:
    """Least distance of a point to a polyline, shape (n, 3) [m]."""
    p, line = np.asarray(point, float), np.atleast_2d(np.asarray(path, float))
    if len(line) == 1:
        return float(np.linalg.norm(p - line[0]))
    start, run = line[:-1], np.diff(line, axis=0)
    squared = np.maximum((run**2).sum(axis=1), 1e-18)
    share = np.clip(((p - start) * run).sum(axis=1) / squared, 0.0, 1.0)
    return float(np.linalg.norm(start + share[:, None] * run - p, axis=1).min())
