"""The physics cell tries ways of the hand, in a cell with a crate where blades are taken."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from twincell.assets import world_path
from twincell.cell.assembly import assemble
from twincell.cell.rehearsal import Rehearsal
from twincell.geometry.rack import pocket_poses
from twincell.production.messages import Leg, Rehearse
from twincell.world.load import load_world
from twincell.world.model import World

STANDING = {f"blade_{i + 1}": f"in_tray/{i}" for i in range(1, 6)} | {"blade_1": "accept/0"}


@pytest.fixture(scope="module")
def world() -> World:
    return load_world("blade_cell")


def rehearsal(world: World, **kwargs: float) -> Rehearsal:
    return Rehearsal(assemble(world, world_path("blade_cell"), 7), **kwargs)


def with_box(world: World, over: str, lift: float, size: tuple[float, float, float]) -> World:
    rack, _, pocket = over.partition("/")
    at = np.add(pocket_poses(world.racks[rack])[int(pocket)].p, (0.0, 0.0, lift))
    bench = world.furniture["bench"]
    place = replace(bench.place, xyz=tuple(float(x) for x in at))
    crate = replace(bench, size=size, place=place)
    return replace(world, furniture={**world.furniture, "crate": crate})


def test_free_ways_are_found_free_and_timed(world: World) -> None:
    legs = (Leg("accept/0", "in_tray/4"), Leg("home", "in_tray/3"))
    found = rehearsal(world)(Rehearse(legs, STANDING)).tried
    assert [t.leg for t in found] == list(legs)
    assert all(t.ok and not t.text for t in found)
    # no faster than the arm's limits for the way, and below the whole load
    assert all(0.5 < t.seconds < 6.0 for t in found)
    assert found[0].seconds > found[1].seconds
    again = rehearsal(world)(Rehearse(legs, STANDING)).tried
    assert again == found


def test_a_crate_in_the_way_is_named_and_other_ways_stay_free(world: World) -> None:
    # above the blade, below the hand's way
    blocked = with_box(world, "in_tray/4", 0.30, (0.1, 0.1, 0.2))
    legs = (Leg("accept/0", "in_tray/4"), Leg("home", "in_tray/1"))
    crate, free = rehearsal(blocked)(Rehearse(legs, STANDING)).tried
    assert not crate.ok
    assert "touches furniture/crate" in crate.text
    assert free.ok


def test_what_the_planner_does_not_know_bullet_finds(world: World) -> None:
    """A blade that stands where no pocket is, right where the hand comes down."""
    trial = rehearsal(world)
    pocket = trial._motions.places["in_tray/4"]
    across = replace_pose(pocket, 0.03)
    trial._motions.places["beside"] = across
    standing = {k: v for k, v in STANDING.items() if k != "blade_5"} | {"blade_5": "beside"}
    (found,) = trial(Rehearse((Leg("home", "in_tray/4"),), standing)).tried
    assert not found.ok
    assert any(word in found.text for word in ("pushes", "touches", "short"))


def replace_pose(pose, shift: float):
    return type(pose)(np.add(pose.p, (shift, 0.0, 0.0)), pose.q)


def test_a_place_out_of_reach_is_told(world: World) -> None:
    rack = world.racks["rework"]
    place = replace(rack.place, xyz=(2.5, 0.56, 0.72))
    far = replace(world, racks={**world.racks, "rework": replace(rack, place=place)})
    (found,) = rehearsal(far)(Rehearse((Leg("home", "rework/0"),), STANDING)).tried
    assert not found.ok
    assert "rework/0 is out of reach" in found.text


def test_the_budget_ends_after_a_leg_and_one_is_always_tried(world: World) -> None:
    legs = (Leg("accept/0", "in_tray/4"), Leg("home", "in_tray/3"), Leg("home", "in_tray/2"))
    assert len(rehearsal(world, budget=0.0)(Rehearse(legs, STANDING)).tried) == 1
    assert len(rehearsal(world)(Rehearse(legs, STANDING), late=lambda: True).tried) == 1
