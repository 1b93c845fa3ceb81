"""LiDARs of the lockstep cell whose world moves while they turn."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import trimesh

from twincell.assets import world_path
from twincell.cell.assembly import Assembly
from twincell.cell.eyes import Eyes
from twincell.geometry.bodies import Body
from twincell.geometry.pose import Pose
from twincell.sensing.lidar import PARTS
from twincell.world.load import load_world
from twincell.world.robots import Place
from twincell.world.sensors import LidarEffects, Mount

SPEED = 1.6
"""Of a wall that comes towards the LiDAR along its x [m/s]."""


def eyes(effects: LidarEffects, **keys: float) -> Eyes:
    """Two LiDARs side by side before a wall that comes."""
    world = load_world(world_path("blade_cell"))
    lidars = {
        name: dataclasses.replace(
            world.lidars()["lidar_east"],
            mount=Mount(place=place),
            rings=1,
            elevation=(0.0, 0.0),
            noise=1e-9,
            effects=effects,
            **keys,
        )
        for name, place in (
            ("lidar_east", Place()),
            ("lidar_west", Place(xyz=(0.0, -3.0, 0.0), rpy=(0.0, 0.0, 1.0))),
        )
    }
    world = dataclasses.replace(world, sensors=lidars)
    wall = Body("wall", trimesh.creation.box((0.2, 40.0, 40.0)), "steel", None, False)
    return Eyes(Assembly(world, world_path("blade_cell").parent, 7, {}, None, {}, (wall,)))


def rows(time: float) -> np.ndarray:
    return Pose.of([6.1 - SPEED * time, 0.0, 0.0]).as_array()[None]


def turn(seen: Eyes, now: float):
    for step in range(round(now * 240) + 1):
        seen.see(step / 240, rows(step / 240))
    return seen.turn("lidar_east", rows(now), now)


def test_with_motion_each_point_is_where_the_wall_was_then():
    seen = eyes(LidarEffects(motion=True))
    scan = turn(seen, 0.5)
    assert scan.stamp == pytest.approx(0.4)
    wall = 6.0 - SPEED * (scan.stamp + scan.time)
    # a part of the turn is a placement
    assert np.abs(scan.points[:, 0] - wall).max() < SPEED * 0.1 / PARTS
    assert np.ptp(scan.points[:, 0]) > 0.9 * SPEED * 0.1  # the first and last firings see it


def test_without_motion_a_turn_is_the_moment_of_its_stamp():
    scan = turn(eyes(LidarEffects()), 0.5)
    assert scan.stamp == 0.5
    np.testing.assert_allclose(scan.points[:, 0], 6.0 - SPEED * 0.5, atol=1e-5)


def test_lidars_of_one_world_hear_one_another_by_the_switch_alone():
    """Fast and wide enough to meet often: some points come before the wall."""
    found = {}
    for on in (False, True):
        seen = eyes(LidarEffects(interference=on), rate=1000.0, beam=0.2)
        seen.see(0.0, rows(0.0))
        scans = [seen.turn("lidar_east", rows(0.0), 1e-3 * k) for k in range(100)]
        found[on] = sum(int((s.points[:, 0] < 5.9).sum()) for s in scans)
    assert found[False] == 0
    assert found[True] > 0
