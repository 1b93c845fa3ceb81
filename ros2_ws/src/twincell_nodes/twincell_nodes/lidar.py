"""A spinning LiDAR: `<sensor>/points`."""

import numpy as np
from sensor_msgs.msg import PointCloud2

from twincell.sensing.interference import Other
from twincell.sensing.lidar import PARTS as FINE
from twincell.sensing.lidar import other_lidar, scan
from twincell_nodes.conversions import scan_cloud
from twincell_nodes.qos import SENSOR
from twincell_nodes.running import run
from twincell_nodes.sensing import SensorNode

__all__ = ["LidarNode", "main"]

PARTS = 4
"""Parts of a turn in which bodies stand still: a person at 1.6 m/s moves 4 cm in one at 10 Hz.

With `effects.motion` there are as many as `sensing.lidar.PARTS`."""


class LidarNode(SensorNode):
    """Publishes one cloud a turn, stamped with its first firing, in frame `<sensor>`."""

    def __init__(self) -> None:
        super().__init__("lidar")
        self._points = self.create_publisher(PointCloud2, f"{self.sensor}/points", SENSOR)

    def measure(self, start: float, end: float) -> None:
        """One turn."""
        parts = min(FINE if self.spec.effects.motion else PARTS, self.spec.columns)
        middles = start + (np.arange(parts) + 0.5) / parts * (end - start)
        sensors, placed = self.placements(middles)
        others = self._others(start)
        turn = scan(self.scene, self.spec, sensors, placed, start, self.rng, others=others)
        self._points.publish(scan_cloud(turn, self.sensor))

    def _others(self, time: float) -> list[Other]:
        """The cell's other LiDARs, where this one hears them."""
        if not self.spec.effects.interference:
            return []
        lidars = {n: s for n, s in self.world.lidars().items() if n != self.sensor}
        return [other_lidar(s, self.pose_of(s, time)) for s in lidars.values()]


def main(args=None) -> None:
    """Entry point."""
    run(LidarNode, args)
