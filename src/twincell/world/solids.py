"""What stands in a cell as oriented boxes, and how deep two of them are in one another."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product

from twincell.world.model import World
from twincell.world.robots import Place

__all__ = ["Solid", "area", "crossing", "overlaps", "solids"]

Vector = tuple[float, float, float]
Point = tuple[float, float]

FOOT = (0.15, 0.15, 0.10)
"""What the foot of any mover fills: a box that fits in the feet of common arms [m]."""
TOUCHING = 1e-3
"""Boxes that are in one another by less only stand on or beside each other [m]."""


@dataclass(frozen=True)
class Solid:
    """An oriented box.

    Attributes:
        key: of the world file.
        center: in the world frame [m].
        axes: its three unit vectors, in the world frame.
        half: half edge lengths along them [m].
    """

    key: tuple[str, str]
    center: Vector
    axes: tuple[Vector, Vector, Vector]
    half: Vector


def solids(world: World) -> tuple[Solid, ...]:
    """Furniture, racks with their blades standing in them, and the feet of movers."""
    found = [_box(("furniture", n), b.place, b.size, (0, 0, 0)) for n, b in world.furniture.items()]
    shape = world.part.shape
    height = shape.root[2] + shape.span + shape.shroud[2]
    for name, rack in world.racks.items():
        counts = (rack.rows, rack.columns)
        x, y = (
            (n - 1) * pitch + root + 2 * rack.clearance
            for n, pitch, root in zip(counts, rack.pitch, shape.root[:2], strict=True)
        )
        found.append(_box(("racks", name), rack.place, (x, y, height), (0, 0, height / 2)))
    for name, arm in world.arms.items():
        found.append(_box(("arms", name), arm.place, FOOT, (0, 0, FOOT[2] / 2)))
    return tuple(found)


def overlaps(boxes: tuple[Solid, ...]) -> Iterator[tuple[Solid, Solid, float]]:
    """Pairs that are in one another by more than is allowed, with the depth [m].

    Racks count with the blades in them, movers with their feet.
    """
    for a, b in combinations(boxes, 2):
        depth = _depth(a, b)
        allowed = TOUCHING
        if a.key[0] == b.key[0] == "furniture":  # panels are joined at their corners
            allowed += min(*a.half, *b.half)
        if depth > allowed:
            yield a, b, depth


def area(polygon: tuple[Point, ...]) -> float:
    """Of a polygon whose edges do not cross [m^2], by the shoelace formula."""
    n = len(polygon)
    pairs = ((polygon[i], polygon[(i + 1) % n]) for i in range(n))
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in pairs)) / 2


def crossing(polygon: tuple[Point, ...]) -> tuple[int, int] | None:
    """The first two edges of a polygon that cross or touch without being neighbours."""
    n = len(polygon)
    for i, j in combinations(range(n), 2):
        if j - i in (1, n - 1):
            continue
        if _cross(polygon[i], polygon[(i + 1) % n], polygon[j], polygon[(j + 1) % n]):
            return i, j
    return None


def _box(key: tuple[str, str], place: Place, size: Vector, offset: Vector) -> Solid:
    axes = _axes(place)
    center = tuple(place.xyz[k] + sum(axes[i][k] * offset[i] for i in range(3)) for k in range(3))
    half = (size[0] / 2, size[1] / 2, size[2] / 2)
    return Solid(key, (center[0], center[1], center[2]), axes, half)


def _axes(place: Place) -> tuple[Vector, Vector, Vector]:
    """Columns of Rz(yaw) Ry(pitch) Rx(roll) (REP-103)."""
    (sr, sp, sy), (cr, cp, cy) = ([f(a) for a in place.rpy] for f in (math.sin, math.cos))
    return (
        (cy * cp, sy * cp, -sp),
        (cy * sp * sr - sy * cr, sy * sp * sr + cy * cr, cp * sr),
        (cy * sp * cr + sy * sr, sy * sp * cr - cy * sr, cp * cr),
    )


def _depth(a: Solid, b: Solid) -> float:
    """Least translation that parts two boxes [m]; negative where they are apart.

    Separating axis theorem (Gottschalk, Lin, Manocha, OBBTree, SIGGRAPH 1996).
    """
    between = tuple(q - p for p, q in zip(a.center, b.center, strict=True))
    candidates = [*a.axes, *b.axes, *(_product(u, v) for u, v in product(a.axes, b.axes))]
    depth = math.inf
    for axis in candidates:
        length = math.hypot(*axis)
        if length < 1e-9:  # parallel edges give no axis of their own
            continue
        reach = sum(
            half * abs(_dot(side, axis))
            for box in (a, b)
            for side, half in zip(box.axes, box.half, strict=True)
        )
        depth = min(depth, (reach - abs(_dot(between, axis))) / length)
    return depth


def _dot(u: tuple[float, ...], v: Vector) -> float:
    return sum(x * y for x, y in zip(u, v, strict=True))


def _product(u: Vector, v: Vector) -> Vector:
    return (
        u[1] * v[2] - u[2] * v[1],
        u[2] * v[0] - u[0] * v[2],
        u[0] * v[1] - u[1] * v[0],
    )


def _cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    def side(p: Point, q: Point, r: Point) -> float:
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    def within(p: Point, q: Point, r: Point) -> bool:
        return all(min(p[k], q[k]) <= r[k] <= max(p[k], q[k]) for k in range(2))

    sides = side(a, b, c), side(a, b, d), side(c, d, a), side(c, d, b)
    if sides[0] * sides[1] < 0 and sides[2] * sides[3] < 0:
        return True
    ends = ((a, b, c), (a, b, d), (c, d, a), (c, d, b))
    return any(s == 0 and within(*e) for s, e in zip(sides, ends, strict=True))
