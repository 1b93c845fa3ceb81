from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import trimesh

from twincell.errors import SensorError
from twincell.geometry.bodies import Body
from twincell.geometry.pose import Pose
from twincell.sensing.glints import blurred, speckle, speckle_deviation
from twincell.sensing.profiler import fan, lines
from twincell.sensing.scene import Scene
from twincell.world.robots import Place
from twincell.world.sensors import Mount, Profiler, ProfilerEffects

SPEC = Profiler(kind="profiler", mount=Mount(place=Place()))


def test_speckle_has_the_limit_of_triangulation_and_is_correlated():
    noise = speckle(SPEC, (400, SPEC.points), np.random.default_rng(4))
    limit = 0.3 * 450e-9 / (2 * np.pi * 0.05 * np.sin(0.44))
    assert speckle_deviation(SPEC) == pytest.approx(limit)
    assert noise.std() == pytest.approx(limit, rel=0.02)
    beside = np.corrcoef(noise[:, :-1].ravel(), noise[:, 1:].ravel())[0, 1]
    apart = np.corrcoef(noise[:, :-20].ravel(), noise[:, 20:].ravel())[0, 1]
    sigma = SPEC.resolution * (SPEC.points - 1) / SPEC.width / 2.355
    assert beside == pytest.approx(np.exp(-1 / (4 * sigma**2)), abs=0.06)
    assert abs(apart) < 0.02


def test_blur_keeps_planes_and_widens_a_step_to_the_resolution():
    spec = dataclasses.replace(SPEC, resolution=1e-3)
    x = np.linspace(-0.03, 0.03, spec.points)
    lit = np.ones((1, spec.points), bool)
    plane = (0.15 + 0.3 * x)[None].astype(np.float32)
    np.testing.assert_allclose(blurred(spec, plane, lit)[0, 60:-60], plane[0, 60:-60], atol=1e-7)
    jump = np.where(x > 0, 0.151, 0.150)[None].astype(np.float32)
    slope = np.gradient(blurred(spec, jump, lit)[0].astype(float), x)
    # the derivative is the Gaussian: its width at half height is the resolution
    assert np.ptp(x[slope > slope.max() / 2]) == pytest.approx(1e-3, rel=0.1)


@pytest.mark.parametrize("material", ["titanium", "polymer"])
def test_polished_metal_goes_dark_away_from_the_mirror_and_glares_in_it(material: str):
    mesh = trimesh.creation.box((0.3, 0.3, 0.02))
    mesh.apply_translation((0, 0, 0.01))
    scene = Scene([Body("plate", mesh, material, None, True)])
    spec = dataclasses.replace(
        SPEC, gloss=0.95, threshold=0.05, effects=ProfilerEffects(polish=True)
    )

    def share(tilt: float) -> float:
        place = scene.place({"plate": Pose.of([0, 0, 0.15], [tilt, 0, 0])})
        points = lines(scene, spec, [Pose.identity()], place, [0.0]).points
        return float(np.isfinite(points[0, 600:680, 2]).mean())

    metal = material == "titanium"
    assert share(SPEC.triangulation / 2) == (0.0 if metal else 1.0)  # glare
    assert share(0.22 + 0.6) == (0.0 if metal else 1.0)  # light past the camera
    assert share(0.22 + 0.16) == 1.0


def test_impossible_optics_are_refused():
    for wrong in (
        {"aperture": 0.0, "effects": ProfilerEffects(speckle=True)},
        {"roughness": 0.0, "effects": ProfilerEffects(polish=True)},
    ):
        with pytest.raises(SensorError, match="above 0"):
            fan(dataclasses.replace(SPEC, **wrong))
