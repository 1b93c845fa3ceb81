"""The bag is read back by rosbags' reader and by the mcap library, which share no code with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from mcap.reader import make_reader
from rosbags.highlevel import AnyReader
from rosbags.typesys import Stores, get_typestore

from twincell.assets import project_root, world_path
from twincell.errors import AssetError
from twincell.stack.recording import Bag, Rates, typestore
from twincell.stack.surface import Topic, topics
from twincell.world.load import load_world
from twincell.world.model import Recording

STORE = get_typestore(Stores.ROS2_JAZZY)
STRING = STORE.types["std_msgs/msg/String"]
ROOT = project_root() / "ros2_ws"


def text(value: str) -> bytes:
    return bytes(STORE.serialize_cdr(STRING(data=value), "std_msgs/msg/String"))


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    names = {"/a": Topic("a", "std_msgs/msg/String", None, latched=True)}
    with Bag(tmp_path / "bag", names, STORE, Recording()) as bag:
        for i in range(20):
            assert bag.write("/a", 0.25 * i, text(f"number {i}"))
    with AnyReader([tmp_path / "bag"]) as reader:
        seen = [(t, reader.deserialize(raw, c.msgtype).data) for c, t, raw in reader.messages()]
    assert seen == [(i * 250_000_000, f"number {i}") for i in range(20)]
    with next((tmp_path / "bag").glob("*.mcap")).open("rb") as file:
        schema, channel, _ = next(make_reader(file).iter_messages())
    assert (schema.encoding, channel.message_encoding) == ("ros2msg", "cdr")


def test_clouds_are_thinned_by_simulation_time(tmp_path: Path) -> None:
    kinds = {"/all": "all", "/cloud": "cloud", "/profile": "profile", "/fast": "fast"}
    names = {n: Topic(n, "std_msgs/msg/String", 10.0, keep=k) for n, k in kinds.items()}  # type: ignore[arg-type]
    keep = dict.fromkeys(kinds, 0)
    recording = Recording(cloud_interval=2.0, profile_interval=0.5)
    with Bag(tmp_path / "bag", names, STORE, recording) as bag:
        for i in range(200):
            for name in kinds:
                keep[name] += bag.write(name, i * 0.05, text("x"))
    assert keep == {"/all": 200, "/cloud": 5, "/profile": 20, "/fast": 100}


def test_every_topic_of_the_surface_has_a_definition(tmp_path: Path) -> None:
    # the packages' sources stand in for an installed prefix
    for package in (ROOT / "src" / "twincell_msgs", ROOT / "underlay" / "vision_msgs"):
        (tmp_path / package.name).symlink_to(package)
    surface = {t.name: t for t in topics(load_world(world_path("blade_cell")))}
    store = typestore([tmp_path], [t.type for t in surface.values()])
    with Bag(tmp_path / "bag", surface, store, Recording()):
        pass
    with pytest.raises(AssetError, match="twincell_msgs"):
        typestore([tmp_path / "nothing"], ["twincell_msgs/msg/Plan"])


def test_rates_are_those_of_the_arrivals(tmp_path: Path) -> None:
    names = {
        "/steady": Topic("steady", "std_msgs/msg/String", 10.0),
        "/silent": Topic("silent", "std_msgs/msg/String", 1.0),
        "/rare": Topic("rare", "std_msgs/msg/String", None),
    }
    rates = Rates(names)
    for i in range(41):
        if not 10 < i <= 15:
            rates.count("/steady", 3.0 + i / 10, 100)
    steady = rates.topics["/steady"]
    assert steady.measured == pytest.approx(35 / 4.0)
    assert steady.gap == pytest.approx(0.6)
    assert rates.silent() == ("/silent",)
    rates.save(tmp_path / "rates.json", 4.0)
    data = json.loads((tmp_path / "rates.json").read_text())
    assert data["topics"]["/steady"]["bytes"] == 3600
    assert data["topics"]["/rare"]["measured"] is None
    assert data["silent"] == ["/silent"]
