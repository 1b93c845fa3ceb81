"""Rays of a turn against bodies that move, compiled by numba.

A turn's rays stand in a grid of columns (azimuths) and rings (elevations). The ball about a body
fills a window of that grid, so only rays in the window are looked at; of these, only rays that
enter the body's box before what they have met so far are moved into its frame and cast.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["Grid", "collect_all", "split", "take", "turned"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]

_SLACK = 1e-4
"""Widening of balls and boxes [m] and of windows [rad], above the rounding of single precision."""


class Grid(NamedTuple):
    """Azimuths and elevations of a turn's rays, evenly spaced [rad]."""

    azimuth: float
    column_step: float
    elevation: float
    ring_step: float


@njit(cache=True)
def turned(rays: F32, columns: I64, bounds: I64, rotations: F64, positions: F64) -> F32:
    """Rays in the world.

    Args:
        rays: directions in the sensor frame, shape (k, s, 3).
        columns: first ray of each column, shape (columns + 1,).
        bounds: first column of each part of the turn, shape (parts + 1,).
        rotations: sensor to world in each part, shape (parts, 3, 3).
        positions: of the sensor in each part, shape (parts, 3) [m].

    Returns:
        Origin and direction, shape (k * s, 6).
    """
    count, parts = rays.shape[0], rays.shape[1]
    out = np.empty((count * parts, 6), np.float32)
    for p in range(len(bounds) - 1):
        turn = rotations[p]
        for i in range(columns[bounds[p]], columns[bounds[p + 1]]):
            for j in range(parts):
                x, y, z = rays[i, j, 0], rays[i, j, 1], rays[i, j, 2]
                row = i * parts + j
                for a in range(3):
                    out[row, a] = positions[p, a]
                    out[row, 3 + a] = turn[a, 0] * x + turn[a, 1] * y + turn[a, 2] * z
    return out


@njit(cache=True)
def collect_all(
    rays: F32,
    rings: I32,
    columns: I64,
    bounds: I64,
    grid: Grid,
    turns: F64,
    origins: F64,
    present: NDArray[np.bool_],
    lows: F64,
    highs: F64,
    best: F32,
) -> tuple[I64, I64, F32]:
    """Find for each body the rays that can meet it before `best`, moved into its frame.

    Args:
        rays: directions in the sensor frame, column by column, shape (k, s, 3).
        rings: ring of each, shape (k,).
        columns: first ray of each column, shape (columns + 1,).
        bounds: first column of each part of the turn, shape (parts + 1,).
        grid: of the turn.
        turns: sensor to body in each part, shape (bodies, parts, 3, 3).
        origins: of the sensor in each body's frame, shape (bodies, parts, 3) [m].
        present: whether a body is there in each part, shape (bodies, parts).
        lows: least corner of each body's box in its frame, shape (bodies, 3) [m].
        highs: greatest corner.
        best: nearest hit so far, shape (k, s) [m].

    Returns:
        Where each body's rays begin, shape (bodies + 1,); the rays' numbers in flat order; origin
        and direction in the body's frame, shape (n, 6).
    """
    starts = np.zeros(len(turns) + 1, np.int64)
    chosen = np.empty(best.size + 64, np.int64)
    local = np.empty((best.size + 64, 6), np.float32)
    for i in range(len(turns)):
        start = starts[i]
        while True:
            n = _collect(
                rays, rings, columns, bounds, grid, turns[i], origins[i], present[i], lows[i],
                highs[i], best, chosen[start:], local[start:],
            )  # fmt: skip
            if n >= 0:
                break
            wider = np.empty(2 * len(chosen), np.int64)
            longer = np.empty((2 * len(local), 6), np.float32)
            wider[:start], longer[:start] = chosen[:start], local[:start]
            chosen, local = wider, longer
        starts[i + 1] = start + n
    return starts, chosen, local


@njit(cache=True)
def _collect(
    rays: F32,
    rings: I32,
    columns: I64,
    bounds: I64,
    grid: Grid,
    turns: F64,
    origins: F64,
    present: NDArray[np.bool_],
    low: F64,
    high: F64,
    best: F32,
    chosen: I64,
    local: F32,
) -> int:
    """One body of `collect_all`; how many rays were chosen, -1 where there is no place for them."""
    count, beams = 0, rays.shape[1]
    centre, half = 0.5 * (low + high), 0.5 * (high - low) + _SLACK
    radius = np.sqrt((half * half).sum())
    for p in range(len(bounds) - 1):
        if not present[p]:
            continue
        turn, origin = turns[p], origins[p]
        x, y, z = turn.T @ (centre - origin)
        distance = np.sqrt(x * x + y * y + z * z)
        every, wide, first_ring, last_ring = True, 0.0, -1, 1 << 30
        if distance > radius:
            opening = np.arcsin(radius / distance) + _SLACK
            tilt = np.arcsin(min(max(z / distance, -1.0), 1.0))
            first_ring = np.ceil((tilt - opening - grid.elevation) / grid.ring_step)
            last_ring = np.floor((tilt + opening - grid.elevation) / grid.ring_step)
            every = abs(tilt) + opening >= 0.5 * np.pi - _SLACK
            if not every:
                wide = np.arcsin(np.sin(opening) / np.cos(tilt)) + _SLACK
        heading = np.arctan2(y, x)
        for lap in range(-1, 2):
            first, last = bounds[p], bounds[p + 1] - 1
            if every:
                if lap != 0:
                    continue
            else:
                angle = heading + 2 * np.pi * lap - grid.azimuth
                first = max(first, int(np.ceil((angle - wide) / grid.column_step)))
                last = min(last, int(np.floor((angle + wide) / grid.column_step)))
                if first > last:
                    continue
            for i in range(columns[first], columns[last + 1]):
                if rings[i] < first_ring or rings[i] > last_ring:
                    continue
                if count + beams > len(chosen):
                    return -1
                for j in range(beams):
                    dx, dy, dz = rays[i, j, 0], rays[i, j, 1], rays[i, j, 2]
                    enter, leave = 0.0, best[i, j]
                    row = local[count]
                    for a in range(3):
                        d = turn[a, 0] * dx + turn[a, 1] * dy + turn[a, 2] * dz
                        row[a], row[3 + a] = origin[a], d
                        gap = centre[a] - origin[a]
                        if abs(d) < 1e-9:
                            if abs(gap) > half[a]:
                                leave = -1.0
                        else:
                            inverse = 1.0 / d
                            middle, span = gap * inverse, half[a] * abs(inverse)
                            enter = max(enter, middle - span)
                            leave = min(leave, middle + span)
                    if enter <= leave:
                        chosen[count] = i * beams + j
                        count += 1
    return count


@njit(cache=True)
def take(
    chosen: I64, t: F32, normal: F32, local: F32, number: I32, best: F32, cosine: F32, body: I32
) -> None:
    """Keep hits that are nearer; `number` are their bodies; the last three, flat, are changed."""
    for j in range(len(chosen)):
        i = chosen[j]
        if t[j] < best[i]:
            best[i] = t[j]
            body[i] = number[j]
            cosine[i] = abs(
                normal[j, 0] * local[j, 3] + normal[j, 1] * local[j, 4] + normal[j, 2] * local[j, 5]
            )


@njit(cache=True)
def split(rays: F32, which: I64, angle: float) -> F32:
    """Unit directions at both sides of some rays.

    Args:
        rays: unit directions, shape (k, 3).
        which: twice the numbers of those, plus one for above and below in place of left and right,
            shape (m,).
        angle: between a ray and each of its sub-rays [rad].

    Returns:
        Shape (m, 2, 3).
    """
    out = np.empty((len(which), 2, 3), np.float32)
    cos, sin = np.cos(angle), np.sin(angle)
    for i in range(len(which)):
        x, y, z = rays[which[i] // 2, 0], rays[which[i] // 2, 1], rays[which[i] // 2, 2]
        level = np.hypot(x, y)
        ax, ay, az = -y / level, x / level, 0.0 * z
        if which[i] % 2:  # the ray's direction times that across
            ax, ay, az = -z * ay, z * ax, x * ay - y * ax
        for side in range(2):
            s = sin if side == 0 else -sin
            out[i, side, 0] = cos * x + s * ax
            out[i, side, 1] = cos * y + s * ay
            out[i, side, 2] = cos * z + s * az
    return out
