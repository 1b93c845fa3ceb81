"""How large a rack's pockets are, and how near they may stand to one another."""

from __future__ import annotations

from collections.abc import Sequence

from twincell.world.layout import Rack

__all__ = ["WALL", "close", "pocket_size"]

WALL = 0.006
"""Thickness of a pocket's walls [m]."""
_SLACK = 1e-9
"""Sums of lengths are the same within this [m]."""


def pocket_size(rack: Rack, root: Sequence[float]) -> tuple[float, float]:
    """A pocket along x and y with its walls [m].

    Args:
        rack: its entry in the world file.
        root: the blade's root along x, y [m].
    """
    return (
        root[0] + 2 * rack.clearance + 2 * WALL,
        root[1] + 2 * rack.clearance + 2 * WALL,
    )


def close(rack: Rack, root: Sequence[float]) -> list[tuple[int, float]]:
    """The axes along which neighbouring pockets would overlap, with the least pitch [m].

    Args:
        rack: its entry in the world file.
        root: the blade's root along x, y [m].
    """
    least = pocket_size(rack, root)
    counts = (rack.rows, rack.columns)
    return [
        (axis, least[axis])
        for axis in (0, 1)
        if counts[axis] > 1 and rack.pitch[axis] < least[axis] - _SLACK
    ]
