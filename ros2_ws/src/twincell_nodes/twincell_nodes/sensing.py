"""What the sensor nodes have in common: geometry of their own, moved by the body states."""

import numpy as np
from std_msgs.msg import Header
from twincell_msgs.msg import BodyStates

from twincell.cell.assembly import assemble, generator, mount_body, mount_pose
from twincell.cell.history import PoseHistory, rows_of
from twincell.errors import SensorError, did_you_mean
from twincell.geometry.pose import Pose
from twincell.sensing.scene import Placement, Scene
from twincell.world.sensors import Sensor
from twincell_nodes import qos
from twincell_nodes.conversions import header, seconds
from twincell_nodes.qos import STREAM
from twincell_nodes.running import CellNode

__all__ = ["SensorNode"]


class SensorNode(CellNode):
    """A sensor that measures as soon as the bodies' poses of its next moment are known.

    Parameters: `sensor`, its name in the world file.

    Args:
        kind: default node name.
        depth: message period in measurements, for sensors that send several at once.
    """

    def __init__(self, kind: str, depth: int = 1) -> None:
        super().__init__(kind, sensor=kind)
        self.sensor: str = self.parameter("sensor")
        if self.sensor not in self.world.sensors:
            hint = did_you_mean(self.sensor, self.world.sensors)
            raise SensorError(f"parameter sensor: no sensor '{self.sensor}'; {hint}")
        self.spec: Sensor = self.world.sensors[self.sensor]
        assembly = assemble(self.world, self.path, self.seed)
        self.scene = Scene(assembly.bodies)
        self.rng = generator(self.seed, f"sensor/{self.sensor}")
        self._offset = mount_pose(self.spec)
        self._carrier = mount_body(self.world, self.spec)
        self.optical_frame = self.sensor if self._carrier is None else self._frame()
        """Frame of what it measures."""
        self._period = depth / self.spec.rate
        self._next: float | None = None
        self.history = PoseHistory()
        self._named: tuple[str, ...] = ()
        self._rows = np.zeros(0, np.int64)
        self._progress = self.create_publisher(Header, "cell/progress", qos.RELIABLE)
        self.create_subscription(BodyStates, "cell/body_states", self._heard, STREAM)

    def measure(self, start: float, end: float) -> None:
        """Measure from `start` to `end` [s] and publish; poses up to `end` are known."""
        raise NotImplementedError

    def placements(self, times: np.ndarray) -> tuple[list[Pose], list[Placement]]:
        """Pose of the sensor and of all bodies at each time [s]."""
        rows = self.history.at(times)
        if self._named is not self.history.names:
            self._named = self.history.names
            self._rows = rows_of(self._named, self.scene.moving)
        placed = [self.scene.place(r[self._rows]) for r in rows]
        if self._carrier is None:
            return [self._offset] * len(rows), placed
        carrier = self.history.index(self._carrier)
        return [Pose.from_array(r[carrier]) @ self._offset for r in rows], placed

    def pose_of(self, spec: Sensor, time: float) -> Pose:
        """Pose of another sensor of the cell at a time [s]."""
        offset, carrier = mount_pose(spec), mount_body(self.world, spec)
        if carrier is None:
            return offset
        return Pose.from_array(self.history.at([time])[0][self.history.index(carrier)]) @ offset

    def _frame(self) -> str:
        """The carrying link's frame where the sensor sits in its origin, else one of its own."""
        still = np.allclose(self._offset.as_array(), Pose.identity().as_array())
        return self._carrier if still else self.sensor

    def _heard(self, message: BodyStates) -> None:
        time = seconds(message.header.stamp)
        self.history.hear(time, message.names, message.poses)
        if self._next is None or not -self._period <= time - self._next <= 2 * self._period:
            # at the start, after a jump of the clock, and where it cannot keep up
            self._next = time
        if time >= self._next + self._period:
            start, self._next = self._next, self._next + self._period
            self.measure(start, start + self._period)
            done = header(start + self._period, self.sensor)
            self._progress.publish(done)
