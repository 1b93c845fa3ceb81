"""Measured lines against the CAD, compiled by numba."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["compare_lines"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Mask = NDArray[np.bool_]


@njit(cache=True, nogil=True)
def compare_lines(
    z: F32,
    cosine: F32,
    depth: F32,
    upward: F64,
    base: F64,
    fan: F32,
    reach: tuple[float, float],
    heights: tuple[float, float],
    least: float,
    step: float,
    margin: int,
    share: float,
) -> tuple[Mask, Mask, F32, Mask]:
    """Where the CAD promises a good view of the airfoil, and how far off m lines of k rays are.

    Args:
        z: depth of the CAD along the optical z, inf where it is not met, shape (m, k) [m].
        cosine: of the CAD's incidence, shape (m, k).
        depth: measured z, NaN where dark, shape (m, k) [m].
        upward: the part's z axis in the optical frame at each line, shape (m, 3).
        base: height of the sensor in the part frame at each line, shape (m,) [m].
        fan: directions with z = 1, shape (k, 3).
        reach: depths between which the profiler measures [m].
        heights: between which the airfoil is, in the part frame [m].
        least: cosine of incidence above which light returns for sure.
        step: jump of z between neighbouring rays from which on it is an outline [m].
        margin: rays on both sides of what is not clear, and at the ends, that are not clear either.
        share: of the clear rays that must be measured; else the sensor did not see the line.

    Returns:
        Clear rays and measured ones, shape (m, k) each; measured less expected depth, 0 where
        either is missing, shape (m, k) [m]; and which lines were seen, shape (m,).
    """
    m, k = z.shape
    clear, measured = np.zeros((m, k), np.bool_), np.zeros((m, k), np.bool_)
    off, seen = np.zeros((m, k), np.float32), np.zeros(m, np.bool_)
    for i in range(m):
        run = promised = returned = 0
        smooth = True
        for j in range(k):
            height = base[i] + z[i, j] * (
                upward[i, 0] * fan[j, 0] + upward[i, 1] * fan[j, 1] + upward[i, 2] * fan[j, 2]
            )
            good = smooth and reach[0] < z[i, j] < reach[1] and cosine[i, j] > least
            good = good and heights[0] < height < heights[1]
            if j + 1 < k:
                smooth = abs(z[i, j + 1] - z[i, j]) < step
                good = good and smooth
            run = run + 1 if good else 0
            if run > 2 * margin:
                clear[i, j - margin] = True
            measured[i, j] = np.isfinite(depth[i, j])
            if measured[i, j] and np.isfinite(z[i, j]):
                off[i, j] = depth[i, j] - z[i, j]
        for j in range(k):
            promised += clear[i, j]
            returned += clear[i, j] and measured[i, j]
        seen[i] = returned > share * promised
        if not seen[i]:
            clear[i] = False
    return clear, measured, off, seen
