"""What has no detail in an image: cast on every fourth pixel, filled in between.

Four corners of a cell on one plane n . x = c leave no doubt about the pixels between them: their
range is c / (n . direction). On a surface that bends little, 1 / range and the normal are taken as
bilinear. Other cells, and those that a shadow's edge crosses, are cast pixel by pixel. What is
smaller than a cell in the image may be missed, so this is for bodies without detail: halls,
benches, arms.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from twincell.sensing.scene import Hits, Placement
from twincell.sensing.sightlines import Sightlines

__all__ = ["Backdrop", "backdrop"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
I8 = NDArray[np.int8]

_CELL = 4
"""Pixels from one corner to the next."""
_SAME = 1e-4
"""Difference of unit normals, and of distances as a share, that is still one plane."""
_BEND = 0.95
"""Least dot product of the corners' normals on a surface that bends little."""
_STEP = 0.01
"""Largest second difference of 1 / range there, as a share of it."""


@dataclass(frozen=True)
class Backdrop:
    """Hits on what has no detail.

    Attributes:
        range: in units of the direction's length, shape (height, width).
        normal: shape (height, width, 3).
        body: shape (height, width).
        lit: whether what has no detail lets the lamp's light through, 1 or 0, shape (height,
            width).
    """

    range: F32
    normal: F32
    body: I32
    lit: I8

    def part(self, tile: tuple[slice, slice]) -> Hits:
        """Hits of a tile of the image, in flat order."""
        return Hits(
            self.range[tile].ravel(),
            np.zeros(0, np.float32),
            self.body[tile].ravel(),
            self.normal[tile].reshape(-1, 3),
        )


def backdrop(
    scene: Sightlines,
    origin: F64,
    rays: F32,
    lamp: F64,
    far: float,
    poses: Placement,
    *,
    shadow: bool,
) -> Backdrop | None:
    """Cast an image's rays at what has no detail.

    Args:
        scene: what there is.
        origin: of the rays, world frame [m].
        rays: world frame, shape (height, width, 3).
        lamp: place, world frame [m].
        far: share of the way from the lamp that must be free.
        poses: of the moving bodies.
        shadow: whether shadow is asked for.

    Returns:
        None where a fixed body has detail: it could not be told from the others.
    """
    if scene.fixed_detail:
        return None
    height, width = rays.shape[:2]
    rows, columns = _corners(height), _corners(width)
    coarse, _ = scene.split(poses)

    def cast(ways: F32) -> tuple[Hits, I8]:
        hits = scene.cast(origin, ways, coarse)
        lit = np.ones(len(ways), np.int8)
        met = np.flatnonzero(hits.body >= 0)
        if shadow and len(met):
            beams = ways[met] * hits.range[met, None] + (origin - lamp).astype(np.float32)
            lit[met[scene.blocked(lamp, beams, far, coarse)]] = 0
        return hits, lit

    hits, lit = cast(rays[np.ix_(rows, columns)].reshape(-1, 3))
    shape = (len(rows), len(columns))
    out = Backdrop(
        np.empty((height, width), np.float32),
        np.empty((height, width, 3), np.float32),
        np.empty((height, width), np.int32),
        np.empty((height, width), np.int8),
    )
    rest = np.empty((height * width, 2), np.int64)
    n = _fill(
        rays, rows, columns, hits.range.reshape(shape), hits.normal.reshape(*shape, 3),
        hits.body.reshape(shape), lit.reshape(shape), out.range, out.normal, out.body, out.lit,
        rest,
    )  # fmt: skip
    if n:
        v, u = rest[:n].T
        hits, lit = cast(rays[v, u])
        out.range[v, u], out.normal[v, u], out.body[v, u] = hits.range, hits.normal, hits.body
        out.lit[v, u] = lit
    return out


def _corners(count: int) -> I64:
    """Every fourth number, and the last."""
    return np.append(np.arange(0, count - 1, _CELL), count - 1)


@njit(cache=True)
def _fill(
    rays: F32,
    rows: I64,
    columns: I64,
    t: F32,
    normal: F32,
    body: I32,
    lit: I8,
    t_out: F32,
    normal_out: F32,
    body_out: I32,
    lit_out: I8,
    rest: I64,
) -> int:
    """Fill cells of one surface; list the pixels of others in `rest` and say how many they are."""
    count = 0
    last_row, last_column = len(rows) - 2, len(columns) - 2
    for j in range(last_row + 1):
        for i in range(last_column + 1):
            b, light = body[j, i], lit[j, i]
            same = True
            for k in range(1, 4):
                jj, ii = j + k // 2, i + k % 2
                same = same and body[jj, ii] == b and lit[jj, ii] == light
            x, y, z = normal[j, i]
            c = np.float32(0)
            flat = same
            if same and b >= 0:
                d = rays[rows[j], columns[i]]
                c = t[j, i] * (x * d[0] + y * d[1] + z * d[2])
                for k in range(1, 4):
                    jj, ii = j + k // 2, i + k % 2
                    n = normal[jj, ii]
                    off = abs(n[0] - x) + abs(n[1] - y) + abs(n[2] - z)
                    d = rays[rows[jj], columns[ii]]
                    there = t[jj, ii] * (x * d[0] + y * d[1] + z * d[2])
                    flat = flat and off < _SAME and abs(there - c) < _SAME * abs(c)
                    same = same and n[0] * x + n[1] * y + n[2] * z > _BEND
                p, q = 1 / t[j, i], 1 / t[j, i + 1]
                r, s = 1 / t[j + 1, i], 1 / t[j + 1, i + 1]
                same = flat or (same and abs(p + s - q - r) < _STEP * p)
            below, right = rows[j + 1], columns[i + 1]
            for v in range(rows[j], below + (1 if j == last_row else 0)):
                for u in range(columns[i], right + (1 if i == last_column else 0)):
                    if not same:
                        rest[count, 0], rest[count, 1] = v, u
                        count += 1
                        continue
                    body_out[v, u] = b
                    lit_out[v, u] = light
                    if b < 0:
                        t_out[v, u] = np.inf
                        normal_out[v, u] = 0
                        continue
                    if flat:
                        d = rays[v, u]
                        t_out[v, u] = c / (x * d[0] + y * d[1] + z * d[2])
                        normal_out[v, u, 0], normal_out[v, u, 1], normal_out[v, u, 2] = x, y, z
                        continue
                    f = np.float32(v - rows[j]) / np.float32(below - rows[j])
                    g = np.float32(u - columns[i]) / np.float32(right - columns[i])
                    w0, w1, w2, w3 = (1 - f) * (1 - g), (1 - f) * g, f * (1 - g), f * g
                    t_out[v, u] = 1 / (w0 * p + w1 * q + w2 * r + w3 * s)
                    square = np.float32(0)
                    for a in range(3):
                        m = w0 * normal[j, i, a] + w1 * normal[j, i + 1, a]
                        m += w2 * normal[j + 1, i, a] + w3 * normal[j + 1, i + 1, a]
                        normal_out[v, u, a] = m
                        square += m * m
                    for a in range(3):
                        normal_out[v, u, a] /= np.sqrt(square)
    return count
