"""Thinning a mask to lines of one pixel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["skeleton"]


def skeleton(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Thin a mask (h, w) by Zhang and Suen's two-pass rule (Comm. ACM 27, 1984)."""
    thin = np.pad(mask.astype(np.uint8), 1)
    changed = True
    while changed:
        changed = False
        for half in (0, 1):
            y, x = np.nonzero(thin)
            n = [thin[y + dy, x + dx] for dy, dx in _RING]
            total = sum(v.astype(np.int8) for v in n)
            rises = sum(((n[i] == 0) & (n[(i + 1) % 8] == 1)).astype(np.int8) for i in range(8))
            north, east, south, west = n[0], n[2], n[4], n[6]
            if half == 0:
                sides = (north & east & south) | (east & south & west)
            else:
                sides = (north & east & west) | (north & south & west)
            gone = (total >= 2) & (total <= 6) & (rises == 1) & (sides == 0)
            if gone.any():
                thin[y[gone], x[gone]] = 0
                changed = True
    return thin[1:-1, 1:-1].astype(bool)


_RING = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))
"""The eight neighbours clockwise from the north."""
