"""Separation monitoring: people in the zones, seen by the cell LiDARs.

What a beam would meet in the empty cell is known by ray casting; a return that is clearly nearer,
and not at one of the cell's own moving bodies, belongs to somebody. Such points are clustered on
the floor and tracked. A cluster of a person's size in a zone is an intrusion, and so is one nearer
to a moving arm than the protective separation distance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from twincell.errors import SafetyError, did_you_mean
from twincell.geometry.pose import Pose
from twincell.safety.approach import Approach, Separations
from twincell.safety.arm_motion import ArmMotion
from twincell.safety.sight import HiddenFloor, SensorSight, range_table
from twincell.safety.supervisor import SILENT, SLOW_CAUSE
from twincell.safety.tracking import Sighting, Track, Tracker
from twincell.safety.types import StopReport
from twincell.safety.zones import inside
from twincell.sensing.lidar import beams
from twincell.sensing.scene import Scene
from twincell.sensing.types import Scan
from twincell.world.model import World
from twincell.world.sensors import Lidar

__all__ = ["Intrusion", "Level", "SeparationMonitor", "clusters"]

F64 = NDArray[np.float64]

PERSON = "person_in_zone"
"""Cause of the stop for somebody in a protective zone."""
_MARGIN = 0.12
"""A return this much nearer than the empty cell is foreground [m], plus four times the noise."""
_MASK = 0.08
"""Added to the radius of masks: bodies move while a scan is taken [m]."""
_CELL = 0.15
"""Grid on which points are clustered [m]; neighbours within two cells belong together."""
_POINTS = 12
"""Returns that make a person."""
_HEIGHT = 0.25
"""Least vertical extent of a person's returns [m]."""
_IN_ZONE = 3
"""Returns of a person that have to lie in a zone."""
_OBJECT = 5
"""Returns of a thing that is followed, and stops nobody."""


@dataclass(frozen=True)
class Intrusion:
    """Somebody in a zone.

    Attributes:
        zone: its name.
        role: `protective` or `warning`.
        position: mean of the returns in the zone, x, y [m].
        points: returns of the person.
        sensor: LiDAR that saw it.
        stamp: of the scan [s].
    """

    zone: str
    role: str
    position: tuple[float, float]
    points: int
    sensor: str
    stamp: float

    @property
    def text(self) -> str:
        """In words."""
        x, y = self.position
        return (
            f"person in {self.zone} at ({x:.2f}, {y:.2f}) m, {self.points} returns, {self.sensor}"
        )


@dataclass(frozen=True)
class Level:
    """A level cause for `Supervisor.cause`."""

    name: str
    present: bool
    evidence: str
    stamp: float


def clusters(points: F64) -> list[NDArray[np.int64]]:
    """Group points by their place on the floor.

    Args:
        points: shape (n, 3) [m].

    Returns:
        Indices of each group's points, in order of the grid. Points whose cells are at most two
        apart are in one group.
    """
    if not len(points):
        return []
    cells = np.floor(points[:, :2] / _CELL).astype(int)
    cells -= cells.min(axis=0)
    grid = np.zeros(cells.max(axis=0) + 1, bool)
    grid[cells[:, 0], cells[:, 1]] = True
    # grown by one cell, groups up to two cells apart touch
    grown = ndimage.binary_dilation(grid, np.ones((3, 3), bool))
    labels, count = ndimage.label(grown, np.ones((3, 3), int))
    of = labels[cells[:, 0], cells[:, 1]]
    return [np.flatnonzero(of == k) for k in range(1, count + 1)]


class SeparationMonitor:
    """Looks for people in the scans of the cell LiDARs.

    Args:
        world: LiDARs, zones, `safety.clear_time`, `safety.separation`.
        scene: holds at least what stands still; moving bodies are left out of the background.

    Attributes:
        floor: of the protective zones, and what of it is hidden.
        separations: the terms of S_p; None where the world has zones alone.
        motions: of the arms, as last given.
        approaches: of each person to an arm, as of the last scan.

    Raises:
        SafetyError: a LiDAR is carried by an arm: its background is not constant.
    """

    def __init__(self, world: World, scene: Scene) -> None:
        self._lidars = world.lidars()
        self._zones = world.zones
        self._clear_time = world.safety.clear_time
        self._expected: dict[str, F64] = {}
        self._poses: dict[str, Pose] = {}
        self._last: dict[str, Intrusion] = {}
        self._seen: dict[str, float] = {}
        self._faults: dict[str, tuple[str, float]] = {}
        self.separations = None if world.safety.separation is None else Separations(world)
        self._tracker = Tracker(self._clear_time)
        self._near: dict[str, tuple[Approach, float]] = {}
        self.motions: tuple[ArmMotion, ...] = ()
        self.approaches: tuple[Approach, ...] = ()
        empty = scene.place(None)
        for name, lidar in self._lidars.items():
            if lidar.mount.arm is not None:
                raise SafetyError(
                    f"sensors.{name}.mount.arm is '{lidar.mount.arm}'; a LiDAR that watches zones "
                    "stands still: valid: no arm"
                )
            pose = Pose.at(lidar.mount.place)
            rays = beams(lidar)
            met = scene.cast(pose.p, pose.rotate(rays.reshape(-1, 3)), empty).range
            table = met.reshape(rays.shape[:2]).astype(float)
            # at the edges of furniture a beam may meet either side: the nearer one counts
            self._expected[name] = ndimage.minimum_filter(table, 3, mode=("wrap", "nearest"))
            self._poses[name] = pose
        self._sights = {name: SensorSight(table) for name, table in self._expected.items()}
        self.floor = HiddenFloor(world, self._expected)
        self._hidden = world.safety.separation

    def foreground(self, sensor: str, scan: Scan, masks: F64) -> F64:
        """Returns that neither the empty cell nor its own bodies explain.

        Args:
            sensor: the LiDAR.
            scan: in the sensor frame.
            masks: spheres of the moving bodies in the world, shape (m, 4) [m].

        Returns:
            Points in the world, shape (n, 3) [m].

        Raises:
            SafetyError: unknown sensor, a return of a ring that the sensor does not have.
        """
        spec = self._spec(sensor)
        good = np.isfinite(scan.points).all(axis=1)
        points, ring = scan.points[good].astype(float), scan.ring[good].astype(int)
        if len(ring) and ring.max() >= spec.rings:
            raise SafetyError(f"{sensor}: ring {ring.max()}; valid: 0 to {spec.rings - 1}")
        azimuth = np.arctan2(points[:, 1], points[:, 0])
        column = np.rint(azimuth / (2 * np.pi) * spec.columns).astype(int) % spec.columns
        far = self._expected[sensor][column, ring]
        near = np.linalg.norm(points, axis=1) < far - _MARGIN - 4 * spec.noise
        world = self._poses[sensor].apply(points[near])
        for x, y, z, radius in masks:
            apart = world - (x, y, z)
            outside = np.einsum("ij,ij->i", apart, apart) > (radius + _MASK) ** 2
            world = world[outside]
        return world

    @property
    def tracks(self) -> tuple[Track, ...]:
        """Who and what is followed."""
        return self._tracker.tracks

    def stopped(self, report: StopReport) -> None:
        """An arm has stopped: what that took enters S_p."""
        if self.separations is not None:
            self.separations.stopped(report)

    def saw(self, latency: float) -> None:
        """A turn was judged so long after its last light [s]: this enters S_p."""
        if self.separations is not None:
            self.separations.saw(latency)

    def update(
        self,
        sensor: str,
        scan: Scan,
        masks: F64,
        now: float,
        motions: Sequence[ArmMotion] = (),
    ) -> Intrusion | None:
        """Look at one scan.

        Args:
            sensor: the LiDAR.
            scan: in the sensor frame.
            masks: spheres of the moving bodies in the world, shape (m, 4) [m].
            now: time [s].
            motions: of the arms at that time; without them only zones count.

        Returns:
            The gravest intrusion into a zone of this scan, None where there is none.

        Raises:
            SafetyError: see `foreground`; or the scan's stamp is no time.
        """
        if not np.isfinite(scan.stamp):
            raise SafetyError(f"{sensor}: scan stamp {scan.stamp}; valid: a time in s")
        self._spec(sensor)
        points = self.foreground(sensor, scan, masks)
        table = range_table(self._lidars[sensor], scan)
        fault = self._sights[sensor].fault(table, scan)
        if fault:
            self._faults[sensor] = f"{sensor} is {fault}", scan.stamp
        else:
            self._faults.pop(sensor, None)
        self.floor.look(sensor, table)
        gravest: Intrusion | None = None
        groups = clusters(points)
        self._follow(sensor, [points[g] for g in groups], now, motions)
        for group in groups:
            found = self._judge(sensor, points[group], scan.stamp)
            if found is None:
                continue
            self._last[found.role], self._seen[found.role] = found, now
            if gravest is None or found.role == "protective":
                gravest = found
        return gravest

    def levels(self, now: float) -> tuple[Level, ...]:
        """The causes to tell the supervisor: a zone is clear `clear_time` after the last sight."""
        told = []
        for role, cause in (("protective", PERSON), ("warning", SLOW_CAUSE)):
            reasons = []
            if role in self._near and now - self._near[role][1] <= self._clear_time:
                near, _ = self._near[role]
                reasons.append((near.text, near.track.seen))
            last = self._last.get(role)
            if last is not None and now - self._seen[role] <= self._clear_time:
                reasons.append((last.text, last.stamp))
            text, stamp = reasons[0] if reasons else ("", 0.0)
            told.append(Level(cause, bool(reasons), text, stamp))
        faults = dict(self._faults)
        if self.hidden:
            where = self.floor.hidden.mean(axis=0)
            text = f"{self.hidden:.2f} m^2 about ({where[0]:.1f}, {where[1]:.1f}) m hidden"
            if self._hidden is not None and self._hidden.hidden == "stop":
                faults["hidden"] = text, now
            elif self._hidden is not None and self._hidden.hidden == "slow":
                told[1] = Level(SLOW_CAUSE, True, told[1].evidence or text, now)
        text = "; ".join(text for text, _ in faults.values())
        newest = max((at for _, at in faults.values()), default=0.0)
        told.append(Level(SILENT, bool(faults), text, newest))
        return tuple(told)

    @property
    def hidden(self) -> float:
        """Floor of protective zones in a blind spot that the policy minds, else 0 [m^2]."""
        if self._hidden is None or self.floor.area <= self._hidden.hidden_area:
            return 0.0
        return self.floor.area

    def _follow(
        self, sensor: str, groups: Sequence[F64], now: float, motions: Sequence[ArmMotion]
    ) -> None:
        """Follow all groups, and compare people with the arms."""
        seen = [
            Sighting(g[:, :2].mean(axis=0), g, _is_person(g), sensor)
            for g in groups
            if len(g) >= _OBJECT
        ]
        tracks = self._tracker.update(seen, now)
        self.motions = tuple(motions)
        if self.separations is None:
            return
        self.separations.moved(motions, now)
        self.approaches = self.separations.judge(tracks, motions)
        # the one that lacks the most comes last, and stays
        for near in sorted(self.approaches, key=lambda a: a.required.total - a.distance):
            if near.role and near.track.seen >= now:
                self._near[near.role] = near, now

    def _judge(self, sensor: str, points: F64, stamp: float) -> Intrusion | None:
        """The gravest zone that a group of points reaches, if the group is a person."""
        if not _is_person(points):
            return None
        for role in ("protective", "warning"):
            for name, zone in self._zones.items():
                if zone.role != role:
                    continue
                within = points[inside(points[:, :2], zone.polygon)]
                if len(within) >= _IN_ZONE:
                    x, y = within[:, :2].mean(axis=0)
                    position = (float(x), float(y))
                    return Intrusion(name, role, position, len(points), sensor, stamp)
        return None

    def _spec(self, sensor: str) -> Lidar:
        if sensor not in self._lidars:
            raise SafetyError(f"no LiDAR '{sensor}'; {did_you_mean(sensor, self._lidars)}")
        return self._lidars[sensor]


def _is_person(points: F64) -> bool:
    return len(points) >= _POINTS and float(np.ptp(points[:, 2])) >= _HEIGHT
