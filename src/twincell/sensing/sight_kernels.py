"""Arithmetic a ray of an image, compiled by numba."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["bounds", "cone", "enter", "face"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


@njit(cache=True, error_model="numpy")
def enter(
    rays: F32,
    best: F32,
    box: F32,
    rotation: F32,
    position: F32,
    chosen: I64,
    local: F32,
) -> int:
    """Find the rays that pass a body's box before `best`, and move them into its frame.

    Args:
        rays: origin and direction, shape (k, 6), world frame.
        best: nearest hit so far, shape (k,).
        box: lowest and highest corner in the body's frame, shape (2, 3) [m].
        rotation: body to world, shape (3, 3).
        position: of the body's frame in the world, shape (3,).
        chosen: receives the rays' numbers, shape (k,).
        local: receives the rays in the body's frame, shape (k, 6).

    Returns:
        How many were chosen.
    """
    # first a ball about the box: most rays end there
    radius2, mx, my, mz = np.float32(0), position[0], position[1], position[2]
    for j in range(3):
        half = (box[1, j] - box[0, j]) / 2
        middle = (box[1, j] + box[0, j]) / 2
        radius2 += half * half
        mx += rotation[0, j] * middle
        my += rotation[1, j] * middle
        mz += rotation[2, j] * middle
    count = 0
    for i in range(len(rays)):
        ox, oy, oz = rays[i, 0], rays[i, 1], rays[i, 2]
        dx, dy, dz = rays[i, 3], rays[i, 4], rays[i, 5]
        px, py, pz = mx - ox, my - oy, mz - oz
        square = dx * dx + dy * dy + dz * dz
        along = dx * px + dy * py + dz * pz
        away = px * px + py * py + pz * pz - radius2
        if along * along < square * away or best[i] < 0:
            continue
        ox, oy, oz = ox - position[0], oy - position[1], oz - position[2]
        first, last = np.float32(0), best[i]
        for j in range(3):
            a, b, c = rotation[0, j], rotation[1, j], rotation[2, j]
            o, d = ox * a + oy * b + oz * c, dx * a + dy * b + dz * c
            local[count, j], local[count, 3 + j] = o, d
            # a direction within the slab gives infinities or NaN, which change nothing here
            s, t = (box[0, j] - o) / d, (box[1, j] - o) / d
            if s > t:
                s, t = t, s
            if s > first:
                first = s
            if t < last:
                last = t
        if first <= last:
            chosen[count] = i
            count += 1
    return count


@njit(cache=True)
def face(directions: F32, normal: F32, cosine: F32) -> None:
    """Turn normals towards the rays' origin, and give |cosine| of the incidence.

    Args:
        directions: of any length, shape (k, 3).
        normal: unit normals or zeros, shape (k, 3); changed.
        cosine: receives the cosine, shape (k,).
    """
    for i in range(len(directions)):
        x, y, z = directions[i, 0], directions[i, 1], directions[i, 2]
        along = normal[i, 0] * x + normal[i, 1] * y + normal[i, 2] * z
        if along > 0:
            normal[i, 0], normal[i, 1], normal[i, 2] = -normal[i, 0], -normal[i, 1], -normal[i, 2]
        cosine[i] = abs(along) / np.sqrt(x * x + y * y + z * z)


@njit(cache=True)
def cone(directions: F32) -> tuple[F64, float]:
    """The mean of directions, a unit vector, and the cosine of the widest angle to it."""
    axis = np.zeros(3)
    for i in range(len(directions)):
        for j in range(3):
            axis[j] += directions[i, j]
    axis /= max(np.sqrt((axis * axis).sum()), 1e-9)
    least = 1.0
    for i in range(len(directions)):
        x, y, z = directions[i, 0], directions[i, 1], directions[i, 2]
        length = np.sqrt(x * x + y * y + z * z)
        least = min(least, (x * axis[0] + y * axis[1] + z * axis[2]) / length)
    return axis, least


@njit(cache=True)
def bounds(vectors: F32) -> F32:
    """Lowest and highest components of vectors and of zero, shape (2, 3)."""
    out = np.zeros((2, 3), np.float32)
    for i in range(len(vectors)):
        for j in range(3):
            out[0, j] = min(out[0, j], vectors[i, j])
            out[1, j] = max(out[1, j], vectors[i, j])
    return out
