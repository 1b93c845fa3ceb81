"""The separation monitor over DDS: a cloud that cannot be judged is no sign of life."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from twincell.assets import world_path
from twincell.cell.assembly import assemble
from twincell.cell.lockstep import LockstepCell
from twincell.world.load import load_world

pytestmark = pytest.mark.ros

LIDAR = "lidar_east"
PAUSE = 0.3
"""In which a message gets to the monitor, and what it says of it back [s]."""


def test_a_cloud_is_heard_only_where_the_arms_places_are_known(
    start: Callable[..., Any], until: Callable[..., None], outside: Any
) -> None:
    from sensor_msgs.msg import PointCloud2
    from twincell_msgs.msg import BodyStates, SeparationState

    from twincell_nodes import qos
    from twincell_nodes.conversions import header, scan_cloud, seconds

    path = world_path("blade_cell")
    cell = LockstepCell(assemble(load_world(path), path, seed=1))
    poses = cell.physics.poses()
    turn = cell.eyes.turn(LIDAR, poses, 0.0)
    start("separation_monitor")
    told: list[float] = []
    outside.create_subscription(
        SeparationState,
        "safety/separation",
        lambda m: told.append(seconds(m.header.stamp)),
        qos.RELIABLE,
    )
    clouds = outside.create_publisher(PointCloud2, f"{LIDAR}/points", qos.NEWEST)
    bodies = outside.create_publisher(BodyStates, "cell/body_states", qos.STREAM)

    def sees(stamp: float) -> None:
        clouds.publish(scan_cloud(replace(turn, stamp=stamp), LIDAR))
        time.sleep(PAUSE)

    def knows(stamp: float) -> None:
        names = list(cell.eyes.names)
        rows = poses.ravel().tolist()
        bodies.publish(BodyStates(header=header(stamp, "world"), names=names, poses=rows))
        time.sleep(PAUSE)

    ends = (clouds.get_subscription_count, bodies.get_subscription_count)
    until(lambda: all(end() for end in ends), "the monitor", 60)
    sees(1.0)  # nothing is known of the arms
    knows(2.0)
    sees(3.0)  # what is known of them is from before this turn
    knows(3.05)
    sees(3.0)
    until(lambda: told, "a judged cloud")
    sees(9.0)
    knows(9.0)
    sees(9.0)
    until(lambda: len(told) > 1, "another one")
    assert told == pytest.approx([3.1, 9.1])
