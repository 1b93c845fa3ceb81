from __future__ import annotations

from pathlib import Path

import numpy as np
import open3d
import pytest
import trimesh
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from twincell.errors import GeometryError
from twincell.geometry.blade import BladeModel, blade_model
from twincell.geometry.flaws import TAPER, Flaw, cut
from twincell.world.blades import Crack, Part
from twincell.world.robots import Place


def crack(
    length: float = 0.006,
    opening: float = 0.0003,
    depth: float = 0.0006,
    side: str = "suction",
    **more: object,
) -> Crack:
    return Crack(
        length=(length, length), opening=(opening, opening), depth=(depth, depth), side=side, **more
    )  # type: ignore[arg-type]


def removed(flaw: Flaw) -> float:
    """Closed form on a plane: V cross-section opening x depth / 2 times the taper's share squared,
    the share linear between the path's samples."""
    steps = np.linalg.norm(np.diff(flaw.path, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    share = np.clip(np.minimum(along, along[-1] - along) / (TAPER * flaw.length), 0, 1)
    a, b = share[:-1], share[1:]
    return flaw.opening * flaw.depth / 2 * float((steps * (a * a + a * b + b * b) / 3).sum())


def flat_model(tmp_path: Path) -> BladeModel:
    """A flat plate for a blade: the surface is a plane, so lengths and volumes are exact."""
    trimesh.creation.box((40.0, 10.0, 60.0)).export(tmp_path / "plate.stl")
    return blade_model(Part(mesh="plate.stl", mesh_place=Place()), tmp_path)


def test_on_a_plane_the_volume_removed_is_the_closed_form(tmp_path: Path) -> None:
    model = flat_model(tmp_path)
    blade = cut(model, [crack(waviness=0.0)], np.random.default_rng(3))
    (flaw,) = blade.flaws
    assert flaw.length == pytest.approx(0.006, abs=1e-9)
    assert model.mesh.volume - blade.mesh.volume == pytest.approx(removed(flaw), rel=1e-3)


def test_on_a_plane_the_crack_is_as_wide_and_deep_as_stated(tmp_path: Path) -> None:
    model = flat_model(tmp_path)
    asked = crack(side="pressure", waviness=0.0, angle=(0.0, 0.0))
    blade = cut(model, [asked], np.random.default_rng(1))
    (flaw,) = blade.flaws
    new = blade.mesh.vertices[np.linalg.norm(blade.mesh.vertices - flaw.center, axis=1) < 0.004]
    assert new[:, 1].min() == pytest.approx(-0.005)
    assert new[:, 1].max() == pytest.approx(-0.005 + flaw.depth, abs=1e-9)
    rim = new[np.abs(new[:, 1] + 0.005) < 1e-9]
    assert np.ptp(rim[:, 2]) == pytest.approx(flaw.opening, abs=1e-9)
    assert np.ptp(rim[:, 0]) == pytest.approx(flaw.length, abs=1e-6)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    length=st.floats(0.0015, 0.012),
    opening=st.floats(0.00005, 0.0004),
    depth=st.floats(0.0002, 0.0009),
    side=st.sampled_from(["suction", "pressure"]),
    waviness=st.floats(0, 0.3),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_crack_leaves_a_closed_blade_and_a_true_record(
    coarse: BladeModel,
    length: float,
    opening: float,
    depth: float,
    side: str,
    waviness: float,
    seed: int,
) -> None:
    asked = crack(length, opening, depth, side, waviness=waviness)
    blade = cut(coarse, [asked], np.random.default_rng(seed))
    (flaw,) = blade.flaws
    assert blade.mesh.is_volume
    assert len(blade.mesh.split()) == 1
    # what is recorded is what was cut; chords of 0.15 mm cut the corners of what was asked for
    assert flaw.length == pytest.approx(length, rel=0.02 + 0.1 * waviness)
    steps = np.linalg.norm(np.diff(flaw.path, axis=0), axis=1)
    assert flaw.length == pytest.approx(steps.sum(), rel=1e-12)
    # a bend in the path takes a little from the inner flank
    assert coarse.mesh.volume - blade.mesh.volume == pytest.approx(removed(flaw), rel=0.05)
    assert np.linalg.norm(flaw.normals, axis=1) == pytest.approx(1.0)
    sign = 1 if side == "suction" else -1
    assert (sign * flaw.normals[:, 1] > 0).all()
    # the path lies on the nominal surface
    scene = open3d.t.geometry.RaycastingScene()
    vertices, faces = coarse.mesh.vertices.astype(np.float32), coarse.mesh.faces.astype(np.uint32)
    scene.add_triangles(vertices, faces)
    distance = scene.compute_distance(flaw.path.astype(np.float32)).numpy()
    assert distance.max() < 1e-7


def test_far_from_the_crack_the_surface_is_untouched(coarse: BladeModel) -> None:
    blade = cut(coarse, [crack()], np.random.default_rng(0))
    (flaw,) = blade.flaws
    far = np.linalg.norm(coarse.mesh.vertices - flaw.center, axis=1) > flaw.length
    before = {tuple(v) for v in np.round(coarse.mesh.vertices[far], 9)}
    after = {tuple(v) for v in np.round(blade.mesh.vertices, 9)}
    assert before <= after
    assert blade.mesh.bounds == pytest.approx(coarse.mesh.bounds)


def test_place_on_span_and_chord_is_as_asked(coarse: BladeModel) -> None:
    low, high = coarse.airfoil
    for share in (0.3, 0.7):
        asked = crack(span=(share, share), chord=(share, share))
        (flaw,) = cut(coarse, [asked], np.random.default_rng(0)).flaws
        assert flaw.center[2] == pytest.approx(low + share * (high - low), abs=2e-4)
        outline = coarse.mesh.section([0, 0, 1], [0, 0, flaw.center[2]]).vertices[:, 0]
        expected = outline.max() - share * np.ptp(outline)
        assert flaw.center[0] == pytest.approx(expected, abs=1e-3)


def test_angle_zero_runs_along_the_chord_and_a_right_angle_along_the_span(
    coarse: BladeModel,
) -> None:
    along = cut(coarse, [crack(angle=(0.0, 0.0), waviness=0)], np.random.default_rng(0)).flaws[0]
    assert np.ptp(along.path[:, 2]) < 0.1 * along.length
    asked = crack(angle=(np.pi / 2, np.pi / 2), waviness=0)
    up = cut(coarse, [asked], np.random.default_rng(0)).flaws[0]
    assert np.ptp(up.path[:, 2]) > 0.99 * up.length


def test_the_same_seed_gives_the_same_crack_and_another_seed_another(coarse: BladeModel) -> None:
    asked = [Crack(length=(0.002, 0.009), opening=(0.0002, 0.0002), depth=(0.0005, 0.0005))]
    first, again, other = (cut(coarse, asked, np.random.default_rng(s)) for s in (5, 5, 6))
    assert np.array_equal(first.mesh.vertices, again.mesh.vertices)
    assert first.flaws[0].length == again.flaws[0].length
    assert first.flaws[0].length != other.flaws[0].length


def test_several_cracks_keep_apart(coarse: BladeModel) -> None:
    blade = cut(coarse, [crack(0.004) for _ in range(4)], np.random.default_rng(2))
    assert blade.mesh.is_volume
    total = sum(removed(f) for f in blade.flaws)
    assert coarse.mesh.volume - blade.mesh.volume == pytest.approx(total, rel=0.04)


def test_no_crack_leaves_the_nominal_blade(coarse: BladeModel) -> None:
    blade = cut(coarse, [], np.random.default_rng(0))
    assert blade.flaws == ()
    assert blade.mesh.volume == coarse.mesh.volume


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (crack(length=0.2), "run over"),
        (crack(depth=0.02), "wall is|platform"),
    ],
)
def test_a_crack_that_does_not_fit_says_why(coarse: BladeModel, asked: Crack, reason: str) -> None:
    with pytest.raises(GeometryError, match=rf"blades\.b\.cracks\[0\].*({reason})"):
        cut(coarse, [asked], np.random.default_rng(0), "b")
