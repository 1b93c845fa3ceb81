"""Where blades stand, from poses that a node of the test publishes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from tests.ros.conftest import WORLD
from twincell.cell.assembly import assemble
from twincell.geometry.pose import Pose
from twincell.production.messages import Look
from twincell.production.whereabouts import Standstill
from twincell.world.load import load_world

pytestmark = pytest.mark.ros

PLACE = Pose.of((1.0, 0.2, 0.9))


@pytest.fixture
def watcher(domain: int) -> Iterator[Any]:
    import rclpy

    from twincell_nodes.running import CellNode

    rclpy.init(domain_id=domain)
    node = CellNode("watcher")
    yield node
    node.destroy_node()
    rclpy.try_shutdown()


def test_a_blade_is_looked_for_in_news_only(
    watcher: Any, outside: Any, until: Callable[..., None]
) -> None:
    from twincell_msgs.msg import BodyStates

    from twincell_nodes import qos
    from twincell_nodes.state_monitor import StateMonitor

    world = load_world(WORLD)
    assembly = assemble(world, WORLD, 7)
    monitor = StateMonitor(watcher, assembly, Standstill(0.0))
    told = outside.create_publisher(BodyStates, "cell/body_states", qos.NEWEST)
    until(lambda: told.get_subscription_count() == 1, "the monitor")
    first = next(iter(world.blades))

    def look(pose: Pose, age: float) -> tuple[bool, str]:
        message = BodyStates(names=[f"blade/{b}" for b in world.blades])
        rows = np.tile(np.concatenate([pose.p, pose.q]), len(world.blades))
        message.poses = rows.tolist()
        stamp = time.time() - age
        message.header.stamp.sec, message.header.stamp.nanosec = int(stamp), int(stamp % 1 * 1e9)
        before = monitor._looked
        told.publish(message)
        answer = monitor.stands(Look("tag", first, PLACE))
        deadline = time.monotonic() + 10.0
        while monitor._looked == before and time.monotonic() < deadline:
            answer = monitor.stands(Look("tag", first, PLACE))
        return answer.ok, answer.message

    silent = monitor.stands(Look("tag", first, PLACE))
    assert not silent.ok
    assert "nobody has told" in silent.message
    assert look(PLACE, 0.0) == (True, "")
    assert look(PLACE, 2.0)[0] is False  # it stood there once
    beside, why = look(PLACE @ Pose.of((0.02, 0.0, 0.0)), 0.0)
    assert not beside
    assert "20 mm" in why
