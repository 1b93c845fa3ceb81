"""The trend of the deviation about each ray: what a flaw has to stand out from."""

from __future__ import annotations

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from twincell.inspection.expectation import Comparison

__all__ = ["CLIP", "HALF_WIDTH", "LEAST", "Surroundings", "background"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Mask = NDArray[np.bool_]

CLIP = 0.0001
"""Deviations from the line's mean count in that of a neighbourhood up to this [m]."""
HALF_WIDTH = 0.002
"""Of the neighbourhood along the line [m]."""
LEAST = 40
"""Points that a neighbourhood must hold."""


def background(comparison: Comparison, columns: int, lines: int) -> tuple[F32, Mask]:
    """Trend of the deviation about each ray, lines on both sides, for a whole pass.

    Args:
        comparison: of the pass, m lines of k rays.
        columns: half width of a neighbourhood along the line, in rays.
        lines: on each side.

    Returns:
        The trend, shape (m, k) [m], and where the neighbourhood held enough points.
    """
    trend = np.zeros(comparison.off.shape, np.float32)
    enough = np.zeros(comparison.off.shape, bool)
    used = np.flatnonzero((comparison.measured & comparison.clear).any(axis=0))
    if len(used):
        # beyond this no neighbourhood holds a point: the part fills but some of the line
        part = slice(max(used[0] - columns, 0), used[-1] + columns + 1)
        sums = _sums(comparison.columns(part), columns)
        size, border = (1, 2 * lines + 1), cv2.BORDER_CONSTANT
        for s in sums:
            s[:] = cv2.boxFilter(s, -1, size, normalize=False, borderType=border).reshape(s.shape)
        trend[:, part], enough[:, part] = _trend(sums, columns)
    return trend, enough


class Surroundings:
    """Trend of the deviation about rays as lines arrive: of this and earlier lines.

    Args:
        columns: half width along the line, in rays.
        lines: how many lines make up a neighbourhood.
    """

    def __init__(self, columns: int, lines: int) -> None:
        self._columns = columns
        self._lines = lines
        self.forget()

    def forget(self) -> None:
        """Start anew: the next line does not continue the last one."""
        self._kept: F64 | None = None
        self._next = 0

    def add(self, comparison: Comparison) -> tuple[F32, Mask]:
        """As `background`, for the lines of this batch."""
        sums = _sums(comparison, self._columns)
        if self._kept is None:
            rays = sums.shape[2]
            self._kept = np.zeros((self._lines, 5, rays))
            self._total = np.zeros((5, rays))
        self._next = _roll(sums, self._kept, self._next, self._total)
        return _trend(sums, self._columns)


def _sums(comparison: Comparison, columns: int) -> F64:
    """Moments n, x, xx, y, xy of deviations y over a stretch x of the line about each ray.

    Returns:
        Shape (5, m, k).
    """
    weight = comparison.measured & comparison.clear
    sums = np.empty((5, *weight.shape))
    _moments(weight, comparison.off, columns, sums)
    return sums


def _trend(sums: F64, columns: int) -> tuple[F32, Mask]:
    """The line at each ray, and where there were points enough for one."""
    trend = np.empty(sums.shape[1:], np.float32)
    _lines(sums, columns, trend)
    return trend, np.asarray(sums[0] >= LEAST)


@njit(cache=True, inline="always")
def _line(n, sx, sxx, sy, sxy, x):  # type: ignore[no-untyped-def]
    """The least-squares line through what moments stand for, at x."""
    n = max(n, 1.0)
    mean_x, mean_y = sx / n, sy / n
    spread = sxx / n - mean_x * mean_x
    # points that are close together tell a mean, but no slope
    slope = (sxy / n - mean_x * mean_y) / spread if spread > 0.01 else 0.0
    return mean_y + slope * (x - mean_x)


@njit(cache=True, nogil=True)
def _lines(sums: F64, columns: int, trend: F32) -> None:
    """Fill `trend`, shape (m, k), from moments, shape (5, m, k)."""
    _, m, k = sums.shape
    for i in range(m):
        for j in range(k):
            s = sums[:, i, j]
            trend[i, j] = _line(s[0], s[1], s[2], s[3], s[4], j / columns)


@njit(cache=True, nogil=True)
def _moments(weight: Mask, off: F32, columns: int, sums: F64) -> None:
    """Fill `sums`, shape (5, m, k), by running sums along each line."""
    m, k = weight.shape
    y = np.empty(k)
    for i in range(m):
        for j in range(k):
            y[j] = off[i, j]
        for clipped in (False, True):
            if clipped:
                # about the line's own trend, so that a part that stands a little off does no harm
                for j in range(k):
                    own = _line(
                        sums[0, i, j], sums[1, i, j], sums[2, i, j], sums[3, i, j],
                        sums[4, i, j], j / columns,
                    )  # fmt: skip
                    y[j] = own + min(max(y[j] - own, -CLIP), CLIP)
            n = sx = sxx = sy = sxy = 0.0
            for j in range(-columns, k):
                new, old = j + columns, j - columns - 1
                if new < k and weight[i, new]:
                    x = new / columns
                    n += 1.0
                    sx += x
                    sxx += x * x
                    sy += y[new]
                    sxy += x * y[new]
                if old >= 0 and weight[i, old]:
                    x = old / columns
                    n -= 1.0
                    sx -= x
                    sxx -= x * x
                    sy -= y[old]
                    sxy -= x * y[old]
                if j >= 0:
                    sums[0, i, j], sums[1, i, j], sums[2, i, j] = n, sx, sxx
                    sums[3, i, j], sums[4, i, j] = sy, sxy


@njit(cache=True, nogil=True)
def _roll(sums: F64, kept: F64, at: int, total: F64) -> int:
    """Replace the moments of lines by those of the newest lines up to each.

    Args:
        sums: of m lines, shape (5, m, k); changed in place.
        kept: of the lines before, a ring, shape (l, 5, k).
        at: place of the oldest of them.
        total: of all of `kept`, shape (5, k).

    Returns:
        Where the next line goes.
    """
    _, m, k = sums.shape
    for i in range(m):
        for c in range(5):
            for j in range(k):
                new = sums[c, i, j]
                total[c, j] += new - kept[at, c, j]
                kept[at, c, j] = new
                sums[c, i, j] = total[c, j]
        at = (at + 1) % len(kept)
    return at
