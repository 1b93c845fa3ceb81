from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import trimesh

from twincell.errors import SensorError
from twincell.geometry.bodies import Body
from twincell.geometry.pose import Pose
from twincell.sensing.lidar import beams, ranges, scan
from twincell.sensing.scene import Scene
from twincell.world.robots import Place
from twincell.world.sensors import Lidar, Mount

SPEC = Lidar(kind="lidar", mount=Mount(place=Place()), rings=16, columns=360)
ROOM = trimesh.creation.box((8.0, 6.0, 4.0))


def room(material: str = "concrete") -> Scene:
    return Scene([Body("room", ROOM, material, Pose.identity(), False)])


def test_ranges_in_a_room_are_the_closed_form():
    scene = room()
    measured, intensity = ranges(scene, SPEC, Pose.identity(), scene.place())
    d = beams(SPEC)
    with np.errstate(divide="ignore"):
        exact = (np.array([4.0, 3.0, 2.0]) / np.abs(d)).min(axis=2)
    np.testing.assert_allclose(measured, exact, atol=1e-5)
    wall = (np.array([4.0, 3.0, 2.0]) / np.maximum(np.abs(d), 1e-12)).argmin(axis=2)
    cosine = np.take_along_axis(np.abs(d), wall[:, :, None], axis=2)[:, :, 0]
    rho = np.interp(905, [900, 1000], [0.34, 0.35])
    np.testing.assert_allclose(intensity, 255 * rho * cosine, rtol=1e-4)


def test_noise_has_the_given_spread_and_no_bias():
    scene = room()
    exact, _ = ranges(scene, SPEC, Pose.identity(), scene.place())
    noisy, _ = ranges(scene, SPEC, Pose.identity(), scene.place(), np.random.default_rng(1))
    off = (noisy - exact).ravel()
    assert off.std() == pytest.approx(SPEC.noise, rel=0.05)
    assert abs(off.mean()) < 4 * SPEC.noise / np.sqrt(off.size)


def test_too_close_is_minus_and_too_far_plus_infinity():
    scene = room()
    near = dataclasses.replace(SPEC, reach=(3.5, 30.0))
    measured, _ = ranges(scene, near, Pose.identity(), scene.place())
    assert np.isneginf(measured[90]).any()  # the wall at 3 m
    far = dataclasses.replace(SPEC, reach=(0.3, 3.2))
    measured, _ = ranges(scene, far, Pose.identity(), scene.place())
    assert np.isposinf(measured[0]).all()  # the wall at 4 m
    cloud = scan(scene, far, Pose.identity(), scene.place(), 5.0)
    assert len(cloud.points) == np.isfinite(measured).sum()


def test_dark_material_is_lost_before_bright_material():
    far = dataclasses.replace(SPEC, reach=(0.3, 5.5))
    dark, bright = room("rubber"), room("painted_steel")
    lost, _ = ranges(dark, far, Pose.identity(), dark.place())
    kept, _ = ranges(bright, far, Pose.identity(), bright.place())
    assert np.isposinf(lost).sum() > 2 * np.isposinf(kept).sum()


def test_cloud_lies_on_the_walls_with_time_and_ring():
    scene = room()
    pose = Pose.of([0.5, -0.4, 0.2], [0.1, 0.2, 0.7])
    cloud = scan(scene, SPEC, pose, scene.place(), 5.0)
    world = np.abs(pose.apply(cloud.points)) / np.array([4.0, 3.0, 2.0])
    np.testing.assert_allclose(world.max(axis=1), 1.0, atol=1e-5)
    assert cloud.ring.dtype == np.uint16
    assert cloud.ring.max() == 15
    assert (np.diff(cloud.time) >= 0).all()
    assert cloud.time.max() == pytest.approx(0.1 * 359 / 360)


def test_a_body_that_moves_during_the_turn_is_seen_where_it_is_then():
    scene = Scene([Body("plate", trimesh.creation.box((0.1, 9, 9)), "steel", None, False)])
    places = [scene.place({"plate": Pose.of([x, 0, 0])}) for x in (3.05, 4.05)]
    spec = dataclasses.replace(SPEC, rings=1, elevation=(0.0, 0.0))
    measured, _ = ranges(scene, spec, Pose.identity(), places)
    d = beams(spec)[:, 0, 0]
    assert measured[0, 0] == pytest.approx(3.0, abs=1e-5)
    assert measured[-1, 0] * d[-1] == pytest.approx(4.0, abs=1e-4)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"reach": (2.0, 1.0)}, "nearest < farthest"),
        ({"elevation": (0.1, 0.1)}, "lowest < highest"),
        ({"elevation": (-2.0, 0.1)}, "pi/2"),
    ],
)
def test_impossible_configurations_are_refused(wrong: dict[str, object], says: str):
    scene = room()
    with pytest.raises(SensorError, match=says):
        scan(scene, dataclasses.replace(SPEC, **wrong), Pose.identity(), scene.place(), 0.0)


def test_unequal_numbers_of_poses_are_refused():
    scene = room()
    with pytest.raises(SensorError, match="2 sensor poses for 3"):
        ranges(scene, SPEC, [Pose.identity()] * 2, [scene.place()] * 3)
