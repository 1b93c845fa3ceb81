"""A spinning LiDAR: `<sensor>/points`."""

import numpy as np
from sensor_msgs.msg import PointCloud2

from twincell.sensing.lidar import scan
from twincell_nodes.conversions import scan_cloud
from twincell_nodes.qos import SENSOR
from twincell_nodes.running import run
from twincell_nodes.sensing import SensorNode

__all__ = ["LidarNode", "main"]

PARTS = 4
"""Parts of a turn in which bodies stand still: a person at 1.6 m/s moves 4 cm in one at 10 Hz."""


class LidarNode(SensorNode):
    """Publishes one cloud a turn, stamped with its first firing, in frame `<sensor>`."""

    def __init__(self) -> None:
        super().__init__("lidar")
        self._points = self.create_publisher(PointCloud2, f"{self.sensor}/points", SENSOR)

    def measure(self, start: float, end: float) -> None:
        """One turn."""
        middles = start + (np.arange(PARTS) + 0.5) / PARTS * (end - start)
        sensors, placed = self.placements(middles)
        turn = scan(self.scene, self.spec, sensors, placed, start, self.rng)
        self._points.publish(scan_cloud(turn, self.sensor))


def main(args=None) -> None:
    """Entry point."""
    run(LidarNode, args)
