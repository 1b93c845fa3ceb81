"""Whether a LiDAR still sees: lost and near returns, a picture that stands still, hidden floor."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from twincell.geometry.pose import Pose
from twincell.safety.zones import inside
from twincell.sensing.types import Scan
from twincell.world.model import World
from twincell.world.sensors import Lidar

__all__ = ["HiddenFloor", "SensorSight", "range_table"]

F64 = NDArray[np.float64]
Bools = NDArray[np.bool_]

_SEEN = 0.5
"""Share of the beams with a known background that must return anything; else it is blind."""
_SECTOR = 24
"""Sectors of a turn in which returns are counted: dirt covers a side of the window first."""
_ENOUGH = 40
"""Beams with a known background that make a sector worth counting."""
_NEAR = 0.5
"""Nearer returns come from the window, or from somebody who covers it [m]."""
_DIRTY = 0.02
"""Share of near returns beyond what the empty cell has there."""
_GRID = 0.25
"""Distance of the places on the floor that are looked at [m]."""
_HEIGHTS = (0.6, 1.0, 1.4)
"""Of a person's body above the floor, any of which must be in view [m]."""
_SLACK = 0.1
"""A return this much before a place still shows it [m]."""


def range_table(spec: Lidar, scan: Scan) -> F64:
    """Ranges by beam, nan where nothing returned.

    Args:
        spec: the LiDAR.
        scan: of it, its rings in range.

    Returns:
        Shape (columns, rings) [m].
    """
    good = np.isfinite(scan.points).all(axis=1)
    points, ring = scan.points[good].astype(float), scan.ring[good].astype(int)
    table = np.full((spec.columns, spec.rings), np.nan)
    azimuth = np.arctan2(points[:, 1], points[:, 0])
    column = np.rint(azimuth / (2 * np.pi) * spec.columns).astype(int) % spec.columns
    table[column, ring] = np.linalg.norm(points, axis=1)
    return table


class SensorSight:
    """Looks whether one LiDAR sees at all; one scan is enough to say that it does not.

    Args:
        expected: ranges of the empty cell by beam, not finite where nothing is met,
            shape (columns, rings) [m].
    """

    def __init__(self, expected: F64) -> None:
        self._known = np.isfinite(expected)
        self._sector = np.arange(len(expected)) * _SECTOR // len(expected)
        self._counts = np.bincount(self._sector, self._known.sum(axis=1), _SECTOR)
        self._usual = int(np.count_nonzero(expected[self._known] < _NEAR))
        self._last: bytes = b""

    def fault(self, table: F64, scan: Scan) -> str:
        """What is wrong with a scan, in words; empty where nothing is.

        Args:
            table: its ranges by beam (see `range_table`).
            scan: the scan itself.
        """
        picture = scan.points.tobytes()
        frozen = picture == self._last and len(picture) > 0
        self._last = picture
        if frozen:
            # noise makes no two turns alike to the bit
            return "frozen: the same returns to the bit as in the turn before"
        returned = np.isfinite(table)
        known = int(self._known.sum())
        if returned.sum() < _SEEN * known:
            return f"blind: {int(returned.sum())} returns of {known} expected"
        met = np.bincount(self._sector, (returned & self._known).sum(axis=1), _SECTOR)
        lost = (self._counts >= _ENOUGH) & (met < _SEEN * self._counts)
        if lost.any():
            first = int(np.flatnonzero(lost)[0])
            return (
                f"dirty: {int(lost.sum())} of {_SECTOR} sectors lost, the first about "
                f"{360 * (first + 0.5) / _SECTOR:.0f} deg with {int(met[first])} returns of "
                f"{int(self._counts[first])}"
            )
        with np.errstate(invalid="ignore"):
            near = int(np.count_nonzero(table < _NEAR)) - self._usual
        if near > _DIRTY * max(known, 1):
            return f"dirty: {near} returns nearer than {_NEAR:g} m"
        return ""


class HiddenFloor:
    """Which places of the protective zones no LiDAR sees, although one does in the empty cell.

    A place is seen where a beam passes it, or ends at it, at one of a few heights of a body.

    Args:
        world: zones and LiDARs.
        expected: ranges of the empty cell by beam of each LiDAR, shape (columns, rings) [m].
    """

    def __init__(self, world: World, expected: Mapping[str, F64]) -> None:
        rings = [z.polygon for z in world.zones.values() if z.role == "protective"]
        corners = np.array([c for ring in rings for c in ring]).reshape(-1, 2)
        low, high = (
            (corners.min(axis=0), corners.max(axis=0)) if len(corners) else (np.zeros(2),) * 2
        )
        axes = [np.arange(a + _GRID / 2, b, _GRID) for a, b in zip(low, high, strict=True)]
        floor = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
        within = np.zeros(len(floor), bool)
        for ring in rings:
            within |= inside(floor, ring)
        self.places: F64 = floor[within]
        self._beams: dict[str, tuple[NDArray[np.int64], NDArray[np.int64], F64, Bools]] = {}
        self._seen: dict[str, Bools] = {}
        for name, lidar in world.lidars().items():
            self._beams[name] = self._aim(lidar)
            self._seen[name] = self._sees(name, expected[name], np.inf)
        self._usual = self._any()

    @property
    def blind(self) -> F64:
        """Places that no LiDAR sees in the empty cell: behind and in furniture, shape (n, 2)."""
        return self.places[~self._usual]

    @property
    def hidden(self) -> F64:
        """Places that are hidden now and are not in the empty cell, shape (n, 2) [m]."""
        return self.places[self._usual & ~self._any()]

    @property
    def area(self) -> float:
        """Of the hidden places [m^2]."""
        return len(self.hidden) * _GRID**2

    def look(self, sensor: str, table: F64) -> None:
        """Take in a scan (see `range_table`)."""
        self._seen[sensor] = self._sees(sensor, table, 0.0)

    def _any(self) -> Bools:
        seen = np.zeros((len(self.places), len(_HEIGHTS)), bool)
        for of_one in self._seen.values():
            seen |= of_one
        found: Bools = np.logical_or.reduce(seen, axis=1)
        return found

    def _aim(self, lidar: Lidar) -> tuple[NDArray[np.int64], NDArray[np.int64], F64, Bools]:
        """Beam of each place and height: column, ring, distance, and whether there is one."""
        heights = np.array(_HEIGHTS)
        points = np.empty((len(self.places), len(heights), 3))
        points[:, :, :2], points[:, :, 2] = self.places[:, None], heights
        local = Pose.at(lidar.mount.place).inverse().apply(points)
        distance = np.linalg.norm(local, axis=2)
        azimuth = np.arctan2(local[..., 1], local[..., 0])
        column = np.rint(azimuth / (2 * np.pi) * lidar.columns).astype(int) % lidar.columns
        rise = np.arcsin(local[..., 2] / distance)
        bottom, top = lidar.elevation
        share = (rise - bottom) / (top - bottom) * (lidar.rings - 1)
        ring = np.clip(np.rint(share), 0, lidar.rings - 1).astype(int)
        aimed = (share > -0.5) & (share < lidar.rings - 0.5) & (distance < lidar.reach[1])
        return column, ring, distance, aimed

    def _sees(self, sensor: str, table: F64, nothing: float) -> Bools:
        """Where a beam reaches; `nothing` is the range of one that did not return [m]."""
        column, ring, distance, aimed = self._beams[sensor]
        reached = table[column, ring]
        reached = np.where(np.isfinite(reached), reached, nothing)
        seen: Bools = np.logical_and(aimed, reached >= distance - _SLACK)
        return seen
