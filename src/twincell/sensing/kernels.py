"""Arithmetic a ray, compiled by numba."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["cloud", "edges", "gather", "merge", "mix"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]


@njit(cache=True)
def gather(
    rays: F32,
    best: F32,
    centre: F64,
    radius: float,
    rotation: F32,
    position: F32,
    chosen: I64,
    local: F32,
) -> int:
    """Find the rays that pass a ball before `best`, and move them into a body's frame.

    Args:
        rays: origin and direction, shape (k, 6), world frame.
        best: nearest hit so far, shape (k,).
        centre: of the ball, world frame.
        radius: of the ball [m].
        rotation: body to world, shape (3, 3).
        position: of the body's frame in the world, shape (3,).
        chosen: receives the rays' numbers, shape (k,).
        local: receives the rays in the body's frame, shape (k, 6).

    Returns:
        How many were chosen.
    """
    count = 0
    for i in range(len(rays)):
        ox, oy, oz = rays[i, 0], rays[i, 1], rays[i, 2]
        dx, dy, dz = rays[i, 3], rays[i, 4], rays[i, 5]
        px, py, pz = centre[0] - ox, centre[1] - oy, centre[2] - oz
        square = dx * dx + dy * dy + dz * dz
        along = dx * px + dy * py + dz * pz
        half = along * along - square * (px * px + py * py + pz * pz - radius * radius)
        if half <= 0:
            continue
        root = np.sqrt(half)
        if along + root <= 0 or along - root >= best[i] * square:
            continue
        ox, oy, oz = ox - position[0], oy - position[1], oz - position[2]
        for j in range(3):
            a, b, c = rotation[0, j], rotation[1, j], rotation[2, j]
            local[count, j] = ox * a + oy * b + oz * c
            local[count, 3 + j] = dx * a + dy * b + dz * c
        chosen[count] = i
        count += 1
    return count


@njit(cache=True)
def merge(
    chosen: I64, t: F32, n: F32, rotation: F32, number: int, best: F32, normal: F32, body: I32
) -> None:
    """Keep hits of one body that are nearer; the last three arguments are changed."""
    for j in range(len(chosen)):
        i = chosen[j]
        if t[j] < best[i]:
            best[i] = t[j]
            body[i] = number
            for a in range(3):
                normal[i, a] = (
                    rotation[a, 0] * n[j, 0] + rotation[a, 1] * n[j, 1] + rotation[a, 2] * n[j, 2]
                )


@njit(cache=True)
def edges(ranges: F32, wrap: bool, bend: float) -> I64:
    """Rays whose neighbours beside or above and below are not on one plane with them.

    On a plane 1/r is linear in the direction, so that its second difference over neighbours,
    times r, is about the square of their angle; at an edge it is far above.

    Args:
        ranges: shape (columns, rings) [m]; inf where nothing was met.
        wrap: whether the last column is beside the first.
        bend: second difference times r from which on there is an edge.

    Returns:
        Twice the ray's number in flat order, plus one where the edge is met going up or down.
    """
    columns, rings = ranges.shape
    out = np.empty(2 * columns * rings, np.int64)
    count = 0
    for c in range(columns):
        if wrap:
            left, right = (c - 1) % columns, (c + 1) % columns
        else:
            left, right = max(c - 1, 0), min(c + 1, columns - 1)
        for r in range(rings):
            here = 1.0 / ranges[c, r]
            a, b = 1.0 / ranges[left, r], 1.0 / ranges[right, r]
            if abs(a + b - 2 * here) > bend * max(here, a, b):
                out[count] = 2 * (c * rings + r)
                count += 1
            if 0 < r < rings - 1:
                a, b = 1.0 / ranges[c, r - 1], 1.0 / ranges[c, r + 1]
                if abs(a + b - 2 * here) > bend * max(here, a, b):
                    out[count] = 2 * (c * rings + r) + 1
                    count += 1
    return out[:count]


@njit(cache=True)
def mix(
    which: I64, t: F32, cosine: F32, body: I32, rho: F32, length: float, ranges: F32, powers: F32
) -> None:
    """Echoes of beams that fell on several surfaces.

    A beam is its central ray and two sub-rays beside it and two above and below; along an edge,
    where they were not cast, they meet what the central ray meets. The strongest part, by
    power / range^2, is taken, with all parts that lie within the pulse of it: those cannot be told
    apart, and the range is their mean by energy. The power is that of the whole beam on a target
    at this range.

    Args:
        which: of each pair of sub-rays, as `edges` gives them, shape (m,).
        t: ranges of the sub-rays, shape (m, 2) [m]; inf where nothing was met.
        cosine: of the sub-rays' incidence, shape (m, 2).
        body: what they met, -1 for nothing, shape (m, 2).
        rho: reflectance of each body, the last for nothing.
        length: half the pulse's length [m].
        ranges: of all central rays, shape (k,) [m]; those of `which` are changed to the beams'.
        powers: reflectance times cosine of all central rays, likewise.
    """
    r = np.empty(5)
    energy = np.empty(5)
    i = 0
    while i < len(which):
        c = which[i] // 2
        r[:] = ranges[c]
        energy[:] = powers[c] / (ranges[c] * ranges[c])
        filled = 1
        while i < len(which) and which[i] // 2 == c:
            for j in range(2):
                r[filled] = t[i, j]
                energy[filled] = rho[body[i, j]] * cosine[i, j] / (t[i, j] * t[i, j])
                filled += 1
            i += 1
        strongest = energy.argmax()
        if energy[strongest] == 0:
            ranges[c], powers[c] = np.inf, 0
            continue
        total, moment = 0.0, 0.0
        for j in range(5):
            if abs(r[j] - r[strongest]) <= length:
                total += energy[j]
                moment += energy[j] * r[j]
        ranges[c] = moment / total
        powers[c] = total * (moment / total) ** 2 / 5


@njit(cache=True)
def cloud(
    measured: F32, intensity: F32, rays: F32, rings: int, firing: float
) -> tuple[F32, F32, F32, NDArray[np.uint16]]:
    """Points, intensities, times and rings of the rays that returned.

    Args:
        measured: ranges, column by column, shape (k,) [m]; not finite where nothing returned.
        intensity: shape (k,).
        rays: unit directions, shape (k, 3).
        rings: in a column.
        firing: time from column to column [s].
    """
    count = 0
    for i in range(len(measured)):
        count += np.isfinite(measured[i])
    points = np.empty((count, 3), np.float32)
    light = np.empty(count, np.float32)
    time = np.empty(count, np.float32)
    ring = np.empty(count, np.uint16)
    j = 0
    for i in range(len(measured)):
        if np.isfinite(measured[i]):
            for a in range(3):
                points[j, a] = rays[i, a] * measured[i]
            light[j] = intensity[i]
            time[j] = np.float32(i // rings) * np.float32(firing)
            ring[j] = i % rings
            j += 1
    return points, light, time, ring
