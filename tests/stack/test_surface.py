"""The surface that the recorder goes by is that of the project's design."""

from __future__ import annotations

import dataclasses

import pytest

from twincell.assets import world_path
from twincell.stack.surface import TF_RATE, band_name, band_names, strides, topics
from twincell.world.cameras import Ultraviolet
from twincell.world.load import load_world

WORLD = load_world(world_path("blade_cell"))


def test_the_design_is_covered() -> None:
    names = {t.name: t for t in topics(WORLD)}
    assert len(names) == len(topics(WORLD))
    expected = {"/clock", "/tf", "/tf_static", "/diagnostics", "cell/body_states"}
    leaves = ["joint_states", "robot_description"]
    leaves += [f"arm_controller/joint_target{end}" for end in ("", "_report")]
    expected |= {f"{arm}/{leaf}" for arm in WORLD.arms for leaf in leaves}
    expected |= {f"{s}/points" for s in (*WORLD.lidars(), *WORLD.profilers())}
    for name, camera in WORLD.cameras().items():
        expected |= {f"{name}/image_raw", f"{name}/camera_info"}
        expected |= {f"{name}/{band_name(band)}/image" for band in camera.bands}
    expected |= {f"inspection/{leaf}" for leaf in ("alive", "anomalies", "detections", "markers")}
    expected |= {f"safety/{leaf}" for leaf in ("stop_request", "state", "stop_report", "markers")}
    expected |= {"safety/separation_markers"}
    expected |= {f"production/{leaf}" for leaf in ("plan", "events", "markers")}
    assert expected <= set(names)
    for latched in ("/tf_static", "safety/state", "production/plan", "production/markers"):
        assert names[latched].latched
    assert not names["lidar_east/points"].reliable


def test_an_ultraviolet_band_is_one_more_image() -> None:
    camera = dataclasses.replace(WORLD.cameras()["camera"], ultraviolet=Ultraviolet())
    assert band_names(camera) == ("b450", "b550", "b650", "b730", "b840", "b940", "uv365")
    world = dataclasses.replace(WORLD, sensors={**WORLD.sensors, "camera": camera})
    more = {t.name for t in topics(world)} - {t.name for t in topics(WORLD)}
    assert more == {"camera/uv365/image"}


def test_rates_are_whole_strides_of_physics() -> None:
    body, tf = strides(WORLD)
    assert tf % body == 0
    rates = {t.name: t.rate for t in topics(WORLD)}
    assert rates["/clock"] == WORLD.physics_rate / body
    assert rates["handler/joint_states"] == WORLD.state_rate
    assert abs(WORLD.physics_rate / tf - TF_RATE) < 0.2 * TF_RATE


@pytest.mark.parametrize(
    ("physics", "state", "told"),
    [(240, 240, 240), (480, 240, 240), (240, 100, 120), (100, 120, 100)],
)
def test_states_come_by_the_nearest_whole_number_of_steps(physics, state, told) -> None:
    world = dataclasses.replace(WORLD, physics_rate=float(physics), state_rate=float(state))
    body, tf = strides(world)
    assert physics / body == told
    assert tf % body == 0
    assert abs(physics / tf - TF_RATE) < 0.2 * TF_RATE
