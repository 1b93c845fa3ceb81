"""Presets against the figures of their data sheets, written down here once more in its units."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import trimesh

from twincell.errors import SensorError, WorldError
from twincell.geometry.bodies import Body
from twincell.geometry.pose import Pose
from twincell.sensing.lidar import beams
from twincell.sensing.presets import LIDARS, PROFILERS, lidar_preset, profiler_preset
from twincell.sensing.profiler import lines
from twincell.sensing.scene import Scene
from twincell.world import sensors
from twincell.world.load import load_world
from twincell.world.robots import Place
from twincell.world.sensors import Lidar, Mount, Profiler

MOUNT = Mount(place=Place())
WORLD = Path(__file__).parents[2] / "worlds" / "blade_cell.yaml"

# LJ-X8000 Series User's Manual, p. 10-5: reference distance, Z height, X width there [mm]
KEYENCE = {
    "keyence_lj_x8060": (64, 14.6, 16),
    "keyence_lj_x8080": (73, 41.0, 35),
    "keyence_lj_x8200": (245, 68, 72),
}


@pytest.mark.parametrize("name", list(KEYENCE))
def test_a_keyence_line_has_the_sheets_extent(name: str):
    distance, height, width = (1e-3 * v for v in KEYENCE[name])
    spec = profiler_preset(name, MOUNT, effects=False)
    mesh = trimesh.creation.box((1.0, 1.0, 0.02))
    mesh.apply_translation((0, 0, 0.01))
    scene = Scene([Body("plate", mesh, "titanium", None, True)])

    def line(z: float) -> np.ndarray:
        place = scene.place({"plate": Pose.of([0, 0, z])})
        return lines(scene, spec, [Pose.identity()], place, [0.0]).points[0]

    there = line(distance)
    assert there.shape == (3200, 3)
    assert np.ptp(there[:, 0]) == pytest.approx(width, rel=1e-4)
    for side in (-1, 1):
        assert np.isfinite(line(distance + side * (height / 2 - 1e-4))).all()
        assert np.isnan(line(distance + side * (height / 2 + 1e-4))).all()


def test_a_keyence_head_repeats_the_mean_height_of_an_area_within_the_sheet():
    """Repeatability 0.5 um of the mean over a 5 mm long area, from white noise and speckle."""
    spec = profiler_preset("keyence_lj_x8080", MOUNT)
    mesh = trimesh.creation.box((1.0, 1.0, 0.02))
    mesh.apply_translation((0, 0, 0.01))
    scene = Scene([Body("plate", mesh, "polymer", Pose.of([0, 0, 0.073]), True)])
    rng = np.random.default_rng(1)
    points = lines(scene, spec, [Pose.identity()] * 60, scene.place(), np.arange(60.0), rng).points
    middle = np.abs(points[0, :, 0]) < 2.5e-3
    assert 0.01e-6 < points[:, middle, 2].astype(float).mean(axis=1).std() < 0.5e-6


@pytest.mark.parametrize(
    ("name", "rings", "elevation", "step", "reach", "wavelength"),
    [
        ("ouster_os1_16", 16, 33.2, 360 / 1024, (0.8, 40), 850),
        ("ouster_os1_64", 64, 33.2, 360 / 1024, (0.8, 40), 850),
        ("ouster_os1_128", 128, 45.0, 360 / 1024, (0.8, 40), 850),
        ("velodyne_vlp_16", 16, 30.0, 0.2, (1, 100), 903),
        ("livox_hap", 100, 25.0, 120 / 451, (0.5, 150), 905),
    ],
)
def test_a_lidar_has_the_sheets_figures(
    name: str,
    rings: int,
    elevation: float,
    step: float,
    reach: tuple[float, float],
    wavelength: float,
):
    spec = lidar_preset(name, MOUNT)
    rays = beams(spec)
    tilt = np.degrees(np.arcsin(rays[0, :, 2]))
    assert rays.shape[1] == rings
    assert np.ptp(tilt) == pytest.approx(elevation)
    heading = np.unwrap(np.arctan2(rays[:, 0, 1], rays[:, 0, 0]))
    np.testing.assert_allclose(np.degrees(np.diff(heading)), step, rtol=1e-6)
    assert (spec.reach, spec.wavelength) == (reach, wavelength)


def test_every_device_can_be_named_in_a_world():
    assert set(get_args(sensors.LidarModel)) == set(LIDARS)
    assert set(get_args(sensors.ProfilerModel)) == set(PROFILERS)


def test_keys_that_are_given_win_over_the_devices():
    spec = Lidar(kind="lidar", mount=MOUNT, model="velodyne_vlp_16", columns=900)
    assert (spec.columns, spec.reach, spec.beam) == (900, (1.0, 100.0), 0.003)
    other = Profiler(kind="profiler", mount=MOUNT, model="keyence_lj_x8080", noise=1e-6)
    assert (other.points, other.noise, other.standoff) == (3200, 1e-6, 0.073)


def world_with(tmp_path: Path, line: str) -> Path:
    text = WORLD.read_text().replace("    kind: profiler\n", f"    kind: profiler\n    {line}\n")
    path = tmp_path / "cell.yaml"
    path.write_text(text)
    return path


def test_a_world_file_takes_a_device_by_name(tmp_path: Path):
    world = load_world(world_with(tmp_path, "model: keyence_lj_x8080\n    depth: 30 mm"))
    spec = world.profilers()["profiler"]
    assert (spec.standoff, spec.depth, spec.rate) == (0.073, 0.030, 250.0)


def test_a_misspelt_device_is_told_with_its_line(tmp_path: Path):
    with pytest.raises(WorldError, match=r"profiler\.model.*did you mean 'keyence_lj_x8080'"):
        load_world(world_with(tmp_path, "model: keyence_lj_8080"))
    with pytest.raises(SensorError, match="did you mean 'keyence_lj_x8080'"):
        profiler_preset("keyence_lj_8080", MOUNT)
