from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from twincell.errors import SensorError
from twincell.geometry.bodies import Body
from twincell.geometry.pose import Pose
from twincell.sensing.profiler import fan, lines
from twincell.sensing.scene import Scene
from twincell.world.robots import Place
from twincell.world.sensors import Mount, Profiler

SPEC = Profiler(kind="profiler", mount=Mount(place=Place()))
PLATE = trimesh.creation.box((0.3, 0.3, 0.02))
PLATE.apply_translation((0, 0, 0.01))  # its face at z = 0 looks down, towards the sensor


def plate() -> Scene:
    return Scene([Body("plate", PLATE, "titanium", None, True)])


@settings(max_examples=25, deadline=None)
@given(st.floats(-0.02, 0.02), st.floats(-0.8, 0.8), st.floats(-0.3, 0.3))
def test_a_tilted_plane_is_the_closed_form(shift: float, tilt: float, roll: float):
    scene = plate()
    pose = Pose.of([0, 0, SPEC.standoff + shift], [roll, tilt, 0.0])
    profiles = lines(scene, SPEC, [Pose.identity()], scene.place({"plate": pose}), [0.0])
    normal = pose.rotate([0, 0, 1.0])
    exact = (normal @ pose.p) / (fan(SPEC) @ normal)
    z = profiles.points[0, :, 2]
    lit = np.isfinite(z)
    inside = np.abs(exact - SPEC.standoff) < SPEC.depth / 2 - 1e-5
    assert lit[inside].all()
    np.testing.assert_allclose(z[lit], exact[lit], atol=2e-7)
    np.testing.assert_allclose(profiles.points[0, lit, 0], z[lit] * fan(SPEC)[lit, 0], atol=1e-8)
    assert (profiles.points[0, lit, 1] == 0).all()


def test_noise_has_the_given_spread_and_no_bias():
    scene = plate()
    place = scene.place({"plate": Pose.of([0, 0, 0.15])})
    out = lines(
        scene, SPEC, [Pose.identity()] * 20, place, np.arange(20.0), np.random.default_rng(3)
    )
    off = out.points[:, :, 2].astype(float) - 0.15
    assert off.std() == pytest.approx(SPEC.noise, rel=0.03)
    assert abs(off.mean()) < 4 * SPEC.noise / np.sqrt(off.size)


@pytest.mark.parametrize(("angle", "lit"), [(1.05, True), (1.38, False)])
def test_no_light_returns_from_grazing_surfaces(angle: float, lit: bool):
    scene = plate()
    place = scene.place({"plate": Pose.of([0, 0, 0.15], [angle, 0, 0])})
    out = lines(scene, SPEC, [Pose.identity()], place, [0.0])
    middle = out.points[0, 600:680]
    assert np.isfinite(middle).all() == lit
    assert np.isnan(middle).all() != lit
    assert (out.intensity[0, 600:680] > 0).all() == lit


@pytest.mark.parametrize("z", [0.115, 0.185])
def test_out_of_range_is_dark(z: float):
    scene = plate()
    out = lines(scene, SPEC, [Pose.identity()], scene.place({"plate": Pose.of([0, 0, z])}), [0.0])
    assert np.isnan(out.points).all()


def test_a_block_in_front_throws_a_shadow_for_the_camera_beside_the_laser():
    block = trimesh.creation.box((0.3, 0.01, 0.02))
    scene = Scene(
        [
            Body("plate", PLATE, "titanium", Pose.of([0, 0, 0.15]), True),
            Body("block", block, "steel", None, True),
        ]
    )
    # between plate and camera, but not in the laser's plane
    place = scene.place({"block": Pose.of([0, 0.02, 0.10])})
    free = lines(scene, SPEC, [Pose.identity()], place, [0.0])
    assert np.isfinite(free.points).all()
    hidden = lines(scene, SPEC, [Pose.identity()], place, [0.0], baseline=0.06)
    assert np.isnan(hidden.points).all()
    other = lines(scene, SPEC, [Pose.identity()], place, [0.0], baseline=-0.06)
    assert np.isfinite(other.points).all()


def test_lines_of_one_call_are_those_of_single_calls():
    scene = plate()
    sensors = [Pose.of([0, 0.001 * i, 0.001 * i], [0.01 * i, 0.02, 0]) for i in range(5)]
    places = [scene.place({"plate": Pose.of([0, 0, 0.15], [0, 0.05 * i, 0])}) for i in range(5)]
    batch = lines(scene, SPEC, sensors, places, np.arange(5.0))
    for i in range(5):
        one = lines(scene, SPEC, [sensors[i]], places[i], [float(i)])
        np.testing.assert_allclose(batch.points[i], one.points[0], atol=1e-7)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"depth": 0.4}, "behind the sensor"),
        ({"incidence": 2.0}, "pi/2"),
    ],
)
def test_impossible_configurations_are_refused(wrong: dict[str, float], says: str):
    scene = plate()
    with pytest.raises(SensorError, match=says):
        lines(scene, dataclasses.replace(SPEC, **wrong), [Pose.identity()], scene.place(), [0.0])


def test_unequal_numbers_are_refused():
    scene = plate()
    with pytest.raises(SensorError, match="1 sensor poses, 2 stamps"):
        lines(scene, SPEC, [Pose.identity()], scene.place(), [0.0, 1.0])
