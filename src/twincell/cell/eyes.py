"""The sensors of the lockstep cell: each measures when it is due, with chance of its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from twincell.cell.assembly import Assembly, generator, mount_body, mount_pose
from twincell.cell.history import PoseHistory
from twincell.geometry.pose import Pose
from twincell.sensing.lidar import other_lidar, part_times, scan
from twincell.sensing.multispectral import image
from twincell.sensing.profiler import lines
from twincell.sensing.scene import Scene
from twincell.sensing.types import Profiles, Scan, SpectralImage
from twincell.world.sensors import Lidar, Multispectral, Profiler

__all__ = ["Eyes", "pose_names"]

Array = NDArray[np.float64]


class Eyes:
    """Casts rays at the poses that physics gives.

    Args:
        assembly: the cell; one scene serves all sensors.

    Attributes:
        names: of the bodies whose poses are wanted, in the order of the pose rows: first what
            the scene holds, then links without a mesh that carry a sensor or a part.
    """

    def __init__(self, assembly: Assembly) -> None:
        self._assembly = assembly
        self.scene = Scene(assembly.bodies)
        self.names = pose_names(assembly, self.scene)
        turns = [1.0 / s.rate for s in assembly.world.lidars().values() if s.effects.motion]
        self._history = PoseHistory(span=max([0.1, *turns]))
        self._row = {name: i for i, name in enumerate(self.names)}
        sensors = assembly.world.sensors
        self._rng = {name: generator(assembly.seed, f"sensor/{name}") for name in sensors}
        self._due = dict.fromkeys(sensors, 0.0)

    def due(self, sensor: str, now: float) -> bool:
        """Whether a sensor measures now; if so its next time is set."""
        if now + 1e-9 < self._due[sensor]:
            return False
        self._due[sensor] += 1.0 / self._assembly.world.sensors[sensor].rate
        return True

    def sensor_pose(self, sensor: Lidar | Profiler | Multispectral, poses: Array) -> Pose:
        """World pose of a sensor frame, from the rows of body poses, shape (n, 7)."""
        body = mount_body(self._assembly.world, sensor)
        local = mount_pose(sensor)
        return local if body is None else self.body_pose(body, poses) @ local

    def body_pose(self, name: str, poses: Array) -> Pose:
        """World pose of a body, from the rows of body poses."""
        return Pose.from_array(poses[self._row[name]])

    def turn(self, name: str, poses: Array, now: float) -> Scan:
        """One LiDAR scan: of this moment, or with `effects.motion` of the turn that ends now."""
        world = self._assembly.world
        lidars = world.lidars()
        sensor = lidars[name]
        others = []
        if sensor.effects.interference:
            there = {n: self.sensor_pose(other, poses) for n, other in lidars.items() if n != name}
            others = [other_lidar(lidars[n], pose) for n, pose in there.items()]
        start = now - 1.0 / sensor.rate if sensor.effects.motion else now
        rows = self._history.at(part_times(sensor, start)) if sensor.effects.motion else [poses]
        where = [self.sensor_pose(sensor, row) for row in rows]
        placed = [self.scene.place(row[: len(self.scene.moving)]) for row in rows]
        return scan(self.scene, sensor, where, placed, start, self._rng[name], others=others)

    def see(self, now: float, poses: Array) -> None:
        """Take note of where the bodies are; lines are cast at poses in between."""
        self._history.hear(now, self.names, poses)

    def poses_at(self, when: float) -> Array:
        """Rows of body poses at a recent time [s], shape (n, 7); the oldest kept before that."""
        row: Array = self._history.at(when)[0]
        return row

    def line_poses(self, name: str, t0: float, t1: float) -> list[tuple[float, Array]]:
        """Stamps of the profiler's lines in (t0, t1], each with the bodies' poses at that time."""
        period = 1.0 / self._assembly.world.sensors[name].rate
        first = int(np.floor(t0 / period + 1e-9)) + 1
        last = int(np.floor(t1 / period + 1e-9))
        stamps = np.arange(first, last + 1) * period
        if len(stamps) == 0:
            return []
        return list(zip(stamps.tolist(), self._history.at(stamps), strict=True))

    def profile(self, name: str, when: Sequence[tuple[float, Array]]) -> Profiles:
        """The profiler's lines at given stamps and poses (see `line_poses`)."""
        sensor = self._assembly.world.profilers()[name]
        where = [self.sensor_pose(sensor, rows) for _, rows in when]
        placements = [self.scene.place(rows[: len(self.scene.moving)]) for _, rows in when]
        stamps = [stamp for stamp, _ in when]
        return lines(self.scene, sensor, where, placements, stamps, self._rng[name])

    def picture(self, name: str, poses: Array, now: float) -> SpectralImage:
        """One image of a camera."""
        sensor = self._assembly.world.cameras()[name]
        where = self.sensor_pose(sensor, poses)
        placement = self.scene.place(poses[: len(self.scene.moving)])
        return image(self.scene, sensor, where, placement, now, self._rng[name])


def pose_names(assembly: Assembly, scene: Scene) -> tuple[str, ...]:
    """Bodies whose poses sensing and inspection need: those of the scene come first."""
    world = assembly.world
    carriers = {mount_body(world, sensor) for sensor in world.sensors.values()}
    carriers |= {f"{n}/{d.tip}" for n, d in assembly.descriptions.items()}
    more = sorted(c for c in carriers if c is not None and c not in scene.moving)
    return (*scene.moving, *more)
