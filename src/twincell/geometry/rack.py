"""Racks: a plate with walled pockets in which blades stand, root down."""

from __future__ import annotations

from itertools import product

import numpy as np

from twincell.errors import WorldError
from twincell.geometry.pose import Pose
from twincell.world.layout import Rack
from twincell.world.pockets import WALL, close, pocket_size

__all__ = ["FLOOR", "pocket_poses", "rack_boxes"]

FLOOR = 0.020
"""Thickness of the plate below the pockets [m]."""

Size = tuple[float, float, float]


def _centres(rack: Rack) -> list[tuple[float, float]]:
    """Centres of the pockets in the rack frame, row-major: rows along x, columns along y [m]."""
    xs = (np.arange(rack.rows) - (rack.rows - 1) / 2) * rack.pitch[0]
    ys = (np.arange(rack.columns) - (rack.columns - 1) / 2) * rack.pitch[1]
    return [(float(x), float(y)) for x, y in product(xs, ys)]


def pocket_poses(rack: Rack) -> tuple[Pose, ...]:
    """Poses of the pockets in the world frame, row-major; a blade standing in one has its pose."""
    return tuple(Pose.at(rack.place) @ Pose.of((x, y, 0.0)) for x, y in _centres(rack))


def rack_boxes(rack: Rack, root_size: Size) -> list[tuple[Size, Pose]]:
    """The boxes that make up a rack.

    Args:
        rack: its entry in the world file.
        root_size: the blade's root along x, y, z of the part frame [m].

    Returns:
        Edge lengths [m] and world pose of each box: the plate, then four walls a pocket.

    Raises:
        WorldError: the pockets of neighbouring blades overlap.
    """
    inner = (root_size[0] + 2 * rack.clearance, root_size[1] + 2 * rack.clearance)
    outer = pocket_size(rack, root_size)
    for axis, least in close(rack, root_size):
        raise WorldError(
            f"racks (role {rack.role}): pitch[{axis}] is {rack.pitch[axis]:g} m, valid: at "
            f"least {least:g} m, the size of a pocket with its walls"
        )
    place = Pose.at(rack.place)
    plate = (
        (rack.rows - 1) * rack.pitch[0] + outer[0],
        (rack.columns - 1) * rack.pitch[1] + outer[1],
        FLOOR,
    )
    boxes: list[tuple[Size, Pose]] = [(plate, place @ Pose.of((0.0, 0.0, -FLOOR / 2)))]
    for x, y in _centres(rack):
        for sign in (-1, 1):
            along_y = Pose.of((x + sign * (inner[0] + WALL) / 2, y, rack.depth / 2))
            along_x = Pose.of((x, y + sign * (inner[1] + WALL) / 2, rack.depth / 2))
            boxes.append(((WALL, outer[1], rack.depth), place @ along_y))
            boxes.append(((inner[0], WALL, rack.depth), place @ along_x))
    return boxes
