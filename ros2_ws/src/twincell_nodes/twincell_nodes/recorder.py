"""The recorder: every topic of the ROS surface into a bag (MCAP), and a table of rates."""

import importlib
import os
import struct
from functools import partial
from pathlib import Path

from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription

from twincell.errors import AssetError
from twincell.stack.recording import Bag, Rates, typestore
from twincell.stack.surface import Topic, topics
from twincell_nodes.running import CellNode, run

__all__ = ["RecorderNode", "main"]


class RecorderNode(CellNode):
    """Writes `<out>/bag` and, at its end, `<out>/rates.json`.

    Parameters: `out`, folder of the run.
    """

    def __init__(self) -> None:
        super().__init__("recorder", out="out/ros", real_time_factor=1.0)
        self._time = 0.0
        out = Path(self.parameter("out")).resolve()
        self._rates_file = out / "rates.json"
        surface = {self.resolve_topic_name(t.name): t for t in topics(self.world)}
        if (out / "bag").exists():
            raise AssetError(f"'{out / 'bag'}' exists; give another folder by the parameter out")
        out.mkdir(parents=True, exist_ok=True)
        shares = [Path(p) / "share" for p in os.environ["AMENT_PREFIX_PATH"].split(os.pathsep)]
        store = typestore(shares, [t.type for t in surface.values()])
        self.bag = Bag(out / "bag", surface, store, self.world.recording)
        self.rates = Rates(surface)
        self._first: float | None = None
        self._open: dict[str, Subscription] = {}
        for name, topic in surface.items():
            self._open[name] = self.create_subscription(
                _class_of(topic.type), name, partial(self._hear, name), _qos(topic), raw=True
            )

    def _hear(self, name: str, data: bytes) -> None:
        self._keep(name, data)
        for later in self.waiting(self._open[name]):
            self._keep(name, later)

    def _keep(self, name: str, data: bytes) -> None:
        if name == "/clock":
            self._time = _clock(data)
        now = self._time
        self._first = now if self._first is None else self._first
        self.rates.count(name, now, len(data))
        self.bag.write(name, now, data)

    def destroy_node(self) -> None:
        """Close the bag; without this it has no index."""
        self.bag.close()
        duration = 0.0 if self._first is None else self._time - self._first
        self.rates.save(self._rates_file, duration)
        super().destroy_node()


def _clock(data: bytes) -> float:
    """Time of a serialized Clock [s]: four bytes of encapsulation, then seconds, nanoseconds."""
    whole, rest = struct.unpack("<iI" if data[1] & 1 else ">iI", data[4:12])
    return whole + rest * 1e-9


def _class_of(name: str) -> type:
    """The message class of e.g. `std_msgs/msg/String`."""
    package, kind, message = name.split("/")
    return getattr(importlib.import_module(f"{package}.{kind}"), message)


def _qos(topic: Topic) -> QoSProfile:
    return QoSProfile(
        depth=50 if topic.rate and topic.rate > 50 else 10,
        reliability=ReliabilityPolicy.RELIABLE if topic.reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=(
            DurabilityPolicy.TRANSIENT_LOCAL if topic.latched else DurabilityPolicy.VOLATILE
        ),
    )


def main(args=None) -> None:
    """Entry point."""
    run(RecorderNode, args)
