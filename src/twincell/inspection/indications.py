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
    "Surroundings",
    "background",
    "gaps",
    "line_spacing",
    "threshold",
]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Mask = NDArray[np.bool_]

CLIP = 0.0001
"""Deviations from the line's mean count in that of a neighbourhood up to this [m]."""
HALF_WIDTH = 0.002
"""Of the neighbourhood along the line [m]."""
GAP = 0.001
"""Widest dark gap that can be a crack's opening [m]."""
LEAST = 40
"""Points that a neighbourhood must hold."""


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


def _sums(comparison: Comparison, columns: int) -> F64:
    """Moments n, x, xx, y, xy of deviations y over a stretch x of the line about each ray.

    Returns:
        Shape (5, m, k).
    """
    weight = (comparison.measured & comparison.clear).astype(float)
    size = (2 * columns + 1, 1)
    x = np.arange(weight.shape[1]) / columns
    off = comparison.off.astype(float)
    first = [_box(v, size) for v in (weight, weight * x, weight * x * x)]
    wy = weight * off
    own = _line(np.stack([*first, _box(wy, size), _box(wy * x, size)]), x)
    # clipped about the line's own trend, so that a part that stands a little off does no harm
    wy = weight * (own + np.clip(off - own, -CLIP, CLIP))
    return np.stack([*first, _box(wy, size), _box(wy * x, size)])


def _line(sums: F64, x: F64) -> F64:
    """The least-squares line through what the moments stand for, at x: shape (m, k)."""
    n, sx, sxx, sy, sxy = sums
    n = np.maximum(n, 1.0)
    mean_x, mean_y = sx / n, sy / n
    spread = sxx / n - mean_x**2
    # points that are close together tell a mean, but no slope
    slope = np.where(spread > 0.01, sxy / n - mean_x * mean_y, 0.0) / np.maximum(spread, 0.01)
    return np.asarray(mean_y + slope * (x - mean_x))


def _trend(sums: F64, columns: int) -> tuple[F32, Mask]:
    """The line at each ray, and where there were points enough for one."""
    line = _line(sums, np.arange(sums.shape[2]) / columns)
    return line.astype(np.float32), np.asarray(sums[0] >= LEAST)


def _box(values: F64, size: tuple[int, int], anchor: tuple[int, int] = (-1, -1)) -> F64:
    """Sum over a box of (columns, lines) about each ray; nothing beyond the border."""
    summed = cv2.boxFilter(
        values, -1, size, anchor=anchor, normalize=False, borderType=cv2.BORDER_CONSTANT
    )
    return np.asarray(summed, float).reshape(values.shape)


def background(comparison: Comparison, columns: int, lines: int) -> tuple[F32, Mask]:
    """Trend of the deviation about each ray, lines on both sides, for a whole pass.

    Returns:
        The trend, shape (m, k) [m], and where the neighbourhood held enough points.
    """
    trend = np.zeros(comparison.off.shape, np.float32)
    enough = np.zeros(comparison.off.shape, bool)
    used = np.flatnonzero((comparison.measured & comparison.clear).any(axis=0))
    if len(used):
        # beyond this no neighbourhood holds a point: the part fills but some of the line
        part = slice(max(used[0] - columns, 0), used[-1] + columns + 1)
        sums = [_box(s, (1, 2 * lines + 1)) for s in _sums(comparison.columns(part), columns)]
        trend[:, part], enough[:, part] = _trend(np.stack(sums), columns)
    return trend, enough


class Surroundings:
    """Trend of the deviation about rays as lines arrive: of this and earlier lines.

    Args:
        columns: half width along the line, in rays.
        lines: how many lines back.
    """

    def __init__(self, columns: int, lines: int) -> None:
        self._columns = columns
        self._lines = lines
        self._sums: F64 | None = None

    def forget(self) -> None:
        """Start anew: the next line does not continue the last one."""
        self._sums = None

    def add(self, comparison: Comparison) -> tuple[F32, Mask]:
        """As `background`, for the lines of this batch."""
        new = _sums(comparison, self._columns)
        m = new.shape[1]
        if self._sums is None:
            self._sums = np.zeros((5, self._lines, new.shape[2]))
        sums = np.concatenate([self._sums, new], axis=1)
        self._sums = sums[:, -self._lines :]
        size, anchor = (1, self._lines), (0, self._lines - 1)
        return _trend(np.stack([_box(s, size, anchor)[-m:] for s in sums]), self._columns)
