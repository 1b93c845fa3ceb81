"""LiDARs that hear one another, against the geometry of their pulses."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import trimesh

from twincell.geometry.bodies import Body
from twincell.geometry.pose import Pose
from twincell.sensing.echoes import LIGHT
from twincell.sensing.lidar import other_lidar, ranges
from twincell.sensing.scene import Scene
from twincell.world.robots import Place
from twincell.world.sensors import Lidar, LidarEffects, Mount

SPEC = Lidar(
    kind="lidar",
    mount=Mount(place=Place()),
    rings=1,
    columns=360,
    elevation=(0.0, 0.0),
    noise=0.0,
    beam=0.01,
    reach=(0.3, 40.0),
    effects=LidarEffects(interference=True),
)
WALL = Body("wall", trimesh.creation.box((0.2, 60, 60)), "steel", Pose.of([6.1, 0, 0]), False)
HERE = Pose.identity()


def hear(other: Pose, lag: float, spec: Lidar = SPEC, drift: float = 0.0) -> np.ndarray:
    scene = Scene([WALL])
    others = [dataclasses.replace(other_lidar(spec, other), clock=(lag, drift))]
    rng = np.random.default_rng(0)
    return ranges(scene, spec, HERE, scene.place(), rng, others=others)[0]


@pytest.mark.parametrize("lag", [-20e-9, -5e-9, 0.0])
def test_a_shared_spot_seems_to_be_half_of_both_ways(lag: float):
    """Beam 0 of both meets the wall at (6, 0, 0): the other stands 2 m behind or before."""
    alone, _ = ranges(Scene([WALL]), SPEC, HERE, Scene([WALL]).place())
    for x in (-2.0, 2.0):
        heard = hear(Pose.of([x, 0, 0]), lag)
        exact = (6.0 + (6.0 - x) + LIGHT * lag) / 2
        # the first pulse is taken
        assert heard[0, 0] == pytest.approx(min(exact, 6.0), abs=1e-4)
        np.testing.assert_array_equal(np.isfinite(heard), np.isfinite(alone))


def test_spots_apart_or_pulses_out_of_time_are_not_heard():
    scene = Scene([WALL])
    alone, _ = ranges(scene, SPEC, HERE, scene.place())
    for pose, lag in ((Pose.of([0, 0.5, 0]), 0.0), (Pose.of([2, 0, 0]), 5e-7)):
        np.testing.assert_array_equal(hear(pose, lag), alone)


def test_face_to_face_comes_from_half_the_distance():
    """The other stands at 4 m and looks back; its column 0 goes out with the own column 0."""
    heard = hear(Pose.of([4.0, 0, 0], [0, 0, np.pi]), 4e-9)
    assert heard[0, 0] == pytest.approx((4.0 + LIGHT * 4e-9) / 2, abs=1e-6)
    assert heard[1, 0] == pytest.approx(6.0 / np.cos(2 * np.pi / 360), abs=1e-4)


def test_free_clocks_meet_as_often_as_their_windows_do():
    """Face to face, with turns that begin at any time: heard where the pulse arrives while the own
    receiver listens, which is 2 (far - near) / c of a turn."""
    spec = dataclasses.replace(SPEC, columns=8, rate=40960.0, reach=(0.3, 200.0))
    scene = Scene([Body("far", WALL.mesh, "steel", Pose.of([-300, 0, 0]), False)])
    others = [other_lidar(spec, Pose.of([150.0, 0, 0], [0, 0, np.pi]))]
    rng = np.random.default_rng(7)
    heard = 0
    for _ in range(2000):
        measured, _ = ranges(scene, spec, HERE, scene.place(), rng, others=others)
        heard += bool(np.isfinite(measured[0, 0]))
    share = 2 * (200.0 - 0.3) / LIGHT * spec.rate
    assert heard / 2000 == pytest.approx(share, abs=4 * np.sqrt(share / 2000))


def test_without_the_switch_or_without_chance_nothing_is_heard():
    scene = Scene([WALL])
    pose = Pose.of([4.0, 0, 0], [0, 0, np.pi])
    others = [dataclasses.replace(other_lidar(SPEC, pose), clock=(0.0, 0.0))]
    deaf = dataclasses.replace(SPEC, effects=LidarEffects())
    alone, _ = ranges(scene, deaf, HERE, scene.place())
    rng = np.random.default_rng(0)
    np.testing.assert_array_equal(
        ranges(scene, deaf, HERE, scene.place(), rng, others=others)[0], alone
    )
    np.testing.assert_array_equal(
        ranges(scene, SPEC, HERE, scene.place(), None, others=others)[0], alone
    )
