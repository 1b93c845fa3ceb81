"""What the recorder writes is read by rosbags, and SIGINT leaves a whole bag."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rclpy.qos import qos_profile_sensor_data
from rosbags.highlevel import AnyReader
from rosgraph_msgs.msg import Clock

pytestmark = pytest.mark.ros


def test_bag_and_rates(
    start: Callable[..., Any], until: Callable[..., None], outside: Any, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    recorder = start("recorder", out=str(out))
    until((out / "bag").exists, "the bag", 60)
    simulator = start("simulator")
    heard: list[Clock] = []
    outside.create_subscription(Clock, "/clock", heard.append, qos_profile_sensor_data)
    until(lambda: len(heard) > 200, "200 messages of the clock", 60)
    assert simulator.poll() is None
    recorder.send_signal(signal.SIGINT)
    assert recorder.wait(10) == 0

    with AnyReader([out / "bag"]) as reader:
        messages = {c.topic: c.msgcount for c in reader.connections}
        assert messages["/clock"] > 10
        assert messages["/handler/robot_description"] == 1
        assert messages["/tf_static"] == 1
        bodies = [c for c in reader.connections if c.topic == "/cell/body_states"]
        _, _, raw = next(reader.messages(bodies))
        states = reader.deserialize(raw, bodies[0].msgtype)
        assert len(states.poses) == 7 * len(states.names)
        assert "blade/blade_1" in states.names
        joints = [c for c in reader.connections if c.topic == "/handler/joint_states"]
        stamps = [t for _, t, _ in reader.messages(joints)]
        # stamps of the bag are simulation time
        assert 0 <= stamps[0] < 5e9
    rates = json.loads((out / "rates.json").read_text())
    clock = rates["topics"]["/clock"]
    assert clock["measured"] == pytest.approx(clock["expected"], rel=0.1)
    assert "/lidar_east/points" in rates["silent"]


def test_an_existing_bag_is_not_overwritten(start: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "run" / "bag").mkdir(parents=True)
    recorder = start("recorder", out=str(tmp_path / "run"))
    assert recorder.wait(60) == 1
