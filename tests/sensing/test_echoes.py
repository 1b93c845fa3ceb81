from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import trimesh

from twincell.errors import SensorError
from twincell.geometry.bodies import Body
from twincell.geometry.pose import Pose
from twincell.sensing.echoes import deviation, measure
from twincell.sensing.lidar import beams, ranges
from twincell.sensing.presets import LIDARS, lidar_preset
from twincell.sensing.scene import Scene
from twincell.world.robots import Place
from twincell.world.sensors import Lidar, LidarEffects, Mount

MOUNT = Mount(place=Place())
SPEC = Lidar(kind="lidar", mount=MOUNT)


def with_effects(**on: float) -> Lidar:
    return dataclasses.replace(SPEC, effects=LidarEffects(**on))


def echoes(spec: Lidar, distance: float, rho: float, n: int = 20_000, cosine: float = 1.0):
    full = np.full(n, 1.0, np.float32)
    return measure(
        spec, distance * full, rho * cosine * full, cosine * full, np.random.default_rng(5)
    )


@pytest.mark.parametrize(("ratio", "published"), [(250.0, 0.015), (100.0, 0.03), (12.0, 0.10)])
def test_noise_follows_the_table_of_the_ouster_data_sheet(ratio: float, published: float):
    spec = lidar_preset("ouster_os1_16", MOUNT)
    near = np.array([10.0], np.float32)
    power = np.array([ratio / 5.0 * 0.1 * (10.0 / 40.0) ** 2], np.float32)
    sigma = deviation(spec, near, power, np.ones(1, np.float32))
    assert sigma[0] == pytest.approx(published, rel=0.3)


def test_spread_of_noise_grows_with_range_darkness_and_incidence():
    spec = with_effects(range_noise=1)

    def spread(*args: float, cosine: float = 1.0) -> float:
        return float(echoes(spec, *args, cosine=cosine)[0].std())

    # sigma ~ range / sqrt(rho) where the floor does not hold
    assert spread(16, 0.4) / spread(8, 0.1) == pytest.approx(1.0, rel=0.05)
    assert spread(16, 0.4) / spread(8, 0.4) == pytest.approx(2.0, rel=0.05)
    assert spread(16, 0.4, cosine=0.25) > 1.9 * spread(16, 0.4)


def test_half_the_echoes_are_lost_at_the_threshold_and_nine_tenths_kept_at_the_reach():
    spec = with_effects(dropout=1)
    sure, _ = echoes(dataclasses.replace(spec, noise=0.0), 30.0, 0.1)
    assert np.isfinite(sure).mean() == pytest.approx(0.90, abs=0.01)
    half = 30.0 * np.sqrt(5.0 / 3.72)
    lost, _ = echoes(dataclasses.replace(spec, reach=(0.3, 30.0)), 29.0, 0.1 * (29 / half) ** 2)
    assert np.isfinite(lost).mean() == pytest.approx(0.5, abs=0.015)


def test_ranges_and_intensities_come_in_steps():
    measured, intensity = echoes(with_effects(quantisation=1), 5.0, 0.333)
    steps = measured / SPEC.resolution
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-3)
    assert len(np.unique(measured)) > 5
    assert (intensity == np.rint(intensity)).all()


def test_cross_talk_comes_first_by_its_share():
    measured, _ = echoes(with_effects(crosstalk=0.2), 15.0, 0.9)
    foreign = np.abs(measured - 15.0) > 0.2
    assert foreign.mean() == pytest.approx(0.2 * (15 - 0.3) / (30 - 0.3), abs=0.01)
    assert (measured[foreign] < 15.0).all()
    stepped, _ = echoes(with_effects(crosstalk=0.2, quantisation=1), 15.0, 0.9)
    steps = stepped / SPEC.resolution
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-3)


def step(gap: float, roll: float = 0.0) -> Scene:
    """A wall at 5 m and, for y > 0, a plate before it, its edge in the middle of a beam.

    Rolled by a right angle about x, the plate is there for z > 0.
    """
    wall = trimesh.creation.box((0.1, 20, 20))
    plate = trimesh.creation.box((0.01, 4, 4))
    plate.apply_translation((0, 2, 0))
    edge = Pose.of([5.005 - gap, 0, 0], [roll, 0, 0]) @ Pose.of([0, 1e-3, 0])
    return Scene(
        [
            Body("wall", wall, "steel", Pose.of([5.05, 0, 0]), False),
            Body("plate", plate, "steel", edge, False),
        ]
    )


@pytest.mark.parametrize("roll", [0.0, np.pi / 2])
@pytest.mark.parametrize(("gap", "mixed"), [(0.3, True), (1.5, False)])
def test_an_edge_mixes_ranges_only_within_the_pulse(gap: float, mixed: bool, roll: float):
    scene = step(gap, roll)
    spec = dataclasses.replace(
        SPEC,
        rings=3,
        columns=360,
        elevation=(-0.05, 0.05),
        beam=0.01,
        effects=LidarEffects(divergence=True),
    )
    measured, _ = ranges(scene, spec, Pose.identity(), scene.place())
    x = float(measured[0, 1])  # the beam along +x, half of it on the plate
    if mixed:
        near, far = (5 - gap) ** -2, 5**-2.0
        # one of five parts on the plate, four on the wall
        exact = (near * (5 - gap) + 4 * far * 5) / (near + 4 * far)
        assert x == pytest.approx(exact, abs=2e-3)
    else:
        assert min(abs(x - 5.0), abs(x - 5 + gap)) < 1e-3
    plain, _ = ranges(
        scene, dataclasses.replace(spec, effects=LidarEffects()), Pose.identity(), scene.place()
    )
    away = np.r_[5:20, 340:355]
    rings = [0, 2] if roll else [0, 1, 2]  # the middle one goes along the level edge
    np.testing.assert_allclose(measured[away][:, rings], plain[away][:, rings], atol=1e-6)


def test_a_raster_covers_its_azimuths():
    spec = dataclasses.replace(SPEC, pattern="raster", azimuth=(-0.5, 0.7), columns=13)
    rays = beams(spec)
    np.testing.assert_allclose(
        np.arctan2(rays[:, :, 1], rays[:, :, 0]).T,
        np.broadcast_to(np.linspace(-0.5, 0.7, 13), (16, 13)),
    )
    with pytest.raises(SensorError, match="first < last"):
        beams(dataclasses.replace(spec, azimuth=(0.4, 0.4)))


@pytest.mark.parametrize("name", list(LIDARS))
def test_presets_measure(name: str):
    scene = step(0.5)
    spec = dataclasses.replace(lidar_preset(name, MOUNT), columns=64)
    rng = np.random.default_rng(2)
    measured, _ = ranges(scene, spec, Pose.identity(), scene.place(), rng)
    assert np.isfinite(measured).any()


def test_an_unknown_preset_is_refused():
    with pytest.raises(SensorError, match="ouster_os1_16"):
        lidar_preset("ouster_os1_61", MOUNT)
