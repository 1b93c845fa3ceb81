"""Lens and chip of the camera against closed forms and OpenCV."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from twincell.errors import SensorError
from twincell.geometry.bodies import Body
from twincell.geometry.pose import Pose
from twincell.sensing.exposure import WHITE, expose
from twincell.sensing.materials import MATERIALS, material
from twincell.sensing.multispectral import image
from twincell.sensing.optics import camera_info, pixel_rays, project, vignetting
from twincell.sensing.scene import Scene
from twincell.world.cameras import CameraEffects
from twincell.world.robots import Place
from twincell.world.sensors import Mount, Multispectral

SPEC = Multispectral(kind="multispectral", mount=Mount(place=Place()), width=160, height=120)
FLAT = CameraEffects(shading=False, shadow=False, quantisation=False)


def wall(distance: float, tilt: float = 0.0, size: float = 0.6) -> Scene:
    mesh = trimesh.creation.box((size, size, 0.02))
    mesh.apply_translation((0, 0, 0.01))
    pose = Pose.of([0, 0, distance], [0, tilt, 0])
    return Scene([Body("wall", mesh, "titanium", pose, True)])


def with_effects(spec: Multispectral = SPEC, **effects: bool) -> Multispectral:
    return dataclasses.replace(spec, effects=dataclasses.replace(FLAT, **effects))


def shot(scene: Scene, spec: Multispectral, rng: np.random.Generator | None = None) -> np.ndarray:
    return image(scene, spec, Pose.identity(), scene.place(), 0.0, rng).data.astype(float)


@pytest.mark.parametrize("tilt", [0.0, 0.5, 1.0])
def test_light_goes_with_the_cosine_of_its_incidence(tilt: float):
    lamp = dataclasses.replace(SPEC.lamp, place=(0.0, 0.0, 0.0), ambient=0.0)
    spec = with_effects(dataclasses.replace(SPEC, lamp=lamp, width=161, height=121), shading=True)
    straight, turned = shot(wall(0.25), spec), shot(wall(0.25, tilt), spec)
    # on the axis the distance is the same
    ratio = turned[:, 60, 80] / straight[:, 60, 80]
    np.testing.assert_allclose(ratio, np.cos(tilt), rtol=1e-3)


def test_light_goes_with_the_inverse_square_of_the_distance():
    lamp = dataclasses.replace(SPEC.lamp, place=(0.0, 0.0, 0.0), ambient=0.0)
    spec = with_effects(dataclasses.replace(SPEC, lamp=lamp, width=161, height=121), shading=True)
    near, far = shot(wall(0.25), spec)[:, 60, 80], shot(wall(0.75), spec)[:, 60, 80]
    np.testing.assert_allclose(near / far, 9.0, rtol=2e-3)


def test_without_shading_and_shadow_an_image_is_reflectance():
    out = shot(wall(0.4, 0.3), with_effects())
    exact = WHITE * 65535 * material("titanium").at(SPEC.bands) * (1 + SPEC.lamp.ambient)
    np.testing.assert_allclose(out, np.broadcast_to(exact[:, None, None], out.shape), atol=0.51)


def electrons(level: float, spec: Multispectral, seed: int) -> np.ndarray:
    counts = expose(np.full((4, 200, 300), level, np.float32), spec, np.random.default_rng(seed))
    return counts * spec.full_well / 65535


@settings(max_examples=12, deadline=None)
@given(st.floats(0.02, 0.9), st.integers(0, 99))
def test_shot_noise_has_as_much_variance_as_there_are_electrons(level: float, seed: int):
    out = electrons(level, with_effects(read_noise=False), seed)
    assert out.mean() == pytest.approx(level * WHITE * SPEC.full_well, rel=2e-3)
    # 240,000 deviates, but of a pool of a million: some come twice
    assert out.var() == pytest.approx(out.mean(), rel=0.03)


def test_read_noise_is_what_is_left_of_little_light_and_switches_are_switches():
    spec = with_effects(shot_noise=False)
    assert electrons(0.1, spec, 1).std() == pytest.approx(SPEC.read_noise, rel=0.01)
    none = with_effects(shot_noise=False, read_noise=False)
    assert electrons(0.1, none, 1).std() < 1e-9


def test_noise_of_bands_and_images_is_not_the_same():
    out = electrons(0.5, with_effects(), 2)
    other = electrons(0.5, with_effects(), 3)
    rows = np.concatenate([out - out.mean(), other - other.mean()]).reshape(-1, 300)
    apart = np.corrcoef(rows[::7])
    np.fill_diagonal(apart, 0)
    # of 300 samples a correlation has a deviation of 0.058
    assert apart.std() == pytest.approx(1 / np.sqrt(300), rel=0.05)
    again = electrons(0.5, with_effects(), 2)
    np.testing.assert_array_equal(out, again)


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_counts_come_in_steps_of_the_range_over_two_to_the_bits(bits: int):
    spec = dataclasses.replace(with_effects(quantisation=True), bits=bits)
    ramp = np.linspace(0, 1.2, 4096, dtype=np.float32)[None, None]
    counts = expose(ramp, spec, None)[0, 0].astype(float)
    exact = np.minimum(ramp[0, 0] * WHITE, 1) * (2**bits - 1)
    assert np.abs(counts - exact).max() <= 0.51
    assert counts.max() == 2**bits - 1


def test_a_point_is_spread_over_the_psf():
    spec = dataclasses.replace(with_effects(blur=True), psf=1.3, field_of_view=0.4)
    dot = trimesh.creation.box((0.003, 0.003, 0.001))
    scene = Scene([Body("dot", dot, "titanium", Pose.of([0, 0, 0.25]), True)])
    sharp = shot(scene, with_effects(dataclasses.replace(spec, effects=FLAT)))[0]
    soft = shot(scene, spec)[0]
    v, u = np.mgrid[: spec.height, : spec.width]

    def variance(counts: np.ndarray, at: np.ndarray) -> float:
        weight = counts / counts.sum()
        return float((weight * at**2).sum() - (weight * at).sum() ** 2)

    for at in (u, v):  # a convolution's variance is the sum of both
        grown = variance(soft, at) - variance(sharp, at)
        assert np.sqrt(grown) == pytest.approx(1.3, rel=0.02)
    assert soft.sum() == pytest.approx(sharp.sum(), rel=1e-3)


def test_corners_get_the_fourth_power_of_the_cosine():
    plain, dim = shot(wall(0.2), with_effects()), shot(wall(0.2), with_effects(vignetting=True))
    info = camera_info(SPEC)
    corner = np.array([79.5, 59.5]) / info.k[0, 0]
    cosine = 1 / np.sqrt(1 + corner @ corner)
    np.testing.assert_allclose(dim[:, 0, 0] / plain[:, 0, 0], cosine**4, rtol=1e-3)
    assert vignetting(SPEC)[60, 80] == pytest.approx(1.0, abs=1e-4)


LENS = st.tuples(
    st.floats(-0.2, 0.2), st.floats(-0.05, 0.05), st.floats(-5e-3, 5e-3), st.floats(-5e-3, 5e-3),
    st.floats(-0.02, 0.02),
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(LENS)
def test_rays_go_where_opencv_sees_them(d: tuple[float, float, float, float, float]):
    spec = with_effects(dataclasses.replace(SPEC, distortion=d), distortion=True)
    info = camera_info(spec)
    np.testing.assert_array_equal(info.d, d)
    points = 0.3 * pixel_rays(spec).reshape(-1, 3).astype(float)
    seen, _ = cv2.projectPoints(points, np.zeros(3), np.zeros(3), info.k, info.d)
    v, u = np.mgrid[: spec.height, : spec.width]
    np.testing.assert_allclose(seen[:, 0], np.stack([u, v], -1).reshape(-1, 2), atol=2e-3)
    np.testing.assert_allclose(project(info, points), seen[:, 0], atol=1e-6)


def test_a_mark_is_imaged_where_opencv_projects_it():
    d = (-0.25, 0.08, 2e-3, -1e-3, 0.0)
    spec = with_effects(dataclasses.replace(SPEC, distortion=d), distortion=True)
    info = camera_info(spec)
    for x, y in [(-0.06, -0.04), (0.05, 0.03), (0.0, 0.05)]:
        dot = trimesh.creation.box((0.006, 0.006, 1e-4))
        scene = Scene([Body("dot", dot, "titanium", Pose.of([x, y, 0.2]), True)])
        out = shot(scene, spec)[0]
        v, u = np.mgrid[: spec.height, : spec.width]
        middle = [(out * u).sum() / out.sum(), (out * v).sum() / out.sum()]
        at = np.array([[x, y, 0.2]])
        seen, _ = cv2.projectPoints(at, np.zeros(3), np.zeros(3), info.k, info.d)
        np.testing.assert_allclose(middle, seen[0, 0], atol=0.35)


def test_a_lens_that_folds_the_image_is_refused():
    spec = dataclasses.replace(SPEC, distortion=(-4.0, 0.0, 0.0, 0.0, 0.0))
    with pytest.raises(SensorError, match=r"folds the image.*nearer to 0"):
        pixel_rays(with_effects(spec, distortion=True))
    assert pixel_rays(with_effects(spec)).shape == (120, 160, 3)


def test_what_has_no_detail_is_the_same_on_a_grid_and_pixel_by_pixel():
    # the same geometry, once said to have detail, which turns the grid off
    room = trimesh.creation.box((3.0, 2.0, 3.0))
    block = trimesh.creation.box((0.3, 0.2, 0.2))
    spec = dataclasses.replace(
        SPEC, width=321, height=243, effects=CameraEffects(quantisation=False), field_of_view=1.2
    )
    pair = []
    for detail in (False, True):
        bodies = [
            Body("room", room, "concrete", Pose.identity(), detail),
            Body("block", block, "steel", Pose.of([0.1, 0.0, 0.8], [0.3, 0.2, 0.1]), detail),
            Body("bar", trimesh.creation.box((0.1, 0.02, 0.02)), "cloth", None, True),
            Body("ball", trimesh.creation.icosphere(5, 0.08), "steel", None, detail),
        ]
        scene = Scene(bodies)
        place = scene.place({"bar": Pose.of([0.0, -0.03, 0.4]), "ball": Pose.of([-0.2, 0.1, 0.6])})
        pair.append(image(scene, spec, Pose.identity(), place, 0.0).data.astype(float))
    off = np.abs(pair[0] - pair[1]).max(axis=0)
    ball = np.zeros(off.shape, bool)
    ball[110:240, :170] = True
    assert (off[~ball] > 3).mean() < 1e-4
    # bilinear on the ball: within 1 % of white there
    assert (off > 0.01 * 65535).mean() < 1e-3
    assert off[ball].max() > 0  # it was there to be seen


def test_below_400_nm_paint_is_dark_and_beyond_the_table_nothing_is_known():
    paint = MATERIALS["painted_steel"].at([300.0, 365.0, 400.0, 450.0])
    assert (np.diff(paint) > 0).all()
    for wavelength in (299.0, 1101.0, np.nan):
        with pytest.raises(SensorError, match="300 to 1100"):
            material("steel").at(wavelength)
