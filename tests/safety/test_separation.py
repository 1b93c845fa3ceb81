from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import trimesh

from twincell.errors import SafetyError
from twincell.geometry.bodies import Body
from twincell.geometry.pose import Pose
from twincell.safety.arm_motion import ArmMotion
from twincell.safety.masks import body_spheres, cover, spheres_at
from twincell.safety.separation import SeparationMonitor, clusters
from twincell.safety.zones import inside
from twincell.sensing.lidar import scan
from twincell.sensing.scene import Scene
from twincell.world.load import load_world

WORLD = load_world("blade_cell")
NOTHING = np.zeros((0, 4))


def box(name: str, size: tuple, pose: Pose | None) -> Body:
    return Body(name, trimesh.creation.box(size), "painted_steel", pose, False)


STILL = [box(f"furniture/{n}", b.size, Pose.at(b.place)) for n, b in WORLD.furniture.items()]
PERSON = box("visitor/body", (0.35, 0.45, 1.75), None)
ARM = box("handler/link", (0.15, 0.15, 0.9), None)
SCENE = Scene([*STILL, PERSON, ARM])


def look(monitor: SeparationMonitor, poses: dict, now: float, seed: int = 0, masks=NOTHING):
    rng = np.random.default_rng(seed)
    found = []
    for name, spec in WORLD.lidars().items():
        sensor = Pose.at(spec.mount.place)
        seen = scan(SCENE, spec, sensor, SCENE.place(poses), now, rng)
        found.append(monitor.update(name, seen, masks, now))
    return found


def at(x: float, y: float) -> dict[str, Pose]:
    return {"visitor/body": Pose.of((x, y, 0.875))}


@pytest.fixture(scope="module")
def monitor() -> SeparationMonitor:
    return SeparationMonitor(WORLD, SCENE)


def test_the_empty_cell_is_empty_whatever_the_noise(monitor: SeparationMonitor) -> None:
    for seed in range(10):
        assert look(monitor, {}, 0.0, seed) == [None, None]


@pytest.mark.parametrize(
    ("x", "y", "role"),
    [(2.2, -0.2, "protective"), (2.8, -0.3, "warning"), (3.6, -1.0, None)],
)
def test_a_person_is_found_in_the_zone_where_it_stands(x, y, role) -> None:
    monitor = SeparationMonitor(WORLD, SCENE)
    found = [f for f in look(monitor, at(x, y), 1.0) if f is not None]
    assert {f.role for f in found} == ({role} if role else set())
    for intrusion in found:
        assert np.hypot(intrusion.position[0] - x, intrusion.position[1] - y) < 0.4
        assert intrusion.zone in intrusion.text


def test_an_arm_is_a_person_unless_it_is_masked() -> None:
    poses = {"handler/link": Pose.of((1.8, 0.0, 1.2))}
    monitor = SeparationMonitor(WORLD, SCENE)
    assert any(look(monitor, poses, 0.0))
    masks = spheres_at(body_spheres([ARM, PERSON]), poses)
    assert look(monitor, poses, 0.0, masks=masks) == [None, None]
    # the mask hides the arm and not who stands beside it
    assert any(look(monitor, {**poses, **at(2.3, -0.8)}, 0.0, masks=masks))


def test_a_zone_is_clear_only_after_the_clear_time() -> None:
    monitor = SeparationMonitor(WORLD, SCENE)
    look(monitor, at(2.2, -0.2), 1.0)
    look(monitor, {}, 1.1)
    present = {level.name: level.present for level in monitor.levels(1.1)}
    assert present["person_in_zone"]
    later = 1.0 + WORLD.safety.clear_time + 0.01
    assert not any(level.present for level in monitor.levels(later))


def test_a_covered_sensor_is_blind_and_that_is_a_cause() -> None:
    monitor = SeparationMonitor(WORLD, SCENE)
    spec = WORLD.lidars()["lidar_east"]
    rng = np.random.default_rng(0)
    full = scan(SCENE, spec, Pose.at(spec.mount.place), SCENE.place({}), 1.0, rng)
    few = replace(
        full, points=full.points[:50], intensity=full.intensity[:50], time=full.time[:50],
        ring=full.ring[:50],
    )  # fmt: skip
    monitor.update("lidar_east", few, NOTHING, 1.0)
    assert any(v.name == "sensor_silent" and v.present for v in monitor.levels(1.0))
    monitor.update("lidar_east", full, NOTHING, 1.1)
    assert not any(v.present for v in monitor.levels(1.1))


def test_senseless_scans_are_refused(monitor: SeparationMonitor) -> None:
    spec = WORLD.lidars()["lidar_east"]
    rng = np.random.default_rng(0)
    full = scan(SCENE, spec, Pose.at(spec.mount.place), SCENE.place({}), 1.0, rng)
    with pytest.raises(SafetyError, match="did you mean 'lidar_east'"):
        monitor.update("lidar_eas", full, NOTHING, 1.0)
    with pytest.raises(SafetyError, match="stamp nan"):
        monitor.update("lidar_east", replace(full, stamp=float("nan")), NOTHING, 1.0)


def test_polygons_against_a_closed_form() -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform(-2, 2, (2000, 2))
    triangle = [(-1.0, -1.0), (1.0, -1.0), (0.0, 1.0)]
    y = points[:, 1]
    truth = (y > -1) & (y < 1 - 2 * np.abs(points[:, 0]))
    np.testing.assert_array_equal(inside(points, triangle), truth)


def test_clusters_separate_what_is_apart_and_join_what_is_near() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(0, 0.1, (200, 3)), rng.normal([2.0, 0.0, 0.0], 0.1, (200, 3))
    groups = clusters(np.concatenate([a, b]))
    assert sorted(len(g) for g in groups if len(g) > 5) == [200, 200]
    assert clusters(np.zeros((0, 3))) == []


def test_spheres_cover_every_vertex() -> None:
    mesh = trimesh.creation.box((0.1, 0.2, 1.0)).subdivide().subdivide()
    spheres = cover(np.asarray(mesh.vertices, float))
    apart = np.linalg.norm(mesh.vertices[:, None] - spheres[None, :, :3], axis=2)
    assert np.all((apart <= spheres[:, 3] + 1e-9).any(axis=1))
    assert spheres[:, 3].max() < 0.3


def test_who_walks_up_to_an_arm_is_tracked_slows_it_and_stops_it() -> None:
    """The test's own straight path at 1.2 m/s is the truth; zones are left out."""
    monitor = SeparationMonitor(replace(WORLD, zones={}), SCENE)
    assert monitor.separations is not None
    spheres = np.array([[1.4, 0.0, z, 0.15] for z in (0.7, 1.0, 1.3)])
    arm = ArmMotion("inspector", spheres, 0.4, 0.6)
    begin, end = np.array([4.3, -0.9]), np.array([2.3, -0.1])
    speed, now, first = 1.2, 0.0, {}
    along = (end - begin) / np.linalg.norm(end - begin)
    ids = set()
    rng = np.random.default_rng(5)
    while speed * now < np.linalg.norm(end - begin):
        truth = begin + speed * now * along
        for name, spec in WORLD.lidars().items():
            sensor = Pose.at(spec.mount.place)
            seen = scan(SCENE, spec, sensor, SCENE.place(at(*truth)), now, rng)
            monitor.update(name, seen, NOTHING, now, [arm])
            for level in monitor.levels(now):
                if level.present:
                    first.setdefault(level.name, (np.linalg.norm(truth - (1.4, 0.0)), level))
        people = [t for t in monitor.tracks if t.person]
        ids |= {t.id for t in people}
        if now > 0.8:
            assert np.linalg.norm(people[0].position - truth) < 0.3
            assert abs(people[0].speed - speed) < 0.35
            assert people[0].velocity @ along > 0.9 * people[0].speed
        now += 0.1
    assert len(ids) == 1
    slowed, stopped = first["person_in_warning_zone"], first["person_in_zone"]
    # half a body, half an arm and a turn's way apart from the middle-to-middle truth
    required = monitor.separations.required(arm).total
    margin = WORLD.safety.separation.slow_margin  # type: ignore[union-attr]
    assert required < stopped[0] < required + 0.6
    assert required + margin < slowed[0] + 0.12 < required + margin + 0.6
    assert "S_p" in stopped[1].evidence
    assert "inspector" in stopped[1].evidence
