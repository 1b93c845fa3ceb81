"""A laser line profiler: `<sensor>/points`, a row a line."""

import numpy as np
from sensor_msgs.msg import PointCloud2

from twincell.sensing.profiler import lines
from twincell.stack.surface import PROFILES
from twincell_nodes.conversions import profiles_cloud
from twincell_nodes.qos import SENSOR
from twincell_nodes.running import run
from twincell_nodes.sensing import SensorNode

__all__ = ["LINES", "ProfilerNode", "main"]

LINES = PROFILES
"""Lines a message: at 250 Hz a message each 40 ms, which bounds the wait of a line."""


class ProfilerNode(SensorNode):
    """Publishes organised clouds in the optical frame, NaN where no light returned (REP-117)."""

    def __init__(self) -> None:
        super().__init__("profiler", LINES)
        self._points = self.create_publisher(PointCloud2, f"{self.sensor}/points", SENSOR)

    def measure(self, start: float, end: float) -> None:
        """The lines of one message."""
        stamps = start + np.arange(1, LINES + 1) / LINES * (end - start)
        sensors, placed = self.placements(stamps)
        measured = lines(self.scene, self.spec, sensors, placed, stamps, self.rng)
        self._points.publish(profiles_cloud(measured, self.optical_frame))


def main(args=None) -> None:
    """Entry point."""
    run(ProfilerNode, args)
