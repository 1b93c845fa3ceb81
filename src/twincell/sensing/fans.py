"""Rays of a profiler's lines, compiled by numba."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["compose", "enter"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

_SLACK = 1e-5
"""Widening of boxes [m], above the rounding of single precision."""


@njit(cache=True)
def enter(
    fan: F32,
    far: float,
    turns: F64,
    origins: F64,
    there: NDArray[np.bool_],
    lows: F64,
    highs: F64,
    best: F32,
    chosen: I64,
    local: F32,
) -> int:
    """Find the rays that enter one of a body's boxes before `best`, and move them into its frame.

    Args:
        fan: directions with z = 1 in the sensor frame, shape (k, 3).
        far: depth beyond which nothing is looked for [m].
        turns: sensor to body at each line, shape (m, 3, 3).
        origins: of the sensor in the body's frame, shape (m, 3) [m].
        there: whether the body is there at each line, shape (m,).
        lows: least corners of the boxes in the body's frame, shape (b, 3) [m].
        highs: greatest corners.
        best: depth of the nearest hit so far, shape (m, k) [m].
        chosen: receives the rays' numbers in flat order, shape (m * k,).
        local: receives the rays in the body's frame, shape (m * k, 6).

    Returns:
        How many were chosen.
    """
    count, rays = 0, len(fan)
    near = np.empty(len(lows), np.int64)
    corners = np.empty((3, 3))
    for line in range(len(turns)):
        if not there[line]:
            continue
        turn, origin = turns[line], origins[line]
        corners[0] = origin
        for j in range(2):
            edge = fan[0] if j == 0 else fan[rays - 1]
            for a in range(3):
                corners[1 + j, a] = origin[a] + far * (
                    turn[a, 0] * edge[0] + turn[a, 1] * edge[1] + turn[a, 2] * edge[2]
                )
        boxes = 0  # those that the box about the fan overlaps
        for b in range(len(lows)):
            apart = False
            for a in range(3):
                least = min(corners[0, a], corners[1, a], corners[2, a])
                most = max(corners[0, a], corners[1, a], corners[2, a])
                apart |= least > highs[b, a] + _SLACK or most < lows[b, a] - _SLACK
            if not apart:
                near[boxes] = b
                boxes += 1
        if boxes == 0:
            continue
        for j in range(rays):
            row = local[count]
            for a in range(3):
                row[a] = origin[a]
                row[3 + a] = (
                    turn[a, 0] * fan[j, 0] + turn[a, 1] * fan[j, 1] + turn[a, 2] * fan[j, 2]
                )
            for i in range(boxes):
                b = near[i]
                start, end = 0.0, min(far, best[line, j])
                for a in range(3):
                    low = lows[b, a] - _SLACK - origin[a]
                    high = highs[b, a] + _SLACK - origin[a]
                    d = row[3 + a]
                    if abs(d) < 1e-9:
                        if low > 0 or high < 0:
                            end = -1.0
                    else:
                        first, second = low / d, high / d
                        start = max(start, min(first, second))
                        end = min(end, max(first, second))
                if start <= end:
                    chosen[count] = line * rays + j
                    count += 1
                    break
    return count


@njit(cache=True)
def compose(
    z: F32, lit: NDArray[np.bool_], light: F32, fan: F32, noise: F32, sigma: float
) -> tuple[F32, F32]:
    """Points and intensities of lines.

    Args:
        z: depths, shape (m, k) [m].
        lit: which points are seen.
        light: as a share of what saturates the camera, shape (m, k).
        fan: directions with z = 1, shape (k, 3).
        noise: standard normal deviates, shape (m, k) or (0, 0) for none.
        sigma: of the depth [m].

    Returns:
        Shapes (m, k, 3) [m] and (m, k), 0 to 255; NaN and 0 where nothing is seen.
    """
    lines, rays = z.shape
    points = np.empty((lines, rays, 3), np.float32)
    intensity = np.empty((lines, rays), np.float32)
    noisy = noise.size > 0
    for i in range(lines):
        for j in range(rays):
            if lit[i, j]:
                depth = z[i, j]
                if noisy:
                    depth += np.float32(sigma) * noise[i, j]
                points[i, j, 0] = depth * fan[j, 0]
                points[i, j, 1] = 0
                points[i, j, 2] = depth
                intensity[i, j] = np.float32(255) * min(light[i, j], np.float32(1))
            else:
                points[i, j, :] = np.nan
                intensity[i, j] = 0
    return points, intensity
