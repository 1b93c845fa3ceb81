"""Which points of the floor lie in a zone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from twincell.errors import SafetyError

__all__ = ["inside"]

F64 = NDArray[np.float64]


def inside(points: F64, polygon: Sequence[tuple[float, float]]) -> NDArray[np.bool_]:
    """Even-odd test of points against a simple polygon.

    A ray from each point along +x is counted against the edges it crosses (Jordan curve theorem).

    Args:
        points: shape (n, 2) [m].
        polygon: corners in order, at least three [m].

    Returns:
        Shape (n,).

    Raises:
        SafetyError: fewer than three corners.
    """
    if len(polygon) < 3:
        raise SafetyError(f"a zone has {len(polygon)} corners; valid: at least 3")
    x, y = points[:, 0], points[:, 1]
    found = np.zeros(len(points), bool)
    for (x0, y0), (x1, y1) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        if y0 == y1:
            continue
        crosses = (y0 > y) != (y1 > y)
        found ^= crosses & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
    return found
