from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from twincell.errors import InspectionError
from twincell.geometry.blade import BladeModel, blade_model
from twincell.geometry.bodies import Body
from twincell.geometry.flaws import cut
from twincell.geometry.pose import Pose
from twincell.inspection.anomaly import Anomaly
from twincell.inspection.detector import CrackDetector
from twincell.inspection.deviation import deviation
from twincell.sensing.profiler import lines
from twincell.sensing.scene import Scene
from twincell.sensing.types import Profiles
from twincell.world.blades import BladeShape, Crack, Part
from twincell.world.robots import Place
from twincell.world.sensors import Mount, Profiler
from twincell.world.work import Criteria, Inspection

SPEC = Profiler(kind="profiler", mount=Mount(place=Place()))
WORK = Inspection(
    arm="a", profiler="p", criteria=Criteria(report=0.001, reject=0.004, critical=0.007)
)
STEP = 1e-4
HEIGHT = 0.04
SIZE = (0.030, 0.006, HEIGHT)


def plate() -> BladeModel:
    """A flat part: its front (suction side) at y = +3 mm."""
    mesh = trimesh.creation.box(SIZE)
    mesh.apply_translation((0, 0, HEIGHT / 2))
    return BladeModel(
        mesh, Pose.identity(), 0.006, (0.03, 0.006, 0.005), HEIGHT, (0.005, 0.035), (mesh,)
    )


def grooved(length: float, opening: float, depth: float, angle: float) -> trimesh.Trimesh:
    """The plate with a V groove in its front, `angle` from the chord towards the span."""
    over = 0.001
    half = opening / 2 * (1 + over / depth)
    section = np.array([[-half, over], [half, over], [0.0, -depth]])
    ends = [np.column_stack([np.full(3, x), section]) for x in (-length / 2, length / 2)]
    wedge = trimesh.convex.convex_hull(np.concatenate(ends))
    # local x along the groove, y across it, z out of the face
    out, along = np.array([0, 1.0, 0]), np.array([np.cos(angle), 0, np.sin(angle)])
    frame = np.eye(4)
    frame[:3, :3] = np.stack([along, np.cross(out, along), out], axis=1)
    frame[:3, 3] = [0, SIZE[1] / 2, HEIGHT / 2]
    wedge.apply_transform(frame)
    return trimesh.boolean.difference([plate().mesh, wedge], engine="manifold")


def passes(low: float, high: float) -> list[Pose]:
    """Optical frames in the part frame: up along the span from in front, then from behind."""
    poses = []
    for side in (1.0, -1.0):
        z = np.array([0, -side, 0])
        x = np.array([-side, 0, 0])
        q = Rotation.from_matrix(np.stack([x, np.cross(z, x), z], axis=1)).as_quat()
        away = side * SPEC.standoff
        poses += [Pose(np.array([0, away, height]), q) for height in np.arange(low, high, STEP)]
    return poses


def inspect(
    detector: CrackDetector,
    mesh: trimesh.Trimesh,
    sensors: Sequence[Pose],
    error: Pose | None = None,
    seed: int = 0,
    dark: slice | None = None,
) -> list[Anomaly]:
    """Scan a mesh that stands at `error` from where the encoders say; give what was streamed."""
    scene = Scene([Body("part", mesh, "titanium", None, True)])
    placement = scene.place({"part": error or Pose.identity()})
    rng = np.random.default_rng(seed)
    detector.start("part", 0.0)
    told: list[Anomaly] = []
    for i in range(0, len(sensors), 10):
        stamps = np.arange(i, min(i + 10, len(sensors))) / SPEC.rate
        profiles = lines(scene, SPEC, sensors[i : i + 10], placement, stamps, rng)
        if dark is not None and dark.start <= i < dark.stop:
            profiles.points[:] = np.nan
        told += detector.push(profiles, sensors[i : i + 10], float(stamps[-1]) + 0.004)
    return told


@pytest.fixture(scope="module")
def flat() -> CrackDetector:
    return CrackDetector(plate(), WORK, SPEC)


FLAT = passes(0.003, 0.037)


@settings(max_examples=10, deadline=None)
@given(
    st.sampled_from([0.0, np.pi / 2, np.pi / 4, 2.2]) | st.floats(0.0, 3.14),
    st.floats(0.002, 0.012),
    st.floats(0.3e-3, 0.6e-3),
    st.floats(0.10e-3, 0.25e-3),
)
def test_an_open_groove_is_measured_in_any_direction(
    angle: float, length: float, opening: float, depth: float
):
    detector = CrackDetector(plate(), WORK, SPEC)
    told = inspect(detector, grooved(length, opening, depth, angle), FLAT)
    verdict = detector.finish(9.0)
    assert [a.kind for a in verdict.anomalies] == ["crack"]
    (found,) = verdict.anomalies
    # two pixels of the ray grid at either end; the rim above the threshold is left out
    assert found.length == pytest.approx(length, abs=0.25e-3 + 0.02 * length)
    # as fine as lines lie apart, less the rim above the threshold and its share in the trend
    rim = 60e-6 / depth * opening
    assert -1.1e-4 - rim < found.opening - opening < 1.1e-4
    # rays miss the bottom line by up to half a ray's distance
    assert 0.6 * depth < found.depth < depth + 5 * SPEC.noise
    run = np.array([np.cos(angle), 0, np.sin(angle)])
    assert abs(found.direction @ run) > 0.99
    np.testing.assert_allclose(found.center, [0, SIZE[1] / 2, HEIGHT / 2], atol=3e-4)
    assert len(told) >= 1


@pytest.mark.parametrize("angle", [0.0, np.pi / 4, np.pi / 2])
def test_a_narrow_deep_crack_is_found_by_its_darkness(flat: CrackDetector, angle: float):
    told = inspect(flat, grooved(0.002, 0.2e-3, 0.5e-3, angle), FLAT)
    verdict = flat.finish(9.0)
    (found,) = verdict.anomalies
    assert found.length == pytest.approx(0.002, abs=0.3e-3)
    assert found.opening == pytest.approx(0.2e-3, abs=1.1e-4)  # lines are 0.1 mm apart
    # the walls are too steep to return light: the depth is a lower bound
    assert 0.15e-3 < found.depth < 0.52e-3
    assert [a.severity for a in told] == ["minor"]
    assert verdict.decision == "rework"


def test_a_growing_crack_is_told_again_with_each_severity(flat: CrackDetector):
    told = inspect(flat, grooved(0.010, 0.3e-3, 0.5e-3, np.pi / 2), FLAT)
    assert [a.severity for a in told] == ["minor", "major", "critical"]
    assert len({a.id for a in told}) == 1
    # told while it is being scanned, not at its end: the crack spans lines 120 to 220
    assert told[-1].light < (120 + 90) / SPEC.rate
    assert all(a.detected >= a.light for a in told)
    assert flat.finish(9.0).decision == "reject"


def test_who_stands_over_a_crack_learns_nothing_more_of_it(flat: CrackDetector):
    crack = grooved(0.010, 0.3e-3, 0.5e-3, np.pi / 2)
    went = inspect(flat, crack, FLAT)
    right, shown = flat.finish(9.0), len(flat.deviation(1)[0])
    # the arm stops in the middle of it, its joints jitter by a micrometre, and it goes on
    jitter = np.random.default_rng(5).normal(0.0, 1e-6, (1500, 3))
    stands = [Pose(FLAT[170].p + off, FLAT[170].q) for off in jitter]
    stood = inspect(flat, crack, [*FLAT[:170], *stands, *FLAT[170:]])
    verdict = flat.finish(20.0)
    assert [a.severity for a in stood] == [a.severity for a in went]
    assert verdict.decision == right.decision
    assert verdict.anomalies[0].length == pytest.approx(right.anomalies[0].length, abs=2e-4)
    # what it holds in memory does not grow with the time that the arm stands
    assert len(flat.deviation(1)[0]) == pytest.approx(shown, rel=0.02)


def test_a_flawless_plate_is_silent_and_accepted(flat: CrackDetector):
    assert inspect(flat, plate().mesh, FLAT, seed=1) == []
    verdict = flat.finish(9.0)
    assert (verdict.decision, verdict.anomalies) == ("accept", ())
    assert verdict.residual < 2 * SPEC.noise
    assert verdict.coverage > 0.85  # the narrow sides are area, too


def test_a_part_seen_from_one_side_is_scanned_again(flat: CrackDetector):
    inspect(flat, plate().mesh, FLAT[: len(FLAT) // 2])
    verdict = flat.finish(9.0)
    assert verdict.decision == "rescan"
    assert verdict.coverage == pytest.approx(0.45, abs=0.06)  # sides are area, too


def test_lost_lines_are_no_crack(flat: CrackDetector):
    assert inspect(flat, plate().mesh, FLAT, dark=slice(100, 130)) == []
    assert flat.finish(9.0).anomalies == ()


@pytest.fixture(scope="module")
def blade() -> tuple[BladeModel, CrackDetector, list[Pose]]:
    model = blade_model(Part(), Path())
    low, high = model.airfoil
    return model, CrackDetector(model, WORK, SPEC), passes(low - 0.004, high + 0.004)


def test_a_flawless_blade_that_stands_a_little_off_is_silent(blade):
    model, detector, sensors = blade
    error = Pose.of([2e-4, -2e-4, 1e-4], [0.003, -0.002, 0.004])
    assert inspect(detector, model.mesh, sensors, error) == []
    verdict = detector.finish(9.0)
    assert (verdict.decision, verdict.anomalies) == ("accept", ())
    assert verdict.residual < 10e-6  # the registration found the error


@pytest.mark.parametrize("seed", [1, 2])
def test_cracks_of_a_blade_are_found_and_nothing_else(blade, seed: int):
    model, detector, sensors = blade
    small = {"opening": (0.2e-3, 0.2e-3), "depth": (0.5e-3, 0.5e-3)}
    cracks = [
        Crack(length=(0.002, 0.002), side="suction", **small),
        Crack(length=(0.005, 0.005), side="pressure", **small),
    ]
    truth = cut(model, cracks, np.random.default_rng(seed))
    inspect(detector, truth.mesh, sensors, seed=seed)
    verdict = detector.finish(9.0)
    assert len(verdict.anomalies) == 2
    for found, flaw in zip(verdict.anomalies, truth.flaws[::-1], strict=True):
        # the ends taper to nothing
        assert 0.8 * flaw.length < found.length < 1.05 * flaw.length
        assert np.linalg.norm(flaw.path - found.center, axis=1).min() < 5e-4
    assert verdict.decision == "reject"


def test_another_part_is_refused(blade):
    _, detector, sensors = blade
    other = blade_model(Part(shape=BladeShape(camber=0.4)), Path())
    inspect(detector, other.mesh, sensors)
    with pytest.raises(InspectionError, match="does not fit the CAD"):
        detector.finish(9.0)


def test_deviation_is_the_groove_and_the_noise(flat: CrackDetector):
    mesh = grooved(0.010, 0.5e-3, 0.2e-3, 0.0)
    scene = Scene([Body("part", mesh, "titanium", Pose.identity(), True)])
    sensors = FLAT[150:190]
    rng = np.random.default_rng(0)
    profiles = lines(scene, SPEC, sensors, scene.place(), np.arange(40) / 250, rng)
    points, off = deviation(plate(), SPEC, profiles, sensors)
    inside = (np.abs(points[:, 2] - HEIGHT / 2) < 0.2e-3) & (np.abs(points[:, 0]) < 0.0045)
    away = np.abs(points[:, 2] - HEIGHT / 2) > 0.4e-3
    assert off[inside].min() == pytest.approx(-0.2e-3, abs=0.04e-3)
    assert off[away].std() == pytest.approx(SPEC.noise, rel=0.1)
    with pytest.raises(InspectionError, match="39 poses"):
        deviation(plate(), SPEC, profiles, sensors[1:])


def test_bad_input_is_refused(flat: CrackDetector):
    fresh = CrackDetector(plate(), WORK, SPEC)
    points = np.full((2, SPEC.points, 3), np.nan, np.float32)
    nothing = Profiles(np.zeros(2), points, np.zeros((2, SPEC.points), np.float32))
    with pytest.raises(InspectionError, match=r"call start"):
        fresh.push(nothing, FLAT[:2], 0.0)
    with pytest.raises(InspectionError, match="no line"):
        fresh.finish(0.0)
    fresh.start("x", 0.0)
    with pytest.raises(InspectionError, match="1 poses"):
        fresh.push(nothing, FLAT[:1], 0.0)
    assert fresh.push(nothing, FLAT[:2], 0.0) == ()
    with pytest.raises(InspectionError, match="none of 2 lines"):
        fresh.finish(0.0)
    endless = dataclasses.replace(nothing, points=np.full_like(points, np.inf))
    with pytest.raises(InspectionError, match="infinite depths"):
        fresh.push(endless, FLAT[:2], 0.0)
    with pytest.raises(InspectionError, match="finite time"):
        fresh.start("x", np.nan)


def test_a_scan_that_met_nothing_has_no_deviation_map(flat: CrackDetector):
    flat.start("plate", 0.0)
    with pytest.raises(InspectionError, match="no line was scanned"):
        flat.deviation()
    dark = np.full((3, SPEC.points, 3), np.nan, np.float32)
    flat.push(Profiles(np.arange(3) / 250, dark, dark[:, :, 0]), FLAT[:3], 0.0)
    with pytest.raises(InspectionError, match="none of 3 lines"):
        flat.deviation()


def test_a_deviation_map_tells_the_side_by_the_view(blade):
    truth, detector, sensors = blade
    inspect(detector, truth.mesh, sensors)
    points, _, suction = detector.deviation(4, 8)
    nearest = trimesh.proximity.closest_point(truth.mesh, points[::40])[2]
    facing = truth.mesh.face_normals[nearest, 1]
    square = np.abs(facing) > 0.8  # an outline can be seen from either side
    assert square.sum() > 100
    assert ((facing > 0) == suction[::40])[square].all()
