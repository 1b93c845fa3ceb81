from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from twincell.errors import InspectionError
from twincell.inspection.bag import inspect_bag

STORE = get_typestore(Stores.ROS2_JAZZY)


def record(path: Path, plugin: StoragePlugin, stamps: list[int], order: str = "<") -> None:
    """Clouds of two rows of three points: padding, a field of two values, padded rows."""
    types = STORE.types
    cloud, field = types["sensor_msgs/msg/PointCloud2"], types["sensor_msgs/msg/PointField"]
    header, time = types["std_msgs/msg/Header"], types["builtin_interfaces/msg/Time"]
    layout = np.dtype(
        {"names": ["z", "x", "y", "uv"], "formats": [order + "f8", order + "f4", order + "f4",
         (order + "u2", (2,))], "offsets": [0, 8, 12, 18], "itemsize": 24}
    )  # fmt: skip
    numbers = {"z": 8, "x": 7, "y": 7, "uv": 4}
    fields = [
        field(n, layout.fields[n][1], numbers[n], 2 if n == "uv" else 1) for n in layout.names
    ]
    with Writer(path, version=9, storage_plugin=plugin) as writer:
        connection = writer.add_connection("/a/points", cloud.__msgtype__, typestore=STORE)
        for i, stamp in enumerate(stamps):
            points = np.zeros((2, 3), layout)
            points["x"][1, 2], points["z"][0, 0] = np.inf, np.nan
            rows = np.zeros((2, 80), np.uint8)
            rows[:, :72] = points.view(np.uint8).reshape(2, 72)
            message = cloud(
                header(time(stamp, 0), "a"), 2, 3, fields, order == ">", 24, 80, rows.ravel(), False
            )
            raw = STORE.serialize_cdr(message, cloud.__msgtype__)
            writer.write(connection, (100 + i) * 10**9 // 2, raw)


@pytest.mark.parametrize("plugin", [StoragePlugin.MCAP, StoragePlugin.SQLITE3])
@pytest.mark.parametrize("order", ["<", ">"])
def test_clouds_of_any_layout_are_read(plugin: StoragePlugin, order: str, tmp_path: Path) -> None:
    record(tmp_path / "bag", plugin, [40, 41, 42], order)
    (topic,) = inspect_bag(tmp_path / "bag").topics
    assert (topic.messages, topic.points, topic.not_finite) == (3, (6, 6), 6)
    assert topic.fields == ("z", "x", "y", "uv")
    assert topic.rate == pytest.approx(2.0)
    assert topic.faults == []


def test_stamps_that_go_back_or_lie_ahead_are_told(tmp_path: Path) -> None:
    record(tmp_path / "bag", StoragePlugin.MCAP, [40, 39, 90, 0])
    (topic,) = inspect_bag(tmp_path / "bag").topics
    assert [f.split(":")[0] for f in topic.faults] == [
        "message 2", "message 3", "message 4", "message 4",
    ]  # fmt: skip


@pytest.mark.parametrize("plugin", [StoragePlugin.MCAP, StoragePlugin.SQLITE3])
def test_a_truncated_bag_is_refused(plugin: StoragePlugin, tmp_path: Path) -> None:
    record(tmp_path / "bag", plugin, [40, 41])
    (file,) = [p for p in (tmp_path / "bag").iterdir() if p.suffix in (".mcap", ".db3")]
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(InspectionError, match="truncated"):
        inspect_bag(file)
    with pytest.raises(InspectionError, match="no such bag"):
        inspect_bag(tmp_path / "nothing.mcap")


@pytest.mark.parametrize("plugin", [StoragePlugin.MCAP, StoragePlugin.SQLITE3])
def test_a_bag_cut_or_mangled_is_told_in_one_short_line(
    plugin: StoragePlugin, tmp_path: Path
) -> None:
    record(tmp_path / "bag", plugin, [40, 41])
    (file,) = [p for p in (tmp_path / "bag").iterdir() if p.suffix in (".mcap", ".db3")]
    whole = file.read_bytes()
    rng = np.random.default_rng(1)
    for keep in rng.integers(0, len(whole), 12):
        file.write_bytes(whole[:keep])
        with pytest.raises(InspectionError, match=file.name):
            inspect_bag(file)
    file.write_bytes(whole.replace(b"std_msgs/Header header", b"?td_msgs/Header header"))
    with pytest.raises(InspectionError, match="cannot be read") as caught:
        inspect_bag(file)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600
