"""Which rays of compared lines point at a flaw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from twincell.geometry.pose import Pose
from twincell.inspection.expectation import Comparison, Expectation

__all__ = [
    "GAP",
    "Collector",
    "Indications",
    "gaps",
    "line_spacing",
    "threshold",
]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Mask = NDArray[np.bool_]

GAP = 0.001
"""Widest dark gap that can be a crack's opening [m]."""


@dataclass(frozen=True)
class Indications:
    """Rays that point at a flaw.

    Attributes:
        points: where they meet the nominal surface, part frame, shape (n, 3) [m].
        depth: below the neighbourhood along the normal, NaN where dark, shape (n,) [m].
        area: of surface that each ray stands for, shape (n,) [m^2].
        light: time at which light hit, shape (n,) [s].
    """

    points: F64
    depth: F64
    area: F64
    light: F64

    @classmethod
    def join(cls, parts: list[Indications]) -> Indications:
        """Several as one."""
        if not parts:
            return cls(np.empty((0, 3)), np.empty(0), np.empty(0), np.empty(0))
        return cls(
            *(
                np.concatenate([getattr(p, f) for p in parts])
                for f in ("points", "depth", "area", "light")
            )
        )

    def __getitem__(self, chosen: NDArray[np.int64] | Mask) -> Indications:
        return Indications(
            self.points[chosen], self.depth[chosen], self.area[chosen], self.light[chosen]
        )


class Collector:
    """Makes indications of marked rays.

    Args:
        expectation: of the CAD.
        comparison: of the lines.
        mean: deviation of each ray's neighbourhood, shape (m, k) [m].
        sensors: pose of the optical frame in the part frame, one a line.
        stamps: time of each line, shape (m,) [s].
        spacing: distance of each line from the one before, shape (m,) [m].
    """

    def __init__(
        self,
        expectation: Expectation,
        comparison: Comparison,
        mean: F32,
        sensors: Sequence[Pose],
        stamps: F64,
        spacing: F64,
    ) -> None:
        self._expectation = expectation
        self._comparison = comparison
        self._mean = mean
        self._sensors = sensors
        self._stamps = stamps
        self._spacing = spacing

    def __call__(self, marked: Mask) -> Indications:
        """Indications of the rays that are marked, shape (m, k), line by line."""
        line, column = np.nonzero(marked)
        if len(line) == 0:
            return Indications.join([])
        c = self._comparison
        z, cosine = c.expected[line, column], c.cosine[line, column]
        depth = np.where(
            c.measured[line, column],
            (c.off[line, column] - self._mean[line, column]) * cosine,
            np.float32(np.nan),
        )
        area = z * self._expectation.pitch * self._spacing[line] / cosine
        points = self._expectation.points(z, line, column, self._sensors)
        return Indications(points, depth.astype(float), area, self._stamps[line])


def gaps(lit: Mask, widest: int) -> Mask:
    """Rays in a dark gap of at most `widest` rays along the line, with light on both sides."""
    # a morphological closing; anchors at opposite ends, so that even kernels do not shift it
    kernel = np.ones((1, widest + 1), np.uint8)
    padded = cv2.copyMakeBorder(
        lit.astype(np.uint8), 0, 0, widest, widest, cv2.BORDER_CONSTANT, value=0
    )
    closed = cv2.erode(cv2.dilate(padded, kernel, anchor=(0, 0)), kernel, anchor=(widest, 0))
    return np.asarray(~lit & closed.astype(bool)[:, widest : widest + lit.shape[1]])


def threshold(noise: float) -> float:
    """Deviation from the neighbourhood that is no noise [m]: 4.5 sigma, at least 15 micrometres.

    One ray in 300,000 is as far off by chance; that `FEWEST` of them are, within one cluster, is
    not to be expected in any number of scans.
    """
    return max(4.5 * noise, 15e-6)


def line_spacing(positions: F64, before: F64 | None, usual: float) -> F64:
    """Distance of each line from the one before it, shape (m,) [m].

    Args:
        positions: of the sensor in the part frame, shape (m, 3).
        before: position at the line before the first, if there was one.
        usual: for a first line.
    """
    ahead = positions[:1] if before is None else before[None]
    gaps = np.linalg.norm(np.diff(np.concatenate([ahead, positions]), axis=0), axis=1)
    if before is None:
        gaps[0] = gaps[1] if len(gaps) > 1 else usual
    return np.asarray(gaps)
