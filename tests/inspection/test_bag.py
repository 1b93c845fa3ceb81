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


def write_images(path: Path, images: list[tuple[str, int, int] | bytes]) -> None:
    """Images of 4 x 3 pixels: encoding, step and bytes of each, or raw bytes in its place."""
    types = STORE.types
    image, header = types["sensor_msgs/msg/Image"], types["std_msgs/msg/Header"]
    time = types["builtin_interfaces/msg/Time"]
    with Writer(path, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        connection = writer.add_connection("/image", image.__msgtype__, typestore=STORE)
        for i, given in enumerate(images):
            raw = given
            if isinstance(given, tuple):
                name, step, size = given
                stamp = header(time(40 + i, 0), "a")
                message = image(stamp, 3, 4, name, 0, step, np.zeros(size, np.uint8))
                raw = STORE.serialize_cdr(message, image.__msgtype__)
            writer.write(connection, (100 + i) * 10**9, raw)


@pytest.mark.parametrize(
    ("encoding", "pixel"),
    [("mono8", 1), ("mono16", 2), ("bgr8", 3), ("rgba16", 8), ("bayer_rggb16", 2), ("8UC3", 3),
     ("16UC6", 12), ("32FC1", 4), ("64FC2", 16), ("yuv422", 2)],
)  # fmt: skip
def test_images_take_the_bytes_of_their_encoding(encoding: str, pixel: int, tmp_path: Path) -> None:
    row = 4 * pixel
    write_images(tmp_path / "bag", [(encoding, row, 3 * row), (encoding, row - 1, 3 * row)])
    (topic,) = inspect_bag(tmp_path / "bag").topics
    assert topic.encoding == encoding
    assert len(topic.faults) == 1
    assert f"at least {row} bytes ({encoding})" in topic.faults[0]


def test_a_wrong_encoding_and_a_broken_message_are_told_and_the_others_read(
    tmp_path: Path,
) -> None:
    good = ("mono8", 4, 12)
    write_images(tmp_path / "bag", [good, ("rgb9", 12, 36), b"\x00\x01\x00\x00abc", good])
    (topic,) = inspect_bag(tmp_path / "bag").topics
    assert topic.messages == 4
    wrong, broken = topic.faults
    assert wrong.startswith("message 2: encoding 'rgb9'")
    assert "did you mean 'rgb8'" in wrong
    assert broken.startswith("message 3: 7 bytes that are no sensor_msgs/msg/Image")


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


def test_one_odd_cloud_does_not_keep_the_others_from_being_read(tmp_path: Path) -> None:
    types = STORE.types
    cloud, field = types["sensor_msgs/msg/PointCloud2"], types["sensor_msgs/msg/PointField"]
    header, time = types["std_msgs/msg/Header"], types["builtin_interfaces/msg/Time"]
    good = [field(n, 4 * i, 7, 1) for i, n in enumerate("xyz")]
    twice = [*good[:2], field("x", 8, 7, 1)]
    wide = [field("x", 0, 7, 2), field("y", 0, 7, 1), field("z", 8, 7, 1)]
    with Writer(tmp_path / "bag", version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        to = writer.add_connection("/a/points", cloud.__msgtype__, typestore=STORE)
        for i, fields in enumerate((good, twice, wide, good)):
            made = header(time(10 + i, 0), "a")
            message = cloud(made, 1, 5, fields, False, 12, 60, np.zeros(60, np.uint8), True)
            raw = STORE.serialize_cdr(message, cloud.__msgtype__)
            writer.write(to, (10 + i) * 10**9, raw)
    (topic,) = inspect_bag(tmp_path / "bag").topics
    assert topic.points == (5, 5)
    assert topic.faults == [
        "message 2: fields of one name: x; valid: a name each",
        "message 3: several values a point in x; valid: one",
    ]
