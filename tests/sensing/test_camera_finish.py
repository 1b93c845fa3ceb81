"""What lies on surfaces, what glows and what is narrower than a pixel, against closed forms."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import open3d as o3d
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from twincell.errors import SensorError
from twincell.geometry.bodies import Body
from twincell.geometry.catalogue import blade_of, nominal
from twincell.geometry.marks import Groove, Mark
from twincell.geometry.pose import Pose
from twincell.sensing.exposure import WHITE
from twincell.sensing.finish import PORES, Surface, glow, reflectance, wet
from twincell.sensing.finish_kernels import stripes
from twincell.sensing.materials import material
from twincell.sensing.multispectral import camera_info, image
from twincell.sensing.pixel_map import pixel_map, pixels_of
from twincell.sensing.scene import Scene
from twincell.world.blades import Blade, Crack, Part
from twincell.world.cameras import CameraEffects, Lamp, Ultraviolet
from twincell.world.finishes import (
    Coating,
    Finish,
    MachiningMarks,
    OilFilm,
    Penetrant,
    Stain,
)
from twincell.world.robots import Place
from twincell.world.sensors import Mount, Multispectral

F32 = np.float32
BANDS = np.array([450.0, 650.0, 940.0])
METAL = material("titanium").at(BANDS)
QUIET = CameraEffects(shading=False, shadow=False, quantisation=False)
SPEC = Multispectral(
    kind="multispectral",
    mount=Mount(place=Place()),
    width=96,
    height=72,
    field_of_view=0.12,
    bands=(450.0, 650.0, 940.0),
    effects=QUIET,
)


def square(side: float, count: int, pixel: float = 1e-6, z: float = 0.0) -> Surface:
    """Points of a plane z = const about the origin, in rows along x."""
    s = (np.arange(count) + 0.5) / count - 0.5
    y, x = np.meshgrid(side * s, side * s, indexing="ij")
    points = np.stack([x, y, np.full_like(x, z)], axis=-1).reshape(-1, 3).astype(F32)
    up = np.broadcast_to(np.array([0, 0, 1], F32), points.shape).copy()
    return Surface(points, up, np.full(len(points), pixel, F32))


def mark(finish: Finish, **more: object) -> Mark:
    return Mark(finish, 7, np.eye(3), np.zeros(3), **more)  # type: ignore[arg-type]


def test_a_coating_has_its_materials_reflectance_and_unevenness():
    at = square(0.05, 120)
    even = reflectance([mark(Coating(kind="coating", unevenness=0.0))], METAL, BANDS, at)
    own = material("thermal_barrier").at(BANDS)
    np.testing.assert_allclose(even, np.broadcast_to(own[:, None], even.shape), rtol=1e-6)
    half = reflectance([mark(Coating(kind="coating", cover=0.5, unevenness=0.0))], METAL, BANDS, at)
    np.testing.assert_allclose(half[:, 0], (own + METAL) / 2, rtol=1e-6)
    rough = reflectance([mark(Coating(kind="coating", unevenness=0.05))], METAL, BANDS, at)
    assert (rough / even).std() == pytest.approx(0.05, rel=0.2)
    above = square(0.05, 8, z=0.01)
    low = mark(Coating(kind="coating"), heights=(-1.0, 0.005))
    np.testing.assert_allclose(reflectance([low], METAL, BANDS, above)[:, 0], METAL, rtol=1e-6)


@given(st.floats(0.02, 0.98))
def test_wet_metal_is_the_sum_of_all_internal_reflections(rho: float):
    n = 1.47
    out = ((n - 1) / (n + 1)) ** 2  # mirrored on the way in, and within the cone that leaves
    back = 1 - (1 - out) / n**2
    bounces = sum((1 - out) * rho * (back * rho) ** k * (1 - back) for k in range(400))
    assert wet(np.array(rho)) == pytest.approx(bounces, rel=1e-6)
    assert wet(np.array(rho)) < rho


def test_oil_absorbs_as_beer_and_lambert_say():
    oil = OilFilm(kind="oil_film", absorption=9000.0)
    middle = square(1e-4, 2)
    thin, thick = (
        reflectance([mark(oil, size=(0.01, 0.01), amount=t)], METAL, BANDS, middle)[:, 0]
        for t in (1e-5, 3e-5)
    )
    alpha = 9000.0 * (450.0 / BANDS) ** 4
    np.testing.assert_allclose(thick / thin, np.exp(-2 * alpha * 2e-5), rtol=1e-5)


def test_a_stain_takes_what_it_says_on_its_own_side_only():
    stain = mark(Stain(kind="stain"), size=(0.004, 0.003), left=(0.4, 0.9))
    middle = reflectance([stain], METAL, BANDS, square(1e-4, 2))[:, 0]
    np.testing.assert_allclose(middle / METAL, [0.4, 0.4 + 0.5 * 200 / 490, 0.9], rtol=1e-5)
    far = square(0.02, 40)
    out = reflectance([stain], METAL, BANDS, far) / METAL[:, None]
    beyond = np.linalg.norm(far.points, axis=1) > 0.0035
    np.testing.assert_allclose(out[:, beyond], 1, rtol=1e-6)
    behind = square(1e-4, 2, z=-0.001)
    away = dataclasses.replace(behind, normals=-behind.normals)
    np.testing.assert_allclose(reflectance([stain], METAL, BANDS, away)[:, 0], METAL, rtol=1e-6)


@pytest.mark.parametrize("pixel", [2e-5, 1e-4, 4e-4])
def test_a_line_of_stain_takes_the_same_light_whatever_the_pixel(pixel: float):
    thin = mark(Stain(kind="stain"), size=(0.01, 4e-5), left=(0.0, 0.0))
    s = np.linspace(-0.002, 0.002, 4001)
    points = np.stack([np.zeros_like(s), s, np.zeros_like(s)], axis=1).astype(F32)
    up = np.tile(np.array([0, 0, 1], F32), (len(s), 1))
    at = Surface(points, up, np.full(len(s), pixel, F32))
    lost = (1 - reflectance([thin], METAL, BANDS, at)[0] / METAL[0]).sum() * (s[1] - s[0])
    # it fades over half of its half width, linearly enough: 3/4 of the width is left
    assert lost == pytest.approx(0.75 * 4e-5, rel=0.1)


def test_machining_marks_have_their_pitch_and_keep_their_light():
    s = np.arange(0, 0.04, 1e-5, dtype=F32)
    points = np.stack([np.zeros_like(s), s, np.zeros_like(s)], axis=1)
    even = np.ones(4, F32)
    fine, coarse = (
        stripes(
            points, np.zeros(3, F32), np.array([0, 1, 0], F32), F32(5e-4), even,
            np.full(len(s), pixel, F32),
        )
        for pixel in (1e-5, 1e-3)
    )  # fmt: skip
    power = np.abs(np.fft.rfft(fine - fine.mean()))
    assert np.fft.rfftfreq(len(s), 1e-5)[power.argmax()] == pytest.approx(1 / 5e-4, rel=0.01)
    assert fine.mean() == pytest.approx(0.15 * np.sqrt(2 * np.pi), rel=0.01)
    assert coarse.mean() == pytest.approx(fine.mean(), rel=0.01)
    assert coarse.std() < 0.05 * fine.std()  # no moire where lines are finer than pixels
    marks = mark(
        MachiningMarks(kind="machining_marks"), size=(0.03, 0.03), amount=5e-4, left=(0.7, 0.7)
    )
    out = reflectance([marks], METAL, BANDS, square(0.005, 100)) / METAL[:, None]
    assert 0.7 - 1e-6 <= out.min() < 0.8
    assert np.ptp(out, axis=0).max() < 1e-6  # grey


@given(st.floats(2e-5, 2e-4), st.floats(1e-5, 3e-4), st.floats(1e-4, 6e-4))
@settings(max_examples=30, deadline=None)
def test_penetrant_glows_over_what_seeped_out_of_the_crack(
    opening: float, pixel: float, depth: float
):
    path = np.stack([np.linspace(-0.004, 0.004, 40), np.zeros(40), np.zeros(40)], axis=1)
    s = np.linspace(-0.003, 0.003, 3001)
    points = np.stack([np.zeros_like(s), s, np.zeros_like(s)], axis=1).astype(F32)
    at = Surface(points, points, np.full(len(s), pixel, F32))
    for developer in (0.0, 5e-5):
        entry = Penetrant(kind="penetrant", developer=developer, residue=0.0)
        out = glow([mark(entry, grooves=(Groove(path, opening, depth),))], at)
        width = opening
        if developer:
            width = max(opening, opening * depth / 2 / (PORES * developer))
        # a Gaussian of that full width at half height, whose area no pixel changes
        area = width * np.sqrt(np.pi / (4 * np.log(2)))
        assert out.sum() * (s[1] - s[0]) == pytest.approx(area, rel=0.01)
        own = np.hypot(width / 2.355, pixel / np.sqrt(12)) * 2.355
        assert np.ptp(s[out > out.max() / 2]) == pytest.approx(own, rel=0.03, abs=5e-6)


def plate(finish: tuple[Mark, ...] = (), pose: Pose | None = None) -> Scene:
    """A plate whose face z = 0 of its own frame looks at a camera at the world's origin."""
    mesh = trimesh.creation.box((0.08, 0.08, 0.004))
    mesh.apply_translation((0, 0, -0.002))
    pose = pose or Pose.of([0, 0, 0.2], [np.pi, 0, 0])
    return Scene([Body("plate", mesh, "titanium", pose, True, finish)])


def test_a_finish_moves_with_its_body_and_needs_no_crack():
    stain = mark(Stain(kind="stain"), size=(0.004, 0.004), left=(0.5, 0.5))
    for x, y in [(0.0, 0.0), (0.004, -0.003)]:
        scene = plate((stain,), Pose.of([x, y, 0.2], [np.pi, 0, 0.7]))
        bare = plate((), Pose.of([x, y, 0.2], [np.pi, 0, 0.7]))
        out = image(scene, SPEC, Pose.identity(), scene.place(), 0.0).data[0] / image(
            bare, SPEC, Pose.identity(), bare.place(), 0.0
        ).data[0].astype(float)
        v, u = np.mgrid[:72, :96]
        weight = 1 - out
        middle = [(weight * u).sum() / weight.sum(), (weight * v).sum() / weight.sum()]
        info = camera_info(SPEC)
        seen = info.k[:2, :2] @ [x / 0.2, y / 0.2] + info.k[:2, 2]
        np.testing.assert_allclose(middle, seen, atol=0.6)
        assert out.min() == pytest.approx(0.5, abs=0.01)


def test_ultraviolet_shows_what_glows_and_next_to_nothing_else():
    more = Ultraviolet(leak=0.004, ambient=0.01)
    spec = dataclasses.replace(SPEC, ultraviolet=more)
    line = np.stack([np.linspace(-0.004, 0.004, 60), np.zeros(60), np.zeros(60)], axis=1)
    entry = Penetrant(kind="penetrant", developer=0.0, residue=0.0)
    full = mark(entry, grooves=(Groove(line, 0.002, 5e-4),))
    lamp = Lamp(ambient=0.05)
    spec = dataclasses.replace(spec, lamp=lamp)
    scene = plate((full,))
    out = image(scene, spec, Pose.identity(), scene.place(), 0.0)
    assert out.glow is not None
    assert out.data.shape == (3, 72, 96)
    metal = material("titanium")
    dark = 0.004 * metal.at(365.0) + 0.01 * 0.05 * metal.at(520.0)
    top = WHITE * 65535
    assert out.glow[2, 2] == pytest.approx(top * dark, abs=2)
    assert out.glow.max() == pytest.approx(top * (1 + dark), rel=0.02)
    without = image(scene, dataclasses.replace(spec, ultraviolet=None), Pose.identity(),
                    scene.place(), 0.0)  # fmt: skip
    assert without.glow is None
    np.testing.assert_array_equal(without.data, out.data)  # it takes no light of the bands


def test_metal_mirrors_the_lamp_where_the_law_of_reflection_says():
    spec = dataclasses.replace(
        SPEC, field_of_view=0.5, gloss=0.4, roughness=0.2, width=161, height=121,
        effects=CameraEffects(quantisation=False, gloss=True),
        lamp=Lamp(place=(0.02, -0.04, 0.0), ambient=0.0, distance=0.1),
    )  # fmt: skip
    matt = dataclasses.replace(spec, effects=CameraEffects(quantisation=False))
    scene = plate()
    shiny, dull = (
        image(scene, s, Pose.identity(), scene.place(), 0.0).data[0].astype(float)
        for s in (spec, matt)
    )
    info = camera_info(spec)
    v, u = np.mgrid[:121, :161]
    at = np.stack([(u - 80) / info.k[0, 0], (v - 60) / info.k[0, 0], np.ones(u.shape)], -1) * 0.2
    lamp = np.array(spec.lamp.place)
    out, back = lamp - at, -at
    far = np.linalg.norm(out, axis=-1)
    w, e = out / far[..., None], back / np.linalg.norm(back, axis=-1)[..., None]
    half = (w + e) / np.linalg.norm(w + e, axis=-1)[..., None]
    # the plate's normal is -z; on a plane the lobe alone (without 1/d^2) is greatest half way
    cos_d, cos_e, cos_w = -half[..., 2], -e[..., 2], -w[..., 2]
    beckmann = np.exp((1 - cos_d**-2) / 0.04) / (np.pi * 0.04 * cos_d**4)
    bisector = (half * e).sum(axis=-1)
    masked = np.minimum(1, 2 * cos_d * np.minimum(cos_e, cos_w) / bisector)
    brdf = beckmann * masked / (4 * cos_e * cos_w)
    # radiance over that of a white surface that faces the lamp at its distance, 1 / pi
    mirrored = np.pi * brdf * cos_w * (0.1 / far) ** 2
    scattered = cos_w * (0.1 / far) ** 2
    exact = WHITE * 65535 * material("titanium").at(450.0) * (0.4 * mirrored + 0.6 * scattered)
    seen = np.abs(at[..., :2]).max(axis=-1) < 0.039
    np.testing.assert_allclose(shiny[seen], exact[seen], rtol=2e-3, atol=2)
    brightest = np.unravel_index((shiny - 0.6 * dull).argmax(), shiny.shape)
    mirror = info.k[0, 0] * lamp[:2] / 2 / 0.2
    np.testing.assert_allclose(brightest, [60 + mirror[1], 80 + mirror[0]], atol=4)


def test_a_coating_of_nothing_known_is_refused_with_its_body():
    scene = plate((mark(Coating(kind="coating", material="termal_barrier")),))
    with pytest.raises(SensorError, match=r"finish of 'plate'.*did you mean 'thermal_barrier'"):
        image(scene, SPEC, Pose.identity(), scene.place(), 0.0)


def test_a_coating_is_matt():
    effects = CameraEffects(quantisation=False, gloss=True)
    coat = mark(Coating(kind="coating", unevenness=0.0))
    scene = plate((coat,))
    shiny, matt = (
        image(scene, dataclasses.replace(SPEC, effects=e), Pose.identity(), scene.place(), 0.0)
        for e in (effects, dataclasses.replace(effects, gloss=False))
    )
    np.testing.assert_array_equal(shiny.data, matt.data)


def test_ultraviolet_outside_of_what_is_known_is_refused():
    spec = dataclasses.replace(SPEC, ultraviolet=Ultraviolet(excitation=254.0))
    with pytest.raises(SensorError, match=r"ultraviolet\.excitation 254 nm; valid: 300 to 1100"):
        camera_info(spec)


def grooved(opening: float, shift: float) -> Scene:
    """A plate with a straight V groove 0.6 mm deep, along the image's rows."""
    block = trimesh.creation.box((0.04, 0.04, 0.006))
    block.apply_translation((0, 0, -0.003))
    ends = [
        [x, y + shift, z]
        for x in (-0.018, 0.018)
        for y, z in [(-opening, 6e-4), (opening, 6e-4), (0, -6e-4)]
    ]
    wedge = trimesh.convex.convex_hull(np.array(ends))
    mesh = trimesh.boolean.difference([block, wedge], engine="manifold")
    return Scene([Body("plate", mesh, "titanium", Pose.of([0, 0, 0.2], [np.pi, 0, 0]), True)])


@settings(max_examples=12, deadline=None)
@given(st.sampled_from([1e-5, 3e-5, 6e-5, 1e-4]), st.floats(-1.5e-4, 1.5e-4))
def test_a_crack_takes_its_openings_share_of_the_pixel(opening: float, shift: float):
    effects = CameraEffects(quantisation=False, footprint=True)
    spec = dataclasses.replace(SPEC, effects=effects)
    pixel = 0.2 / camera_info(spec).k[0, 0]
    scene = grooved(opening, shift)
    sound = plate()
    out, whole = (
        image(s, spec, Pose.identity(), s.place(), 0.0).data[0].astype(float)
        for s in (scene, sound)
    )
    lost = (1 - out / whole)[:, 20:76].sum(axis=0).mean()
    # nearly black: at least 88 % of the light on its opening is gone, at most all of it
    assert 0.88 * opening / pixel - 0.006 < lost < opening / pixel + 0.006


def test_away_from_grooves_footprint_changes_nothing():
    scene = grooved(5e-5, 0.0)
    plain = dataclasses.replace(SPEC, effects=CameraEffects(quantisation=False))
    wide = dataclasses.replace(SPEC, effects=CameraEffects(quantisation=False, footprint=True))
    a, b = (
        image(scene, s, Pose.identity(), scene.place(), 0.0).data.astype(float)
        for s in (plain, wide)
    )
    np.testing.assert_array_equal(a[:, :30], b[:, :30])
    assert (a[:, 30:42] != b[:, 30:42]).any()
    # beside the groove its pixels' many rays see the plate as one ray does
    np.testing.assert_allclose(a[:, 33], b[:, 33], rtol=2e-3)


CRACK = Crack(length=(0.003, 0.003), opening=(1e-4, 1e-4), depth=(3e-4, 3e-4))
EVERY: tuple[Finish, ...] = (
    Coating(kind="coating"), OilFilm(kind="oil_film"), MachiningMarks(kind="machining_marks"),
    Stain(kind="stain"), Penetrant(kind="penetrant"),
)  # fmt: skip


def test_a_blades_finish_is_drawn_from_the_seed_and_leaves_its_cracks_alone(tmp_path: Path):
    plain = blade_of(Part(), "b", Blade(cracks=(CRACK,)), 3, tmp_path)
    part = Part(finish=EVERY[:1])
    blade = Blade(cracks=(CRACK,), finish=EVERY[1:])
    first, again = (blade_of(part, "b", blade, 3, tmp_path) for _ in range(2))
    np.testing.assert_array_equal(first.mesh.vertices, plain.mesh.vertices)
    assert [type(m.finish) for m in first.finish] == [type(f) for f in EVERY]
    for a, b in zip(first.finish, again.finish, strict=True):
        np.testing.assert_array_equal(a.centre, b.centre)
        assert a.seed == b.seed
    other = blade_of(part, "c", blade, 3, tmp_path)
    assert not np.allclose(other.finish[3].centre, first.finish[3].centre)
    stain = first.finish[3]
    # on the surface, with its normal outwards
    solid = o3d.t.geometry.RaycastingScene()
    solid.add_triangles(first.mesh.vertices.astype(F32), first.mesh.faces.astype(np.uint32))
    off = np.array([stain.centre, stain.centre + 1e-4 * stain.axes[2]], F32)
    np.testing.assert_allclose(solid.compute_signed_distance(off).numpy(), [0, 1e-4], atol=5e-6)
    assert len(first.finish[4].grooves) == 1
    sound = blade_of(part, "b", Blade(finish=EVERY[1:]), 3, tmp_path)
    assert sound.flaws == ()
    assert len(sound.finish) == 5


def test_each_pixel_of_a_plane_is_where_the_closed_form_says():
    pose = Pose.of([0.01, -0.02, 0.3], [np.pi - 0.3, 0.2, 0.5])
    scene = plate((), pose)
    sensor = Pose.of([0.02, -0.01, 0.02], [0.05, -0.05, 0.3])
    effects = dataclasses.replace(QUIET, distortion=True)
    spec = dataclasses.replace(SPEC, effects=effects, field_of_view=0.3)
    seen = pixel_map(scene, spec, sensor, scene.place(), "plate")
    there = seen.normals[..., 2] > 0.5  # not the plate's sides
    assert 0.3 < there.mean() < 1
    np.testing.assert_allclose(seen.points[there][:, 2], 0, atol=1e-6)
    np.testing.assert_allclose(seen.normals[there], [[0, 0, 1]] * int(there.sum()), atol=1e-5)
    v, u = np.nonzero(there)
    back = pixels_of(seen, spec, seen.points[there].astype(float))
    np.testing.assert_allclose(back, np.stack([u, v], axis=1), atol=5e-3)
    axis = sensor.rotate([0, 0, 1.0])
    normal = pose.rotate([0, 0, 1.0])
    distance = (pose.p - sensor.p) @ normal / (axis @ normal)
    assert seen.footprint[36, 48] == pytest.approx(distance / camera_info(spec).k[0, 0], rel=0.02)
    assert seen.cosine[36, 48] == pytest.approx(-axis @ normal, abs=0.01)


def test_a_crack_is_dark_where_the_cads_map_has_its_path(tmp_path: Path):
    long = dataclasses.replace(
        CRACK, length=(0.006, 0.006), side="suction", span=(0.5, 0.5), chord=(0.5, 0.5)
    )
    blade = blade_of(Part(), "b", Blade(cracks=(long,)), 5, tmp_path)
    turn = np.eye(4)
    turn[:3, :3] = np.array([[-1.0, 0, 0], [0, 0, -1.0], [0, -1.0, 0]])
    turn[:3, 3] = [0.01, 0.19, 0.08]
    camera = Pose.from_matrix(turn)
    effects = CameraEffects(footprint=True, blur=True, vignetting=True, distortion=True)
    spec = dataclasses.replace(SPEC, width=640, height=480, field_of_view=0.7, effects=effects)
    real = Scene([Body("part", blade.mesh, "titanium", Pose.identity(), True)])
    counts = image(real, spec, camera, real.place(), 0.0, np.random.default_rng(2)).data[0]
    # the map knows the nominal mesh alone
    cad = Scene([Body("part", nominal(Part(), tmp_path).mesh, "titanium", Pose.identity(), True)])
    seen = pixel_map(cad, spec, camera, cad.place(), "part")
    path = blade.flaws[0].path[4:-4]
    at = pixels_of(seen, spec, path)
    assert np.isfinite(at).all()
    u, v = np.rint(at).astype(int).T
    light = counts.astype(float)
    ground = np.median([light[v + dv, u + du] for dv in (-6, 6) for du in (-6, 6)], axis=0)
    # 0.1 mm over a pixel of 0.22 mm, of which the blur leaves about half in the middle
    assert np.median(light[v, u] / ground) < 0.88
    assert ((light[v, u] / ground) < 0.95).mean() > 0.9


def test_what_is_hidden_or_absent_has_no_pixel():
    mesh = trimesh.creation.box((0.08, 0.08, 0.004))
    scene = Scene([
        Body("part", mesh, "titanium", None, True),
        Body("bar", trimesh.creation.box((0.005, 0.08, 0.005)), "steel", None, False),
    ])  # fmt: skip
    poses = scene.place({"part": Pose.of([0, 0, 0.2]), "bar": Pose.of([0, 0, 0.1])})
    seen = pixel_map(scene, SPEC, Pose.identity(), poses, "part")
    points = np.array([[0.0, 0, -0.002], [0.009, 0, -0.002], [0.009, 0, 0.002], [0.039, 0, -0.002]])
    out = pixels_of(seen, SPEC, points)
    # behind the bar, in sight, on the far face, outside of the image
    assert np.isfinite(out[:, 0]).tolist() == [False, True, False, False]
    with pytest.raises(SensorError, match="did you mean 'part'"):
        pixel_map(scene, SPEC, Pose.identity(), poses, "prt")
    with pytest.raises(SensorError, match="'part' is absent"):
        pixel_map(scene, SPEC, Pose.identity(), scene.place(), "part")
