"""What a run recorded: a rosbag2 bag of MCAP, and how often each topic spoke."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from rosbags.interfaces import (
    Connection,
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from twincell.errors import AssetError
from twincell.stack.surface import Keep, Topic
from twincell.world.model import Recording

__all__ = ["FAST", "Bag", "Rate", "Rates", "typestore"]

FAST = 0.1
"""Shortest time between two kept messages of topics that can be made again from the joints [s]."""

_NEVER = QosTime(9223372036, 854775807)


def typestore(shares: Sequence[Path], types: Sequence[str]) -> Typestore:
    """The definitions of message types, with those of installed packages.

    Args:
        shares: `share` folders of install prefixes, first wins.
        types: e.g. `twincell_msgs/msg/Plan`; the whole of each package is taken in.

    Raises:
        AssetError: a package is installed nowhere.
    """
    store = get_typestore(Stores.ROS2_JAZZY)
    found: dict[str, Any] = {}
    for package in dict.fromkeys(name.split("/")[0] for name in types):
        if all(name in store.fielddefs for name in types if name.startswith(f"{package}/")):
            continue
        folder = next((s / package / "msg" for s in shares if (s / package / "msg").is_dir()), None)
        if folder is None:
            looked = ", ".join(map(str, shares))
            raise AssetError(f"no message definitions of '{package}'; looked in {looked}")
        for file in sorted(folder.glob("*.msg")):
            name = f"{package}/msg/{file.stem}"
            found |= get_types_from_msg(file.read_text(encoding="utf-8"), name)
    store.register({n: d for n, d in found.items() if n not in store.fielddefs})
    return store


def _qos(topic: Topic) -> Qos:
    return Qos(
        QosHistory.KEEP_LAST,
        10,
        QosReliability.RELIABLE if topic.reliable else QosReliability.BEST_EFFORT,
        QosDurability.TRANSIENT_LOCAL if topic.latched else QosDurability.VOLATILE,
        _NEVER,
        _NEVER,
        QosLiveliness.AUTOMATIC,
        _NEVER,
        False,
    )


class Bag:
    """Writes serialized messages; large and fast topics are thinned by simulation time.

    Args:
        path: of the bag's folder; it must not exist.
        topics: what is recorded, by full name.
        store: the definitions of their types.
        recording: how far clouds and profiles are thinned.
    """

    def __init__(
        self, path: Path, topics: Mapping[str, Topic], store: Typestore, recording: Recording
    ) -> None:
        self._writer = Writer(path, version=9, storage_plugin=StoragePlugin.MCAP)
        self._writer.open()
        self._connections: dict[str, Connection] = {
            name: self._writer.add_connection(
                name, topic.type, typestore=store, offered_qos_profiles=[_qos(topic)]
            )
            for name, topic in topics.items()
        }
        intervals: dict[Keep, float] = {
            "all": 0.0,
            "fast": FAST,
            "cloud": recording.cloud_interval,
            "profile": recording.profile_interval,
        }
        self._interval = {name: intervals[topic.keep] for name, topic in topics.items()}
        self._last: dict[str, float] = {}

    def write(self, name: str, time: float, data: bytes) -> bool:
        """Keep a message unless it comes too soon after the last of its topic.

        Args:
            name: of the topic.
            time: simulation time [s].
            data: CDR, as the middleware gave it.

        Returns:
            Whether it was kept.
        """
        last = self._last.get(name)
        if last is not None and 0 <= time - last < self._interval[name] - 1e-9:
            return False
        self._last[name] = time
        self._writer.write(self._connections[name], round(time * 1e9), data)
        return True

    def close(self) -> None:
        """Write the index; the bag is readable only now."""
        self._writer.close()

    def __enter__(self) -> Bag:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


@dataclass
class Rate:
    """How often one topic spoke.

    Attributes:
        type: of its messages.
        expected: [Hz]; None where it speaks only when something happens.
        count: messages.
        size: bytes in all.
        first: time of the first message [s].
        last: time of the last message [s].
        gap: longest silence between two messages [s].
    """

    type: str
    expected: float | None
    count: int = 0
    size: int = 0
    first: float | None = None
    last: float | None = None
    gap: float = 0.0

    @property
    def measured(self) -> float | None:
        """Messages a second of simulation time [Hz]; None for fewer than two."""
        if self.first is None or self.last is None or self.last <= self.first:
            return None
        return (self.count - 1) / (self.last - self.first)


class Rates:
    """Counts messages topic by topic.

    Args:
        topics: by full name.
    """

    def __init__(self, topics: Mapping[str, Topic]) -> None:
        self.topics = {name: Rate(topic.type, topic.rate) for name, topic in topics.items()}

    def count(self, name: str, time: float, size: int) -> None:
        """Note a message.

        Args:
            name: of the topic.
            time: of its arrival in simulation time [s].
            size: bytes.
        """
        rate = self.topics[name]
        if rate.last is not None:
            rate.gap = max(rate.gap, time - rate.last)
        if rate.first is None or time < rate.last:  # type: ignore[operator]
            rate.first = time
        rate.last = time
        rate.count += 1
        rate.size += size

    def silent(self) -> tuple[str, ...]:
        """Topics that never spoke although they have a rate."""
        return tuple(n for n, r in self.topics.items() if r.expected is not None and r.count == 0)

    def table(self) -> dict[str, dict[str, Any]]:
        """Plain data by topic: type, expected, measured [Hz], messages, bytes, longest gap [s]."""
        return {
            name: {
                "type": rate.type,
                "expected": rate.expected,
                "measured": rate.measured,
                "messages": rate.count,
                "bytes": rate.size,
                "longest_gap": rate.gap,
            }
            for name, rate in self.topics.items()
        }

    def save(self, path: Path, duration: float) -> None:
        """Write the table as JSON.

        Args:
            path: of the file.
            duration: of the recording in simulation time [s].
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        data = {"duration": duration, "silent": self.silent(), "topics": self.table()}
        path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
