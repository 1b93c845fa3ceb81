"""Patterns on surfaces at points of the part frame, compiled by numba."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["disc", "grain", "stripes", "thread"]

F32 = NDArray[np.float32]


@njit(cache=True, error_model="numpy")
def disc(
    points: F32, normals: F32, centre: F32, axes: F32, half: F32, rim: F32, edge: np.float32
) -> F32:
    """How far points lie within a round or drawn-out place, 0 to 1, shape (k,).

    Args:
        points: shape (k, 3) [m].
        normals: outward unit normals there, shape (k, 3).
        centre: of the place, shape (3,).
        axes: along, across, normal as rows, shape (3, 3).
        half: half extents along and across, shape (2,) [m].
        rim: phases of the outline's waves, shape (m,).
        edge: share of the half width over which it fades.
    """
    out = np.zeros(len(points), np.float32)
    a, b = max(half[0], half[1]), min(half[0], half[1])
    wide = half[1] > half[0]
    reach = np.float32(1.5) * a
    for i in range(len(points)):
        x, y, z = points[i, 0] - centre[0], points[i, 1] - centre[1], points[i, 2] - centre[2]
        if x * x + y * y + z * z > reach * reach:
            continue
        # the other side of a thin blade is near, but faces away
        if (
            normals[i, 0] * axes[2, 0] + normals[i, 1] * axes[2, 1] + normals[i, 2] * axes[2, 2]
            < 0.2
        ):
            continue
        u = x * axes[0, 0] + y * axes[0, 1] + z * axes[0, 2]
        v = x * axes[1, 0] + y * axes[1, 1] + z * axes[1, 2]
        if wide:
            u, v = v, u
        turn = np.arctan2(v, u)
        ragged = np.float32(1)
        for m in range(len(rim)):
            ragged += np.float32(0.06) * np.sin((m + 2) * turn + rim[m])
        beyond = max(abs(u) - (a - b), np.float32(0))
        q = np.sqrt(beyond * beyond + v * v) / (b * ragged)
        s = min(max((1 - q) / edge, np.float32(0)), np.float32(1))
        out[i] = s * s * (3 - 2 * s)
    return out


@njit(cache=True)
def grain(points: F32, waves: F32, phases: F32) -> F32:
    """Unevenness of mean 0 and variance 1: a sum of plane waves, shape (k,).

    Args:
        points: shape (k, 3) [m].
        waves: wave vectors, shape (m, 3) [rad/m].
        phases: shape (m,).
    """
    out = np.empty(len(points), np.float32)
    gain = np.float32(np.sqrt(2.0 / len(waves)))
    for i in range(len(points)):
        total = np.float32(0)
        for m in range(len(waves)):
            total += np.sin(
                points[i, 0] * waves[m, 0]
                + points[i, 1] * waves[m, 1]
                + points[i, 2] * waves[m, 2]
                + phases[m]
            )
        out[i] = gain * total
    return out


@njit(cache=True)
def stripes(
    points: F32, centre: F32, across: F32, pitch: np.float32, depths: F32, pixel: F32
) -> F32:
    """Darkness of fine parallel lines as pixels average it, 0 to 1, shape (k,).

    A line is a Gaussian of a standard deviation of 0.15 pitch; seen through a pixel of footprint p
    it has variance (0.15 pitch)^2 + p^2 / 12 and the same area.

    Args:
        points: shape (k, 3) [m].
        centre: of the place, shape (3,).
        across: the lines, unit vector, shape (3,).
        pitch: [m].
        depths: of lines one after another, used again from the start, shape (m,).
        pixel: footprint at each point, shape (k,) [m].
    """
    out = np.empty(len(points), np.float32)
    thin = np.float32(0.15) * pitch
    for i in range(len(points)):
        s = np.float32(0)
        for j in range(3):
            s += (points[i, j] - centre[j]) * across[j]
        sigma = np.sqrt(thin * thin + pixel[i] * pixel[i] / 12)
        reach = int(np.ceil(3 * sigma / pitch))
        first = int(np.floor(s / pitch))
        total = np.float32(0)
        for line in range(first - reach, first + reach + 1):
            off = (s - (line + np.float32(0.5)) * pitch) / sigma
            total += depths[line % len(depths)] * np.exp(-off * off / 2)
        out[i] = min(total * thin / sigma, np.float32(1))
    return out


@njit(cache=True)
def thread(points: F32, path: F32, width: np.float32, taper: np.float32, pixel: F32) -> F32:
    """Share of each pixel that a thread along a path covers, shape (k,).

    Its profile is a Gaussian of full width `width` at half height, 1 in the middle, averaged over
    the pixel as `stripes` are; it fades towards both ends.

    Args:
        points: shape (k, 3) [m].
        path: shape (n, 3) [m].
        width: [m].
        taper: share of the path over which each end fades.
        pixel: footprint at each point, shape (k,) [m].
    """
    out = np.zeros(len(points), np.float32)
    low, high = path[0].copy(), path[0].copy()
    for n in range(len(path)):
        for j in range(3):
            low[j], high[j] = min(low[j], path[n, j]), max(high[j], path[n, j])
    own = width / np.float32(2.355)
    for i in range(len(points)):
        sigma = np.sqrt(own * own + pixel[i] * pixel[i] / 12)
        reach = 4 * sigma
        near = True
        for j in range(3):
            near = near and low[j] - reach <= points[i, j] <= high[j] + reach
        if not near:
            continue
        best, place = np.float32(1e9), np.float32(0)
        for n in range(len(path) - 1):
            along, length, away = np.float32(0), np.float32(0), np.float32(0)
            for j in range(3):
                d = path[n + 1, j] - path[n, j]
                along += d * (points[i, j] - path[n, j])
                length += d * d
            t = min(max(along / length, np.float32(0)), np.float32(1))
            for j in range(3):
                o = points[i, j] - path[n, j] - t * (path[n + 1, j] - path[n, j])
                away += o * o
            if away < best:
                best, place = away, (n + t) / (len(path) - 1)
        if best < reach * reach:
            fade = min(min(place, 1 - place) / taper, np.float32(1))
            out[i] = fade * np.exp(-best / (2 * sigma * sigma)) * own / sigma
    return out
