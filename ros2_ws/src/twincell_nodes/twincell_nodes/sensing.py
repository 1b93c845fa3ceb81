"""What the sensor nodes have in common: geometry of their own, moved by the body states."""

from abc import ABC, abstractmethod

import numpy as np
from std_msgs.msg import Header
from twincell_msgs.msg import BodyStates, ProductionEvent

from twincell.cell.assembly import assemble, generator, mount_body, mount_pose
from twincell.cell.history import PoseHistory, rows_of
from twincell.errors import SensorError, did_you_mean
from twincell.geometry.pose import Pose
from twincell.production.physical import blinded
from twincell.sensing.scene import Placement, Scene
from twincell.world.sensors import Sensor
from twincell_nodes import qos
from twincell_nodes.conversions import header, seconds
from twincell_nodes.messages import event_of
from twincell_nodes.qos import STREAM
from twincell_nodes.running import CellNode

__all__ = ["SensorNode"]


MOST = 20
"""Measurements in one message, at most."""
LATE = 0.25
"""Fast sensors make good what they missed for so long, e.g. while poses were lost [s]."""


class SensorNode(CellNode, ABC):
    """A sensor that measures as soon as the bodies' poses of its next moment are known.

    Parameters: `sensor`, its name in the world file.

    Args:
        kind: default node name.
        together: whether all measurements that body states make known at once go out as one.
    """

    def __init__(self, kind: str, together: bool = False) -> None:
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
        self._period = 1.0 / self.spec.rate
        self._together = together
        self._next: float | None = None
        self.history = PoseHistory()
        self._named: tuple[str, ...] = ()
        self._rows = np.zeros(0, np.int64)
        self._progress = self.create_publisher(Header, "cell/progress", qos.RELIABLE)
        self._blind_until = 0.0
        self._bodies = self.create_subscription(BodyStates, "cell/body_states", self._heard, STREAM)
        self.create_subscription(ProductionEvent, "production/events", self._told, qos.RELIABLE)

    @abstractmethod
    def measure(self, start: float, end: float) -> None:
        """Measure from `start` to `end` [s] and publish; poses up to `end` are known."""

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
        self._keep_up(message)
        for later in self.waiting(self._bodies):
            self._keep_up(later)
        newest = self.history.newest
        if self._together and newest is not None:
            self._measure_until(newest, MOST)

    def _keep_up(self, message: BodyStates) -> None:
        time = seconds(message.header.stamp)
        self.history.hear(time, message.names, message.poses)
        late = max(2 * self._period, LATE)
        if self._next is None or not -self._period <= time - self._next <= late:
            # at the start, after a jump of the clock, and where it cannot keep up
            self._next = time
        if not self._together:
            self._measure_until(time, 1)

    def _measure_until(self, time: float, most: int) -> None:
        """Make all measurements that are due, at most so many at once."""
        if self._next is None:
            return
        while (due := int((time - self._next) / self._period + 1e-6)) > 0:
            start, self._next = self._next, self._next + min(due, most) * self._period
            if start >= self._blind_until:
                self.measure(start, self._next)
            self._progress.publish(header(self._next, self.sensor))

    def _told(self, message: ProductionEvent) -> None:
        """A disruption may blind it for a time."""
        blind = blinded(event_of(message))
        if blind is not None and blind[0] == self.sensor:
            self._blind_until = blind[1]
            self.get_logger().warning(f"sees nothing until {blind[1]:.1f} s")
