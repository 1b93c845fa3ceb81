"""A remembered background, and bodies cast once a turn, change nothing."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from twincell.geometry.bodies import Body
from twincell.geometry.pose import Pose
from twincell.sensing.lidar import beams, part_times, ranges
from twincell.sensing.scene import Placement, Scene
from twincell.world.robots import Place
from twincell.world.sensors import Lidar, LidarEffects, Mount

ALL = LidarEffects(
    range_noise=True, divergence=True, dropout=True, quantisation=True, crosstalk=0.01
)
SPEC = Lidar(kind="lidar", mount=Mount(place=Place()), rings=8, columns=240, effects=ALL)
RASTER = dataclasses.replace(SPEC, pattern="raster", azimuth=(-2.9, 1.4))


def workshop() -> Scene:
    """A hall with pillars, three movers and one that is absent at times."""
    hall = trimesh.creation.box((9.0, 7.0, 4.0))
    pillars = [trimesh.creation.box((0.3, 0.3, 4.0)) for _ in range(4)]
    for pillar, x in zip(pillars, (-3.0, -1.5, 1.5, 3.0), strict=True):
        pillar.apply_translation((x, 2.5, 0.0))
    movers = [
        Body(f"mover_{i}", trimesh.creation.icosphere(2, 0.3 + 0.1 * i), "steel", None, False)
        for i in range(3)
    ]
    still = Body("hall", hall, "concrete", Pose.identity(), False)
    posts = Body(
        "posts", trimesh.util.concatenate(pillars), "painted_steel", Pose.identity(), False
    )
    return Scene([still, posts, *movers])


SCENE = workshop()


def placements(seed: int, parts: int) -> list[Placement]:
    rng = np.random.default_rng(seed)
    out = []
    for _ in range(parts):
        poses = {
            f"mover_{i}": Pose.of(rng.uniform((-4, -3, -1), (4, 3, 1)), rng.uniform(-2, 2, 3))
            for i in range(2 + int(rng.integers(2)))
        }
        out.append(SCENE.place(poses))
    return out


@pytest.mark.parametrize("spec", [SPEC, RASTER], ids=["spinning", "raster"])
def test_a_remembered_background_gives_the_same_to_the_bit(spec: Lidar):
    here = Pose.of([0.3, -0.4, 0.1], [0.1, -0.2, 0.5])
    for seed in range(12):  # of which all but the first use what was remembered
        places = placements(seed, 1 + seed % 4)
        known = ranges(SCENE, spec, here, places, np.random.default_rng(seed))
        anew = ranges(SCENE, spec, here, places, np.random.default_rng(seed), remember=False)
        for a, b in zip(known, anew, strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_lidar_that_has_moved_forgets():
    clean = dataclasses.replace(SPEC, effects=LidarEffects(divergence=True))
    places = placements(3, 2)
    for x in (0.0, 0.5, 1e-9, 0.0):
        here = Pose.of([x, 0.0, 0.0])
        known, _ = ranges(SCENE, clean, here, places)
        anew, _ = ranges(SCENE, clean, here, places, remember=False)
        np.testing.assert_array_equal(known, anew)
    assert len(SCENE.backgrounds) <= 4  # one a LiDAR, not one a pose


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(-np.pi, np.pi), st.booleans())
def test_windows_lose_no_ray(seed: int, yaw: float, raster: bool):
    """Against all rays cast at all bodies by the general way of casting."""
    spec = dataclasses.replace(
        RASTER if raster else SPEC, effects=LidarEffects(), reach=(0.01, 99.0), noise=0.0
    )
    rng = np.random.default_rng(seed)
    here = Pose.of(rng.uniform((-3, -2, -1), (3, 2, 1)), [*rng.uniform(-1.5, 1.5, 2), yaw])
    (place,) = placements(seed, 1)
    measured, _ = ranges(SCENE, spec, here, place)
    exact = SCENE.cast(here.p, here.rotate(beams(spec).reshape(-1, 3)), place).range
    assert measured.size == exact.size
    seen = np.where(np.isfinite(measured), measured, exact.reshape(measured.shape))
    np.testing.assert_allclose(seen.ravel(), exact, atol=2e-5, rtol=2e-5)
    # what is beyond the reach by its darkness alone may be missing, nothing else
    assert np.isfinite(measured[exact.reshape(measured.shape) < 3]).mean() > 0.9


def test_a_turn_before_a_wall_that_comes_is_the_closed_form():
    """A wall that comes at v and a sensor that turns and goes: r = (d - v t - u t) / cos."""
    wall = trimesh.creation.box((0.2, 80.0, 80.0))
    scene = Scene([Body("wall", wall, "steel", None, False)])
    spec = dataclasses.replace(
        SPEC, rings=3, elevation=(-0.2, 0.2), effects=LidarEffects(motion=True), reach=(0.1, 200.0)
    )
    v, u, spin, d = 1.6, 0.5, 0.8, 4.0
    times = part_times(spec, 10.0) - 10.0
    assert times.shape == (64,)
    sensors = [Pose.of([u * t, 0, 0], [0, 0, spin * t]) for t in times]
    places = [scene.place({"wall": Pose.of([d + 0.1 - v * t, 0, 0])}) for t in times]
    measured, _ = ranges(scene, spec, sensors, places)
    part = np.searchsorted(np.linspace(0, spec.columns, 65).astype(int), np.arange(240), "right")
    t = times[part - 1][:, None]
    rays = beams(spec)
    ahead = rays[:, :, 0] * np.cos(spin * t) - rays[:, :, 1] * np.sin(spin * t)
    exact = (d - (v + u) * t) / ahead
    near = (ahead > 0.2) & np.isfinite(measured)
    assert near.sum() > 150
    np.testing.assert_allclose(measured[near], exact[near], rtol=1e-5)
    # against the firing's own time the error is at most that of half a part
    fine = np.arange(240)[:, None] / (spec.rate * 240)
    apart = np.abs(measured - (d - (v + u) * fine) / ahead)[near]
    assert apart.max() < (v + u) * 0.1 / 64 / 0.2


def test_without_the_switch_a_turn_is_one_moment():
    assert part_times(dataclasses.replace(SPEC, effects=LidarEffects()), 3.0).tolist() == [3.0]
