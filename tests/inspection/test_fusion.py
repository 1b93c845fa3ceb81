from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import trimesh
from scipy.spatial.transform import Rotation

from twincell.errors import InspectionError
from twincell.geometry.bodies import Body
from twincell.geometry.pose import Pose
from twincell.inspection.anomaly import Anomaly
from twincell.inspection.classify import Evidence, classify
from twincell.inspection.fusion import Looks, fuse
from twincell.inspection.spectral import SpectralDetector, SpectralIndication
from twincell.sensing.multispectral import image
from twincell.sensing.scene import Scene
from twincell.sensing.types import SpectralImage
from twincell.world.robots import Place
from twincell.world.sensors import Mount, Multispectral
from twincell.world.work import Criteria

SPEC = Multispectral(
    kind="multispectral", mount=Mount(place=Place()), width=400, height=300, field_of_view=0.2
)
CRITERIA = Criteria(report=0.001, reject=0.004, critical=0.007)
PLATE = trimesh.creation.box((0.06, 0.06, 0.006))
TOP = 0.003
CAMERA = Pose(
    np.array([0.0, 0.0, TOP + 0.2]), Rotation.from_euler("x", 180, degrees=True).as_quat()
)


def grooved() -> trimesh.Trimesh:
    """The plate with a V groove 8 mm long along x, 0.4 mm wide, 0.6 mm deep."""
    ends = [
        [x, y, z] for x in (-0.004, 0.004) for y, z in [(-4e-4, 6e-4), (4e-4, 6e-4), (0, -6e-4)]
    ]
    wedge = trimesh.convex.convex_hull(np.array(ends) + np.array([0, 0, TOP]))
    return trimesh.boolean.difference([PLATE, wedge], engine="manifold")


def shot(mesh: trimesh.Trimesh) -> SpectralImage:
    scene = Scene([Body("part", mesh, "titanium", Pose.identity(), True)])
    return image(scene, SPEC, CAMERA, scene.place(), 1.0, np.random.default_rng(3))


def stained(out: SpectralImage) -> SpectralImage:
    """A line 8 mm by 0.4 mm painted at the same place, that takes blue and spares infrared."""
    v, u = np.mgrid[: SPEC.height, : SPEC.width]
    x = (u - out.camera_matrix[0, 2]) / out.camera_matrix[0, 0] * 0.2
    y = (v - out.camera_matrix[1, 2]) / out.camera_matrix[1, 1] * 0.2
    on = (abs(x) < 0.004) & (abs(y) < 2e-4)
    keep = np.interp(out.bands, [450, 940], [0.5, 0.95])[:, None, None]
    return dataclasses.replace(out, data=np.where(on, out.data * keep, out.data).astype(np.uint16))


def touched(length: float, width: float, depth: float, y: float = 0.0) -> Anomaly:
    rng = np.random.default_rng(0)
    span = np.array([length, width, 0.0])
    points = (rng.random((300, 3)) - 0.5) * span + [0, y, TOP]
    return Anomaly(
        "a", "p", "crack", "minor", 0.5, length, width, depth, points.mean(axis=0),
        np.array([1.0, 0, 0]), points, 0.5, 0.6,
    )  # fmt: skip


def test_a_sound_plate_gives_nothing():
    assert SpectralDetector(PLATE).detect(shot(PLATE), CAMERA) == ()


def test_a_cut_crack_is_a_grey_line_where_it_was_cut():
    (found,) = SpectralDetector(PLATE).detect(shot(grooved()), CAMERA)
    assert np.abs(found.points[:, 1]).max() < 6e-4
    assert np.ptp(found.points[:, 0]) == pytest.approx(0.008, abs=0.001)
    np.testing.assert_allclose(found.points[:, 2], TOP, atol=1e-5)
    assert found.contrast.min() > 0.1
    assert np.ptp(found.contrast) < 0.25 * found.contrast.mean()


def test_a_painted_stain_has_the_contrast_it_was_painted_with():
    (found,) = SpectralDetector(PLATE).detect(stained(shot(PLATE)), CAMERA)
    painted = 1 - np.interp(found.bands, [450, 940], [0.5, 0.95])
    np.testing.assert_allclose(found.contrast, painted, atol=0.06)


def test_fusion_tells_crack_from_stain_by_band_and_depth():
    detector = SpectralDetector(PLATE)
    (crack,) = fuse(
        "p", [touched(0.006, 4e-4, 5e-4)], detector.detect(shot(grooved()), CAMERA), CRITERIA, 2.0
    )
    assert crack.anomaly.kind == "crack"
    # the camera sees the whole 8 mm, the profiler 6 mm of it
    assert crack.anomaly.length == pytest.approx(0.008, abs=0.001)
    assert crack.anomaly.severity == "critical"
    assert (crack.profiler, crack.spectral) == (("a",), (0,))
    x, y = np.meshgrid(np.linspace(-0.01, 0.01, 60), np.linspace(-0.01, 0.01, 60))
    sound = np.column_stack([x.ravel(), y.ravel(), np.full(x.size, TOP)])
    found = detector.detect(stained(shot(PLATE)), CAMERA)
    looks = Looks(sound, np.array([[0.0, 1.0, 0.0]]), 1e-4)
    (stain,) = fuse("p", [], found, CRITERIA, 2.0, looks)
    assert (stain.anomaly.kind, stain.anomaly.severity) == ("stain", "minor")


@pytest.mark.parametrize(
    ("along", "kind"),
    [((0.0, 1.0, 0.0), "mark"), ((1.0, 0.0, 0.0), "crack")],
    ids=["the profiler's lines cross it", "it may lie between two of them"],
)
def test_a_grey_line_is_a_crack_only_where_the_profiler_could_miss_it(
    along: tuple[float, float, float], kind: str
):
    """A groove 0.05 mm wide along x: lines along y, 0.1 mm apart, cross it 80 times."""
    x, y = np.meshgrid(np.linspace(-0.01, 0.01, 60), np.linspace(-0.01, 0.01, 60))
    sound = np.column_stack([x.ravel(), y.ravel(), np.full(x.size, TOP)])
    line = np.column_stack([np.linspace(-0.004, 0.004, 90), np.zeros(90), np.full(90, TOP)])
    grey = SpectralIndication(
        line, np.full(6, 0.1), np.full(6, 0.005), np.array(SPEC.bands), 3e-4, 0.01, 1.0, 5e-5
    )
    (found,) = fuse("p", [], [grey], CRITERIA, 2.0, Looks(sound, np.array([along]), 1e-4))
    assert found.anomaly.kind == kind
    assert found.anomaly.opening == 5e-5
    # where the profiler did not look its silence says nothing
    nowhere = Looks(sound + 0.05, np.array([along]), 1e-4)
    (found,) = fuse("p", [], [grey], CRITERIA, 2.0, nowhere)
    assert found.anomaly.kind == "crack"


def test_narrow_places_without_light_are_cracks_however_many_run_side_by_side():
    """Their depth is an estimate by their width: seen finely it is less than a groove's."""
    shallow = [
        dataclasses.replace(touched(0.006, 2e-5, 3e-5, 1e-3 * i), id=f"a{i}") for i in range(3)
    ]
    marks = fuse("p", shallow, [], CRITERIA, 2.0)
    assert {f.anomaly.kind for f in marks} == {"mark"}
    where = np.empty((0, 3))
    looks = Looks(where, np.array([[0.0, 1.0, 0.0]]), 1e-4, dark=frozenset({"a0", "a1", "a2"}))
    cracks = fuse("p", shallow, [], CRITERIA, 2.0, looks)
    assert {f.anomaly.kind for f in cracks} == {"crack"}
    assert any("no laser light returns" in r for f in cracks for r in f.judgement.reasons)


def test_a_line_in_several_images_is_one_line_and_parallel_ones_are_marks():
    def line(y: float, stamp: float) -> SpectralIndication:
        points = np.column_stack([np.linspace(-0.004, 0.004, 90), np.full(90, y), np.full(90, TOP)])
        return SpectralIndication(
            points, np.full(6, 0.1), np.full(6, 0.005), np.array(SPEC.bands), 3e-4, 0.01, stamp
        )

    twice = [line(0.0, 1.0), line(1e-4, 2.0)]
    (one,) = fuse("p", [], twice, CRITERIA, 3.0)
    assert (one.anomaly.kind, one.spectral) == ("crack", (0, 1))
    many = [line(y, s) for y in (-8e-4, 0.0, 8e-4, 16e-4) for s in (1.0, 2.0)]
    found = fuse("p", [], many, CRITERIA, 3.0)
    assert [f.anomaly.kind for f in found] == ["mark"] * 4
    # a deep groove among them stays a crack, at its own length
    crack, *marks = sorted(
        fuse("p", [touched(0.003, 5e-5, 3e-4)], many, CRITERIA, 3.0), key=lambda f: f.anomaly.kind
    )
    assert crack.anomaly.kind == "crack"
    assert {m.anomaly.kind for m in marks} == {"mark"}


def test_a_round_hollow_is_a_dent_and_parallel_shallow_lines_are_marks():
    (dent,) = fuse("p", [touched(0.003, 0.003, 1e-4)], [], CRITERIA, 0.0)
    assert dent.anomaly.kind == "dent"
    lines = [touched(0.008, 1e-4, 2e-5, y) for y in (-0.002, 0.0, 0.002)]
    marks = fuse("p", lines, [], CRITERIA, 0.0)
    assert [m.anomaly.kind for m in marks] == ["mark"] * 3
    deep = [dataclasses.replace(line, depth=3e-4) for line in lines]
    assert [m.anomaly.kind for m in fuse("p", deep, [], CRITERIA, 0.0)] == ["crack"] * 3


def test_an_edge_is_an_edge_and_every_rule_gives_its_reason():
    line = Evidence(np.full(6, 0.3), np.full(6, 0.01), np.nan, False, 0.01, 2e-4, edge=1e-4)
    out = classify(line)
    assert out.kind == "edge"
    assert len(out.reasons) == 3
    odds = np.array(list(out.log_odds.values()))
    assert out.confidence == pytest.approx(np.exp(3.5) / np.exp(odds).sum())


def test_nothing_from_nothing_and_bad_counts_are_refused():
    assert fuse("p", [], [], CRITERIA, 0.0) == ()
    out = shot(PLATE)
    with pytest.raises(InspectionError, match="6 bands"):
        SpectralDetector(PLATE).detect(dataclasses.replace(out, data=out.data[:4]), CAMERA)
