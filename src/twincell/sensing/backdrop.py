"""What never moves behind an image: cast on every fourth pixel, filled in between by its planes.

Four corners of a cell on one plane n . x = c leave no doubt about the pixels between them: their
range is c / (n . direction). Other cells are cast pixel by pixel. What is smaller than a cell in
the image may be missed, so this is for scenes whose fixed bodies have no detail: halls, fences,
benches.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from twincell.sensing.scene import Hits, Scene

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


@dataclass(frozen=True)
class Backdrop:
    """Hits on what never moves.

    Attributes:
        range: in units of the direction's length, shape (height, width).
        normal: shape (height, width, 3).
        body: shape (height, width).
        lit: whether what never moves lets the lamp's light through: 1 yes, 0 no, -1 not known;
            shape (height, width).
    """

    range: F32
    normal: F32
    body: I32
    lit: I8

    def part(self, tile: tuple[slice, slice]) -> Hits:
        """Hits of a tile of the image, in flat order."""
        body = self.body[tile].ravel()
        return Hits(
            self.range[tile].ravel(),
            np.zeros(0, np.float32),
            body,
            self.normal[tile].reshape(-1, 3),
        )


def backdrop(
    scene: Scene, origin: F64, rays: F32, lamp: F64, far: float, *, shadow: bool
) -> Backdrop | None:
    """Cast an image's rays at what never moves.

    Args:
        scene: what there is.
        origin: of the rays, world frame [m].
        rays: world frame, shape (height, width, 3).
        lamp: place, world frame [m].
        far: share of the way from the lamp that must be free.
        shadow: whether shadow is asked for.

    Returns:
        None where a fixed body has detail, or nothing is fixed.
    """
    if scene.still is None or scene.fixed_detail:
        return None
    height, width = rays.shape[:2]
    rows, columns = _corners(height), _corners(width)
    grid = rays[np.ix_(rows, columns)].reshape(-1, 3)
    t, normal, part = scene.still.cast(_six(origin, grid))
    body = part.astype(np.int32)
    lit = np.ones(len(grid), np.int8)
    if shadow:
        met = np.flatnonzero(body >= 0)
        ways = grid[met] * t[met, None] + (origin - lamp).astype(np.float32)
        lit[met[scene.still.blocks(_six(lamp, ways), far)]] = 0
    shape = (len(rows), len(columns))
    out = Backdrop(
        np.empty((height, width), np.float32),
        np.empty((height, width, 3), np.float32),
        np.empty((height, width), np.int32),
        np.empty((height, width), np.int8),
    )
    rest = np.empty((height * width, 2), np.int64)
    n = _fill(
        rays, rows, columns, t.reshape(shape), normal.reshape(*shape, 3), body.reshape(shape),
        lit.reshape(shape), out.range, out.normal, out.body, out.lit, rest,
    )  # fmt: skip
    if n:
        v, u = rest[:n].T
        t, normal, part = scene.still.cast(_six(origin, rays[v, u]))
        out.range[v, u], out.normal[v, u], out.body[v, u] = t, normal, part.astype(np.int32)
        out.lit[v, u] = -1
    return out


def _corners(count: int) -> I64:
    """Every fourth number, and the last."""
    return np.append(np.arange(0, count - 1, _CELL), count - 1)


def _six(origin: F64, ways: F32) -> F32:
    """Rays from one origin, shape (k, 6)."""
    rays = np.empty((len(ways), 6), np.float32)
    rays[:, :3] = origin
    rays[:, 3:] = ways
    return rays


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
    """Fill cells of one plane; list the pixels of others in `rest` and say how many they are."""
    count = 0
    last_row, last_column = len(rows) - 2, len(columns) - 2
    for j in range(last_row + 1):
        for i in range(last_column + 1):
            b = body[j, i]
            same = body[j, i + 1] == b and body[j + 1, i] == b and body[j + 1, i + 1] == b
            x, y, z = normal[j, i]
            c = np.float32(0)
            if same and b >= 0:
                d = rays[rows[j], columns[i]]
                c = t[j, i] * (x * d[0] + y * d[1] + z * d[2])
                for k in range(1, 4):
                    jj, ii = j + k // 2, i + k % 2
                    n = normal[jj, ii]
                    off = abs(n[0] - x) + abs(n[1] - y) + abs(n[2] - z)
                    d = rays[rows[jj], columns[ii]]
                    there = t[jj, ii] * (x * d[0] + y * d[1] + z * d[2])
                    same = same and off < _SAME and abs(there - c) < _SAME * abs(c)
            light = lit[j, i]
            if lit[j, i + 1] != light or lit[j + 1, i] != light or lit[j + 1, i + 1] != light:
                light = np.int8(-1)
            for v in range(rows[j], rows[j + 1] + (1 if j == last_row else 0)):
                for u in range(columns[i], columns[i + 1] + (1 if i == last_column else 0)):
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
                    d = rays[v, u]
                    t_out[v, u] = c / (x * d[0] + y * d[1] + z * d[2])
                    normal_out[v, u, 0], normal_out[v, u, 1], normal_out[v, u, 2] = x, y, z
    return count
