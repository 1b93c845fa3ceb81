from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import trimesh

from twincell.errors import SensorError
from twincell.geometry.bodies import Body
from twincell.geometry.pose import Pose
from twincell.sensing.materials import material
from twincell.sensing.multispectral import camera_info, image
from twincell.sensing.scene import Scene
from twincell.world.robots import Place
from twincell.world.sensors import Mount, Multispectral

SPEC = Multispectral(kind="multispectral", mount=Mount(place=Place()), width=160, height=120)
PLATE = Body(
    "plate", trimesh.creation.box((0.6, 0.6, 0.02)), "titanium", Pose.of([0, 0, 0.26]), True
)


def rays() -> np.ndarray:
    info = camera_info(SPEC)
    v, u = np.mgrid[:120, :160]
    return np.stack([u, v, np.ones_like(u)], axis=-1) @ np.linalg.inv(info.k).T


def test_shading_of_a_plane_is_the_closed_form():
    scene = Scene([PLATE])
    out = image(scene, SPEC, Pose.identity(), scene.place(), 2.0)
    points = 0.25 * rays()
    way = np.array(SPEC.lamp.place) - points
    d = np.linalg.norm(way, axis=-1)
    light = (-way[..., 2] / d) * SPEC.lamp.distance**2 / d**2 + SPEC.lamp.ambient
    for b, wavelength in enumerate(SPEC.bands):
        exact = 0.9 * 4095 * material("titanium").at(wavelength) * light
        np.testing.assert_allclose(out.data[b], exact, atol=1.0)
    assert (out.stamp, out.bits, out.data.dtype) == (2.0, 12, np.uint16)


def test_noise_grows_as_shot_noise_and_counts_stay_in_range():
    scene = Scene([PLATE])
    exact = image(scene, SPEC, Pose.identity(), scene.place(), 0.0).data[0].astype(float)
    noisy = image(scene, SPEC, Pose.identity(), scene.place(), 0.0, np.random.default_rng(0))
    gain = 4095 / SPEC.full_well
    spread = np.sqrt(exact / gain + SPEC.read_noise**2) * gain
    score = (noisy.data[0] - exact) / spread
    assert score.std() == pytest.approx(1.0, abs=0.03)
    assert abs(score.mean()) < 0.03
    assert noisy.data.max() <= 4095


def test_what_the_lamp_does_not_reach_is_dark():
    # a bar between lamp and plate, above the camera's view of the shadow
    bar = Body("bar", trimesh.creation.box((0.6, 0.01, 0.01)), "steel", None, False)
    scene = Scene([PLATE, bar])
    free = image(scene, SPEC, Pose.identity(), scene.place(), 0.0).data[0]
    place = scene.place({"bar": Pose.of([0, -0.045, 0.08])})
    out = image(scene, SPEC, Pose.identity(), place, 0.0).data[0]
    # lamp (y -0.06) over the bar's (-0.05 .. -0.04 at 0.08): shadow at y -0.03 .. 0.0025 at 0.25
    info = camera_info(SPEC)
    shadow = round(float(info.k[1, 2] + info.k[1, 1] * -0.012 / 0.25))
    ambient = 0.9 * 4095 * material("titanium").at(450.0) * SPEC.lamp.ambient
    assert out[shadow, 80] == pytest.approx(ambient, abs=1.0)
    assert out[110, 80] == free[110, 80]


def test_bands_tell_materials_apart():
    cloth = dataclasses.replace(PLATE, material="cloth")
    a, b = Scene([PLATE]), Scene([cloth])
    steel = image(a, SPEC, Pose.identity(), a.place(), 0.0).data[:, 60, 80].astype(float)
    dyed = image(b, SPEC, Pose.identity(), b.place(), 0.0).data[:, 60, 80].astype(float)
    assert dyed[4] / dyed[0] > 3 * steel[4] / steel[0]


def test_camera_info_projects_the_middle_and_the_field_of_view():
    info = camera_info(SPEC)
    edge = info.k @ np.array([np.tan(SPEC.field_of_view / 2), 0, 1])
    assert edge[0] == pytest.approx(159.5)
    np.testing.assert_allclose(info.p[:, :3], info.k)
    assert info.d.shape == (5,)


@pytest.mark.parametrize("bands", [(), (450.0, 9000.0)])
def test_impossible_bands_are_refused(bands: tuple[float, ...]):
    with pytest.raises(SensorError, match="bands"):
        camera_info(dataclasses.replace(SPEC, bands=bands))
