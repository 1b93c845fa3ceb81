"""When simulated time begins, goes on and waits; it is published on `/clock`."""

import time

from rosgraph_msgs.msg import Clock
from std_msgs.msg import Header

from twincell.stack.pacing import Gate, Pacer
from twincell.stack.surface import progress_limits
from twincell_nodes import qos
from twincell_nodes.conversions import seconds, stamp
from twincell_nodes.running import CellNode

__all__ = ["Timekeeper"]

CATCH_UP = 0.05
"""Simulated time that is made good after a pause; what is longer is dropped [s]."""
AGAIN = 0.1
"""Period of `/clock` while time stands: the last one may be lost [s of wall time]."""
LONG = 5.0
"""Time that stands for so long is a warning [s of wall time]."""
LOOK = 0.2
"""Period at which it is looked who is there before time begins [s of wall time]."""
START = 120.0
"""Time begins without those who are awaited and not there after so long [s of wall time]."""


class Timekeeper:
    """Paces the steps of a simulation by the wall clock, and waits for those who fall behind.

    Args:
        node: that steps; speaks and hears for it.
        step: of the simulation [s].
        factor: simulated seconds a wall second, 0 as fast as it can.
        awaited: names of nodes that must be there before time begins.

    Attributes:
        begun: whether time has begun.
        pace: what time does, in words.
    """

    def __init__(self, node: CellNode, step: float, factor: float, awaited: set[str]) -> None:
        self._node, self._awaited = node, awaited
        # a step takes a fraction of its time, so a pause of the scheduler is made good at once
        self._pacer = Pacer(step, factor, most=max(1, round(CATCH_UP / step)))
        self._gate = Gate(progress_limits(node.world))
        self._clock = node.create_publisher(Clock, "/clock", qos.CLOCK)
        self._progress = node.mailbox(Header, "cell/progress", qos.PROGRESS)
        self._created = self._looked = self._said = time.monotonic()
        self._stands: float | None = None
        self.begun, self.pace = not awaited, "begins"

    @property
    def dropped(self) -> float:
        """Simulated time that was given up because the machine was too slow [s]."""
        return self._pacer.dropped

    def begin(self, now: float) -> bool:
        """Whether time may begin: everyone who is awaited is there, or it has taken too long.

        Who works in a cell that runs leaves those who still start too little of a small machine.

        Args:
            now: simulated time [s].
        """
        wall = time.monotonic()
        if wall - self._looked < LOOK:
            return False
        self._looked = wall
        told = self._node.get_subscriptions_info_by_topic("cell/body_states")
        # the detector asks for joints alone
        told += self._node.get_publishers_info_by_topic("inspection/alive")
        there = {info.node_name for info in told}
        missing = ", ".join(sorted(self._awaited - there))
        if missing and wall - self._created < START:
            self.pace = f"waits for {missing} to start"
            return False
        if missing:
            self._node.get_logger().warning(f"not there after {START:g} s: {missing}")
        self._gate.expect(now, there)
        self.begun = True
        return True

    def due(self) -> int:
        """Steps to take now."""
        for message in self._node.waiting(self._progress):
            self._gate.hear(message.frame_id, seconds(message.stamp))
        return self._pacer.due(time.monotonic())

    def goes_on(self, now: float, leased: bool) -> bool:
        """Whether the next step may be taken.

        Args:
            now: simulated time [s].
            leased: whether the safety state lets time go on.
        """
        wall = time.monotonic()
        if self._gate.open(now, wall) and leased:
            self._stands, self.pace = None, "runs"
            return True
        held = self._gate.waits_for(wall)
        waits = [f"{name} (at {at:.3f} s)" for name, at in held.items()]
        waits += [] if leased else ["the safety state"]
        self.pace = f"waits for {', '.join(waits)}"
        if wall - self._said > AGAIN:
            self.publish(now)
        if self._stands is None:
            self._stands = wall
        if wall - self._stands > LONG:
            self._stands = wall
            self._node.get_logger().warning(f"time stands at {now:.3f} s: it {self.pace}")
        return False

    def publish(self, now: float) -> None:
        """Tell the time [s]."""
        self._said = time.monotonic()
        self._clock.publish(Clock(clock=stamp(now)))
