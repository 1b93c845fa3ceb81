"""What a rosbag2 bag holds (SQLite or MCAP), read without ROS; every cloud, image and anomaly."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rosbags.highlevel import AnyReader, AnyReaderError
from rosbags.typesys import Stores, get_typestore

from twincell.errors import InspectionError
from twincell.inspection.encodings import pixel_bytes

__all__ = ["BagReport", "TopicReport", "cloud_fields", "inspect_bag"]

F64 = NDArray[np.float64]

_TOLD = 200
"""Characters of a library's own words in a message."""
FUTURE = 1.0
"""A stamp may run ahead of its recording by no more than this [s]."""
_TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 8: "f8"}
"""sensor_msgs/PointField datatypes as numpy's."""
_CLOUD, _IMAGE = "sensor_msgs/msg/PointCloud2", "sensor_msgs/msg/Image"
_ANOMALIES = "twincell_msgs/msg/AnomalyArray"


@dataclass
class TopicReport:
    """One topic.

    Attributes:
        topic: its name.
        type: of its messages.
        messages: how many.
        rate: [Hz], by the times of recording; None for fewer than two.
        fields: of clouds.
        points: fewest and most of a cloud.
        not_finite: points of all clouds whose place is NaN or infinite.
        dark: clouds without a finite point: what was scanned was out of reach (REP-117).
        size: width and height of images, and `encoding` their encoding.
        faults: what is wrong, in words.
    """

    topic: str
    type: str
    messages: int = 0
    rate: float | None = None
    fields: tuple[str, ...] = ()
    points: tuple[int, int] = (0, 0)
    not_finite: int = 0
    dark: int = 0
    size: tuple[int, int] = (0, 0)
    encoding: str = ""
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class BagReport:
    """A bag.

    Attributes:
        file: of the bag.
        duration: [s].
        messages: of all topics.
        topics: clouds, images and anomalies first, then by name.
        parts: of a bag of our own cell, the last word on each anomaly, by part.
    """

    file: str
    duration: float
    messages: int
    topics: tuple[TopicReport, ...]
    parts: dict[str, list[dict[str, Any]]]

    def to_dict(self) -> dict[str, Any]:
        """As plain data, with `error` None."""
        return asdict(self) | {"error": None}


def inspect_bag(path: Path) -> BagReport:
    """Read a bag.

    Args:
        path: a .db3 or .mcap file, or the folder of a bag.

    Raises:
        InspectionError: no bag, one that is truncated, or a message that cannot be read.
    """
    if not path.exists():
        raise InspectionError(f"{path}: no such bag; valid: a .db3, a .mcap or a bag's folder")
    if path.is_file() and path.suffix not in (".db3", ".mcap"):
        raise InspectionError(f"{path}: a bag of format '{path.suffix}'; valid: .db3, .mcap")
    if path.is_dir() and not (path / "metadata.yaml").is_file():
        raise InspectionError(
            f"{path}: no metadata.yaml; valid: the folder of a whole bag, or its .db3 or .mcap "
            "alone. Is it still being recorded?"
        )
    try:
        with AnyReader([path], default_typestore=get_typestore(Stores.ROS2_JAZZY)) as reader:
            return _read(reader, path)
    except InspectionError:
        raise
    except (AnyReaderError, Exception) as error:  # each storage fails in its own way
        told = " ".join(str(error).split())[:_TOLD]  # some hold a whole message definition
        raise InspectionError(
            f"{path}: cannot be read: {type(error).__name__}: {told}; valid: a whole rosbag2 "
            "bag. Was it truncated?"
        ) from None


def cloud_fields(message: Any) -> dict[str, NDArray[Any]]:
    """The fields of a PointCloud2 of any layout, by name, a value (or a row of them) a point.

    Raises:
        InspectionError: a layout that contradicts itself or the data.
    """
    order = ">" if message.is_bigendian else "<"
    count = message.width * message.height
    rows, used = message.row_step, message.width * message.point_step
    names = [f.name for f in message.fields]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InspectionError(f"fields of one name: {', '.join(twice)}; valid: a name each")
    for f in message.fields:
        if f.datatype not in _TYPES:
            raise InspectionError(f"field '{f.name}' of datatype {f.datatype}; valid: 1 to 8")
        end = f.offset + max(f.count, 1) * np.dtype(_TYPES[f.datatype]).itemsize
        if end > message.point_step:
            raise InspectionError(
                f"field '{f.name}' ends at byte {end} of a point of {message.point_step}"
            )
    if rows < used or len(message.data) < rows * message.height:
        raise InspectionError(
            f"{len(message.data)} bytes, row_step {rows}; valid: {message.height} rows of at "
            f"least {used} bytes"
        )
    if count == 0 or message.point_step == 0:
        return {f.name: np.empty(0, _TYPES[f.datatype]) for f in message.fields}
    kinds = [order + _TYPES[f.datatype] for f in message.fields]
    layout = np.dtype(
        {
            "names": names,
            "formats": [
                (kind, (f.count,)) if f.count > 1 else kind
                for kind, f in zip(kinds, message.fields, strict=True)
            ],
            "offsets": [f.offset for f in message.fields],
            "itemsize": message.point_step,
        }
    )
    data = np.ascontiguousarray(message.data[: rows * message.height]).reshape(message.height, rows)
    points = np.ascontiguousarray(data[:, :used]).view(layout).reshape(count)
    return {f.name: points[f.name] for f in message.fields}


def _read(reader: AnyReader, path: Path) -> BagReport:
    topics: dict[str, TopicReport] = {}
    spans: dict[str, tuple[int, int]] = {}
    stamps: dict[str, int] = {}
    parts: dict[str, dict[str, dict[str, Any]]] = {}
    for connection in reader.connections:
        topics.setdefault(connection.topic, TopicReport(connection.topic, connection.msgtype))
    for connection, time, raw in reader.messages():
        report = topics[connection.topic]
        report.messages += 1
        spans[connection.topic] = (spans.get(connection.topic, (time, 0))[0], time)
        if connection.msgtype not in (_CLOUD, _IMAGE, _ANOMALIES):
            continue
        number = report.messages
        try:
            message = _message(reader, raw, connection.msgtype)
            if connection.msgtype == _CLOUD:
                _cloud(report, message)
            elif connection.msgtype == _IMAGE:
                _image(report, message)
            else:
                _anomalies(parts, message)
        except InspectionError as error:
            report.faults.append(f"message {number}: {error}")
            continue
        stamp = message.header.stamp.sec * 10**9 + message.header.stamp.nanosec
        _check_stamp(report, number, stamp, stamps.get(connection.topic), time)
        stamps[connection.topic] = stamp
    for name, (first, last) in spans.items():
        if topics[name].messages > 1 and last > first:
            topics[name].rate = (topics[name].messages - 1) / (last - first) * 1e9
    kinds = [_CLOUD, _IMAGE, _ANOMALIES]
    ordered = sorted(
        topics.values(), key=lambda t: (kinds.index(t.type) if t.type in kinds else 9, t.topic)
    )
    total = sum(t.messages for t in ordered)
    return BagReport(
        str(path),
        reader.duration * 1e-9 if total else 0.0,
        total,
        tuple(ordered),
        {part: list(found.values()) for part, found in sorted(parts.items())},
    )


def _message(reader: AnyReader, raw: bytes, kind: str) -> Any:
    try:
        return reader.deserialize(raw, kind)
    except Exception as error:  # bytes that are no such message lead it to all sorts
        told = " ".join(f"{type(error).__name__}: {error}".split())[:_TOLD]
        raise InspectionError(f"{len(raw)} bytes that are no {kind}: {told}") from None


def _cloud(report: TopicReport, message: Any) -> None:
    fields = cloud_fields(message)
    missing = [axis for axis in "xyz" if axis not in fields]
    if missing:
        raise InspectionError(f"no field {', '.join(missing)}; given: {', '.join(fields)}")
    wide = [axis for axis in "xyz" if fields[axis].ndim > 1]
    if wide:
        raise InspectionError(f"several values a point in {', '.join(wide)}; valid: one")
    count = len(fields["x"])
    bad = np.zeros(count, bool)
    for axis in "xyz":
        bad |= ~np.isfinite(fields[axis])
    report.not_finite += int(bad.sum())
    low, high = report.points
    first = not report.fields
    report.points = (count if first else min(low, count), max(high, count))
    report.fields = tuple(fields)
    if count == 0:
        raise InspectionError("an empty cloud")
    report.dark += bool(bad.all())


def _image(report: TopicReport, message: Any) -> None:
    report.size, report.encoding = (message.width, message.height), message.encoding
    least = message.width * pixel_bytes(message.encoding)
    if message.step < least or len(message.data) < message.step * message.height:
        raise InspectionError(
            f"{len(message.data)} bytes, step {message.step}; valid: {message.height} rows of at "
            f"least {least} bytes ({message.encoding})"
        )


def _anomalies(parts: dict[str, dict[str, dict[str, Any]]], message: Any) -> None:
    found = parts.setdefault(message.part_id, {})
    odd = []
    for a in message.anomalies:
        at = a.pose.position
        known = {
            "confidence": a.confidence, "length": a.length, "opening": a.opening_width,
            "depth": a.depth, "x": at.x, "y": at.y, "z": at.z,
        }  # fmt: skip
        values = {key: float(v) if np.isfinite(v) else None for key, v in known.items()}
        odd += [f"{a.id}: {key} is {known[key]}" for key, v in values.items() if v is None]
        center = [values.pop(axis) for axis in "xyz"]
        found[a.id] = {
            "id": a.id,
            "kind": a.kind,
            "severity": a.severity,
            **values,
            "center": center,
        }
    if odd:
        raise InspectionError(f"{'; '.join(odd)}; valid: finite figures")


def _check_stamp(
    report: TopicReport, number: int, stamp: int, before: int | None, time: int
) -> None:
    """Stamps rise, and do not lie ahead of the recording."""
    if before is not None and stamp < before:
        back = 1e-9 * (before - stamp)
        report.faults.append(f"message {number}: its stamp lies {back:.3f} s before the last one's")
    if stamp == 0:
        report.faults.append(f"message {number}: no stamp")
    elif 1e-9 * (stamp - time) > FUTURE:
        ahead = 1e-9 * (stamp - time)
        report.faults.append(f"message {number}: its stamp lies {ahead:.3f} s after its recording")
