"""The scan of a blade: what profiler and camera see of it goes to the detector as it arrives."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from twincell.cell.assembly import Assembly
from twincell.cell.eyes import Eyes
from twincell.geometry.pose import Pose
from twincell.inspection.anomaly import Anomaly, Verdict
from twincell.inspection.detector import CrackDetector
from twincell.physics.cell import PhysicsCell
from twincell.world.sensors import Multispectral, Profiler

__all__ = ["EYE", "TARGET", "Scanning"]

Array = NDArray[np.float64]

EYE, TARGET = (2.9, -2.4, 2.3), (0.6, 0.0, 0.75)
"""Of the picture for the report [m]."""
BATCH = 4
"""Lines of the profiler that travel together: 16 ms at 250 Hz."""


class Scanning:
    """One blade at a time, from its first line to its verdict or to the crack that ends it.

    Args:
        assembly: the world made concrete.
        eyes: cast the rays.
        physics: draws the picture for the report.
        blind: whether a sensor sees nothing at a time [s].

    Attributes:
        detector: that the lines and images go to.
        picture: of the cell at its first scan, shape (h, w, 3).
        deviations: the detector's deviation map of each blade, as the detector gives it.
    """

    def __init__(
        self,
        assembly: Assembly,
        eyes: Eyes,
        physics: PhysicsCell,
        blind: Callable[[str, float], bool],
    ) -> None:
        world = assembly.world
        self._assembly, self._eyes, self._physics, self._blind = assembly, eyes, physics, blind
        self._profiler = world.profilers()[world.inspection.profiler]
        self._camera = world.cameras().get(world.inspection.camera or "")
        self.detector = CrackDetector(
            assembly.model, world.inspection, self._profiler, self._camera
        )
        self.picture: NDArray[np.uint8] | None = None
        self.deviations: dict[str, tuple[Array, Array, NDArray[np.bool_]]] = {}
        self._on = self._lit = self._seen = False
        self._buffer: list[tuple[float, Array]] = []
        self._next_image = 0.0

    def start(self, part: str, now: float) -> None:
        """A scan of a blade begins."""
        self.detector.start(part, now)
        self._on, self._buffer = True, []

    def cut_short(self, part: str) -> None:
        """Nobody needs the rest of the scan."""
        self._on = False
        self._map(part)

    def finish(self, now: float) -> Verdict:
        """The verdict on the whole scan.

        Raises:
            InspectionError: there is none.
        """
        self._on = False
        verdict = self.detector.finish(now)
        self._map(verdict.part)
        return verdict

    def profile(self, t0: float, now: float) -> tuple[Anomaly, ...]:
        """The profiler's lines since `t0`, and what the detector finds in them.

        Like a profiler's own buffer, `BATCH` lines travel together.
        """
        self._lit = False
        if not self._on:
            return ()
        name = self._assembly.world.inspection.profiler
        self._buffer += self._eyes.line_poses(name, t0, now)
        if len(self._buffer) < BATCH:
            return ()
        lines, self._buffer = self._buffer, []
        if self._blind(name, now):
            return ()
        if self.picture is None and self._seen:
            self.picture = self._physics.picture(960, 600, EYE, TARGET)
        profiles = self._eyes.profile(name, lines)
        sensors = [self._in_part(self._profiler, rows) for _, rows in lines]
        self._seen = True
        self._lit = bool(np.isfinite(profiles.points[-1, :, 2]).any())
        return self.detector.push(profiles, sensors, now)

    def photograph(self, poses: Array, now: float) -> None:
        """An image for the detector, while the laser lies on the part.

        Args:
            poses: of all bodies, as `PhysicsCell.poses`.
            now: time [s].
        """
        name = self._assembly.world.inspection.camera
        if not (self._on and self._lit) or self._camera is None or name is None:
            return
        if now < self._next_image or self._blind(name, now):
            return
        self._next_image = now + 1.0 / self._camera.rate
        taken = self._eyes.picture(name, poses, now)
        self.detector.look(taken, self._in_part(self._camera, poses))

    def _in_part(self, sensor: Profiler | Multispectral, poses: Array) -> Pose:
        """Pose of a sensor in the frame of the clamped part, as encoders and the drawing say."""
        fixture = self._assembly.world.fixture
        tip = self._assembly.descriptions[fixture.arm].tip
        datum = self._eyes.body_pose(f"{fixture.arm}/{tip}", poses) @ Pose.at(fixture.place)
        return datum.inverse() @ self._eyes.sensor_pose(sensor, poses)

    def _map(self, part: str) -> None:
        """Keep the scan's deviation from the CAD for the report's pictures."""
        self.deviations[part] = self.detector.deviation()
