"""A process that takes the place of a killed one is not deaf to those who sent to that one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.ros


LISTENER = """
import rclpy
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rosgraph_msgs.msg import Clock
from twincell_nodes.transport import settle_transport
settle_transport()
rclpy.init()
node = rclpy.create_node("listener")
quality = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
node.create_subscription(Clock, "/clock", lambda m: print("heard", flush=True), quality)
rclpy.spin(node)
"""


@pytest.fixture
def talker(outside: Any) -> Iterator[Any]:
    """A node that speaks 500 times a second."""
    from rosgraph_msgs.msg import Clock

    from twincell_nodes import qos

    speaker = outside.create_publisher(Clock, "/clock", qos.CLOCK)
    over = threading.Event()

    def talk() -> None:
        while not over.wait(0.002):
            speaker.publish(Clock())

    thread = threading.Thread(target=talk)
    thread.start()
    yield speaker
    over.set()
    thread.join()


class Listener:
    """A process that hears the talker."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", LISTENER],
            env=dict(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.heard = 0
        self.said = ""
        self._readers = [threading.Thread(target=f) for f in (self._count, self._note)]
        for reader in self._readers:
            reader.start()

    def _count(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for _ in lines:
                self.heard += 1

    def _note(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as lines:
            for line in lines:
                self.said += line

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        for reader in self._readers:
            reader.join()


@pytest.mark.usefixtures("talker")
@pytest.mark.skipif(sys.platform != "linux", reason="the shared memory of Linux is looked at")
def test_a_process_in_the_place_of_a_killed_one_hears(
    workspace: Mapping[str, str], domain: int, until: Callable[..., None]
) -> None:
    from twincell_nodes.transport import haunted

    environment = {
        **workspace,
        "ROS_DOMAIN_ID": str(domain),
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
    }
    assert not haunted(domain)
    first = Listener(environment)
    try:
        until(lambda: first.heard > 100, "the first listener", 30)
        assert not haunted(domain)  # the next one gets other ports
    finally:
        first.kill()
    assert haunted(domain)
    assert "UDP" not in first.said
    second = Listener(environment)
    third = None
    try:
        until(lambda: second.heard > 100, "the second listener", 30)
        tasks = Path(f"/proc/{second.process.pid}/task").glob("*/comm")
        assert not [t for t in tasks if t.read_text().startswith("dds.shm.")]
        # its ports are those of UDP alone: the next one must not get the dead one's memory either
        third = Listener(environment)
        until(lambda: third.heard > 100, "the third listener", 30)
    finally:
        second.kill()
        if third is not None:
            third.kill()
    assert "by UDP alone" in second.said


def test_another_transport_of_the_users_own_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    from twincell_nodes import transport

    monkeypatch.setattr(transport, "haunted", lambda _domain: True)
    for name in transport.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    monkeypatch.setenv("FASTDDS_BUILTIN_TRANSPORTS", "LARGE_DATA")
    transport.settle_transport()
    assert os.environ["FASTDDS_BUILTIN_TRANSPORTS"] == "LARGE_DATA"
    assert os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "LOCALHOST"
    assert not any(name in os.environ for name in transport.VARIABLES)


@pytest.mark.parametrize(
    ("range_", "file"), [("LOCALHOST", "mine.xml"), ("SUBNET", "fastdds_profiles.xml")]
)
def test_a_profile_of_the_users_own_stays_and_so_does_any_on_a_network(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, range_: str, file: str
) -> None:
    from twincell_nodes import transport

    monkeypatch.setenv("FASTRTPS_DEFAULT_PROFILES_FILE", str(tmp_path / file))
    monkeypatch.delenv("FASTDDS_DEFAULT_PROFILES_FILE", raising=False)
    monkeypatch.delenv("FASTDDS_BUILTIN_TRANSPORTS", raising=False)
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", range_)
    monkeypatch.setattr(transport, "haunted", lambda _domain: True)
    transport.settle_transport()
    assert os.environ["FASTRTPS_DEFAULT_PROFILES_FILE"] == str(tmp_path / file)
    assert os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] == range_
