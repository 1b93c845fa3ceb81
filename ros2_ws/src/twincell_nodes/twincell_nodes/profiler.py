"""A laser line profiler: `<sensor>/points`, a row a line."""

import numpy as np
from sensor_msgs.msg import PointCloud2

from twincell.sensing.profiler import lines
from twincell_nodes import qos
from twincell_nodes.conversions import profiles_cloud
from twincell_nodes.running import SEEING, run
from twincell_nodes.sensing import SensorNode

__all__ = ["ProfilerNode", "main"]


class ProfilerNode(SensorNode):
    """Publishes organised clouds in the optical frame, NaN where no light returned (REP-117)."""

    def __init__(self) -> None:
        super().__init__("profiler", together=True)
        self._points = self.create_publisher(PointCloud2, f"{self.sensor}/points", qos.PROFILES)

    def measure(self, start: float, end: float) -> None:
        """The lines of one message: all that a body state made known."""
        count = round((end - start) * self.spec.rate)
        stamps = start + np.arange(1, count + 1) / count * (end - start)
        sensors, placed = self.placements(stamps)
        measured = lines(self.scene, self.spec, sensors, placed, stamps, self.rng)
        self._points.publish(profiles_cloud(measured, self.optical_frame))


def main(args=None) -> None:
    """Entry point."""
    run(ProfilerNode, args, urgent=SEEING)
