from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import trimesh

from twincell.geometry.bodies import Body
from twincell.geometry.pose import Pose
from twincell.safety.separation import SeparationMonitor
from twincell.safety.zones import inside
from twincell.sensing.lidar import scan
from twincell.sensing.scene import Scene
from twincell.sensing.types import Scan
from twincell.world.load import load_world
from twincell.world.model import World

WORLD = load_world("blade_cell")
NOTHING = np.zeros((0, 4))
EAST, WEST = "lidar_east", "lidar_west"
STILL = [
    Body(f"furniture/{n}", trimesh.creation.box(b.size), "painted_steel", Pose.at(b.place), False)
    for n, b in WORLD.furniture.items()
]
BOARD = Body("thing/board", trimesh.creation.box((0.05, 1.2, 1.2)), "painted_steel", None, False)
SCENE = Scene([*STILL, BOARD])


def turn(name: str, now: float, board: Pose | None = None) -> Scan:
    spec = WORLD.lidars()[name]
    placed = SCENE.place({} if board is None else {"thing/board": board})
    rng = np.random.default_rng([int(now * 1e3), *name.encode()])
    return scan(SCENE, spec, Pose.at(spec.mount.place), placed, now, rng)


def kept(full: Scan, which: np.ndarray) -> Scan:
    return replace(
        full, points=full.points[which], intensity=full.intensity[which], time=full.time[which],
        ring=full.ring[which],
    )  # fmt: skip


def monitor(world: World = WORLD) -> SeparationMonitor:
    made = SeparationMonitor(world, SCENE)
    for name in (EAST, WEST):
        made.update(name, turn(name, 1.0), NOTHING, 1.0)
    return made


def silent(made: SeparationMonitor, now: float) -> str:
    """Evidence of the cause sensor_silent; empty where it is not present."""
    (level,) = (v for v in made.levels(now) if v.name == "sensor_silent")
    return level.evidence if level.present else ""


def test_a_clean_sensor_in_an_empty_cell_has_no_fault_whatever_the_noise() -> None:
    made = monitor()
    for k in range(10):
        for name in (EAST, WEST):
            made.update(name, turn(name, 1.1 + 0.1 * k), NOTHING, 1.1 + 0.1 * k)
            assert silent(made, 1.1 + 0.1 * k) == ""


def test_a_picture_that_stands_still_is_found_in_its_second_turn() -> None:
    made = monitor()
    frozen = turn(EAST, 1.1)
    made.update(EAST, frozen, NOTHING, 1.1)
    assert silent(made, 1.1) == ""
    made.update(EAST, replace(frozen, stamp=1.2), NOTHING, 1.2)
    assert f"{EAST} is frozen" in silent(made, 1.2)
    made.update(EAST, turn(EAST, 1.3), NOTHING, 1.3)
    assert silent(made, 1.3) == ""


def test_growing_dirt_is_found_in_the_turn_in_which_half_a_sector_is_lost() -> None:
    """Dirt that the test grows over one side of the window: of 15 degrees, ever more is lost."""
    made = monitor()
    rng = np.random.default_rng(2)
    noticed = None
    for k, share in enumerate(np.linspace(0.0, 1.0, 21)):
        now = 1.1 + 0.1 * k
        full = turn(EAST, now)
        azimuth = np.degrees(np.arctan2(full.points[:, 1], full.points[:, 0])) % 360
        spot = (azimuth > 7.5) & (azimuth < 22.5)
        lost = spot & (rng.random(len(spot)) < share)
        made.update(EAST, kept(full, ~lost), NOTHING, now)
        if silent(made, now) and noticed is None:
            noticed = share
            assert "dirty" in silent(made, now)
    assert noticed is not None
    assert 0.3 < noticed <= 1.0


@pytest.mark.parametrize(("share", "dirty"), [(0.0, False), (0.01, False), (0.05, True)])
def test_near_returns_from_the_window_are_dirt(share: float, dirty: bool) -> None:
    made = monitor()
    full = turn(WEST, 1.1)
    count = round(share * len(full.points))
    which = np.random.default_rng(3).choice(len(full.points), count, replace=False)
    points = full.points.copy()
    points[which] *= (0.35 / np.linalg.norm(points[which], axis=1))[:, None]
    made.update(WEST, replace(full, points=points), NOTHING, 1.1)
    assert (f"{WEST} is dirty" in silent(made, 1.1)) == dirty


def test_a_blinded_sensor_is_found_in_one_turn() -> None:
    made = monitor()
    full = turn(EAST, 1.1)
    made.update(EAST, kept(full, np.arange(40)), NOTHING, 1.1)
    assert f"{EAST} is blind" in silent(made, 1.1)


def covered() -> Pose:
    """A board half a metre before the eastern LiDAR, across its view of the cell's middle."""
    return Pose.of((1.95, 0.95, 1.5), (0.0, 0.0, np.radians(45)))


@pytest.mark.parametrize("policy", ["stop", "slow", "report"])
def test_a_blind_spot_does_what_the_policy_says(policy: str) -> None:
    ssm = replace(WORLD.safety.separation, hidden=policy)  # type: ignore[type-var]
    made = monitor(replace(WORLD, safety=replace(WORLD.safety, separation=ssm)))
    assert made.hidden == 0.0
    # the western LiDAR is turned to the wall: it sees what only it saw no more
    made.floor.look(WEST, np.full((900, 16), 0.6))
    made.update(EAST, turn(EAST, 1.1, covered()), NOTHING, 1.1)
    assert made.hidden > 0.75
    levels = {v.name: v for v in made.levels(1.1)}
    assert levels["sensor_silent"].present == (policy == "stop")
    if policy == "stop":
        assert "m^2 about" in levels["sensor_silent"].evidence
    if policy == "slow":
        assert levels["person_in_warning_zone"].present
    # it ends when both see again
    for name in (EAST, WEST):
        made.update(name, turn(name, 1.2), NOTHING, 1.2)
    assert made.hidden == 0.0


def test_places_lie_in_the_protective_zone_and_fill_it() -> None:
    made = monitor()
    polygon = next(z.polygon for z in WORLD.zones.values() if z.role == "protective")
    assert inside(made.floor.places, polygon).all()
    assert len(made.floor.places) * 0.25**2 == pytest.approx(3.45 * 3.1, rel=0.05)


def lines_of_sight(made: SeparationMonitor, solids: trimesh.Trimesh) -> tuple[np.ndarray, ...]:
    """Second implementation, by segments from the LiDAR to a body and triangles in their way.

    Beams are 2 degrees apart, so a place counts as seen (hidden) only where all segments to within
    half that distance of it are free (blocked, or out of the fan); the others are undecided.
    """
    lidar = WORLD.lidars()[EAST]
    pose = Pose.at(lidar.mount.place)
    spread = np.radians(1.1)
    seen, hidden = [], []
    for place in made.floor.places:
        local = pose.inverse().apply(np.array([[*place, z] for z in (0.6, 1.0, 1.4)]))
        way = np.linalg.norm(local, axis=1)
        rise, turned = np.arcsin(local[:, 2] / way), np.arctan2(local[:, 1], local[:, 0])
        free, back, out = np.empty((3, 9, 3), bool)
        for k, (up, aside) in enumerate(np.ndindex(3, 3)):
            r, t = rise + (up - 1) * spread, turned + (aside - 1) * np.radians(0.25)
            ray = np.stack([np.cos(r) * np.cos(t), np.cos(r) * np.sin(t), np.sin(r)], axis=1)
            ends = pose.apply(ray * way[:, None])
            start = np.repeat(pose.p[None], 3, axis=0)
            hits, which, _ = solids.ray.intersects_location(start, ends - start)
            near = np.linalg.norm(hits - pose.p, axis=1) < way[which] - 0.12
            free[k] = ~np.isin(np.arange(3), which[near])
            back[k] = np.isin(np.arange(3), which)
            out[k] = np.abs(r) > lidar.elevation[1] + spread
        inside_fan = np.abs(rise) < lidar.elevation[1] - spread
        # a beam that meets nothing behind the place returns nothing, and so shows nothing
        seen.append(((free & back).all(axis=0) & inside_fan).any())
        hidden.append((~free.any(axis=0) | out.all(axis=0)).all())
    return np.array(seen), np.array(hidden)


@pytest.mark.parametrize(
    ("x", "y", "z"), [(1.95, 0.95, 1.5), (1.7, 0.7, 1.0), (1.4, 1.2, 1.3), (1.8, 0.2, 1.1)]
)
def test_hidden_places_are_those_without_a_straight_line(x: float, y: float, z: float) -> None:
    made = monitor()
    stands = Pose.of((x, y, z), (0.0, 0.0, np.radians(45)))
    made.floor.look(WEST, np.full((900, 16), 0.6))
    made.update(EAST, turn(EAST, 1.1, stands), NOTHING, 1.1)
    board = BOARD.mesh.copy().apply_transform(stands.matrix())
    solid = [b.mesh.copy().apply_transform(b.fixed.matrix()) for b in STILL if b.fixed is not None]
    seen, hidden = lines_of_sight(made, trimesh.util.concatenate([board, *solid]))
    told = {tuple(p) for p in made.floor.hidden}
    usually = {tuple(p) for p in made.floor.places} - {tuple(p) for p in made.floor.blind}
    places = [tuple(p) for p in made.floor.places]
    assert not told & {p for p, s in zip(places, seen, strict=True) if s}
    assert {p for p, h in zip(places, hidden, strict=True) if h} & usually <= told
    assert np.mean(seen | hidden) > 0.6  # few are undecided
    assert seen.sum() >= 5
    assert hidden.sum() > 10
