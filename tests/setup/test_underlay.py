"""The underlay's definitions are upstream's: what a real ROS 2 Jazzy says is understood."""

from __future__ import annotations

from pathlib import Path

import pytest
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

UNDERLAY = Path(__file__).resolve().parents[2] / "ros2_ws" / "underlay"
JAZZY = get_typestore(Stores.ROS2_JAZZY)


def ours():
    """A store of the messages that the underlay is built on, and of the underlay's own."""
    store = get_typestore(Stores.ROS2_JAZZY)
    types = {}
    for file in sorted(UNDERLAY.glob("*/msg/*.msg")):
        name = f"{file.parts[-3]}/msg/{file.stem}"
        types |= get_types_from_msg(file.read_text(), name)
        store.fielddefs.pop(name, None)
    store.register(types)
    return store, types


STORE, TYPES = ours()


@pytest.mark.parametrize("name", sorted(TYPES))
def test_every_definition_hashes(name):
    # the hash that ROS 2 compares on discovery (REP-2011) needs every nested type to be known
    assert STORE.hash_rihs01(name).startswith("RIHS01_")


@pytest.mark.parametrize("name", sorted(set(TYPES) & set(JAZZY.fielddefs)))
def test_type_hash_equals_the_one_of_jazzy(name):
    assert STORE.hash_rihs01(name) == JAZZY.hash_rihs01(name)


def test_type_hash_of_transforms_is_the_published_one():
    # as recorded in the metadata of bags of ROS 2 Jazzy
    published = "RIHS01_e369d0f05a23ae52508854b66f6aa0437f3449d652e8cbf22d5abe85d020f087"
    assert STORE.hash_rihs01("tf2_msgs/msg/TFMessage") == published
