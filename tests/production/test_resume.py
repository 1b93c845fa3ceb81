"""An orchestrator that is killed and started anew, against one that never was."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twincell.errors import ProductionError
from twincell.geometry.pose import Pose
from twincell.production.identity import require_shift, shift_line
from twincell.production.journal import Journal, read_journal
from twincell.production.journal_replay import recap
from twincell.production.messages import Inject, Journalled, Sighted
from twincell.production.whereabouts import FIXTURE, Standstill, look
from twincell.world.disruptions import Disruption, Moment
from twincell.world.model import World

PERIOD = 0.1
APART = 23
"""Commands between kills: as many as bring an inspection to its end."""
CRACKS = {"blade_4": 0.009}


@pytest.fixture(scope="module")
def eventful(small_world: World) -> World:
    """By time, by event and by chance: each has to happen once, whoever is killed meanwhile."""
    disruptions = (
        Disruption(kind="rush_order", at=6.0, subject="order_b", parameters={"priority": 3}),
        Disruption(
            kind="tariff_spike",
            when=Moment(event="loaded", after=3.0),
            subject="market",
            parameters={"price": 300, "lasts": 20},
        ),
        Disruption(kind="recall", at=9.0, subject="order_a"),  # refused: nothing was accepted yet
        Disruption(
            kind="arm_slow",
            rate=1 / 40.0,
            subject=small_world.inspection.arm,
            parameters={"factor": 0.9, "lasts": 4},
        ),
    )
    production = replace(small_world.production, disruptions=disruptions)
    return replace(small_world, production=production)


def outcome(cell: Any) -> dict[str, Any]:
    blades = cell.orchestrator.summary()["blades"]
    return {n: (b["decision"], b["where"], b["rack"]) for n, b in blades.items()}


def once(cell: Any, path: Path) -> None:
    """Nothing was lost and nothing done twice, by the journal and by where blades were put."""
    entries = read_journal(path)
    assert [e.line for e in entries] == cell.journal
    done = Counter(e.line.subject for e in entries if e.line.kind == "task_done")
    assert set(done.values()) == {1}
    assert len(cell.loads) == len(set(cell.loads))
    told = Counter(e.line.detail["trigger"] for e in entries if "trigger" in e.line.detail)
    assert set(told.values()) <= {1}
    for name, blade in cell.orchestrator.summary()["blades"].items():
        assert cell.place[name] == (blade["rack"], blade["pocket"])


@pytest.fixture(scope="module")
def calm(eventful: World, fake_cell: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The shift that nobody disturbs."""
    path = tmp_path_factory.mktemp("calm") / "j.mcap"
    cell = fake_cell(eventful, CRACKS, PERIOD, path)
    cell.run()
    once(cell, path)
    return cell


@pytest.mark.parametrize("first", range(0, APART, 3))
def test_killed_again_and_again_the_shift_ends_as_it_would_have(
    eventful, fake_cell, calm, tmp_path, first
) -> None:
    path = tmp_path / "j.mcap"
    cell = fake_cell(eventful, CRACKS, PERIOD, path)
    cell.kills = set(range(4 + first, 2000, APART))
    cell.run()
    assert outcome(cell) == outcome(calm)
    once(cell, path)
    assert recap(read_journal(path)).restarts >= 3


def spoil_carry(cell: Any, part: str, pocket: tuple[str, int]) -> None:
    """The hand finds no way to a pocket while it holds a blade."""
    above = cell.targets.above(cell.targets.pocket(*pocket)).p
    cell.motions.fail = lambda mover, pose: (
        cell.hand == part and pose is not None and abs(pose.p - above).max() < 1e-6
    )


def spoil(cell: Any, how: str) -> Any:
    """Let something go wrong that the shift recovers from."""
    if how == "grip":
        cell.grip_fails = {"blade_1": 9}
    elif how == "carry":
        fixture = cell.targets.above(cell.targets.fixture()).p
        cell.motions.fail = lambda mover, pose: (
            pose is not None and abs(pose.p - fixture).max() < 1e-6
        )
    elif how == "unload":
        spoil_carry(cell, "blade_1", ("accept", 0))
    elif how == "rescan":
        judge = cell._verdict
        cell._verdict = lambda part: (
            replace(judge(part), decision="rescan") if part == "blade_1" else judge(part)
        )
    elif how == "person":
        cell.person = [(a, a + 2.0) for a in (8.0, 22.0, 41.0)]
    return cell


@pytest.mark.parametrize("how", ["grip", "carry", "unload", "rescan", "person"])
@pytest.mark.parametrize("first", range(0, APART, 8))
def test_killed_while_something_goes_wrong_it_recovers_as_it_would_have(
    small_world, fake_cell, tmp_path, how, first
) -> None:
    alone = spoil(fake_cell(small_world, {}, PERIOD), how)
    alone.run()
    path = tmp_path / "j.mcap"
    cell = spoil(fake_cell(small_world, {}, PERIOD, path), how)
    cell.kills = set(range(4 + first, 2000, APART))
    cell.run()
    assert outcome(cell) == outcome(alone)
    entries = read_journal(path)
    done = Counter(e.line.subject for e in entries if e.line.kind == "task_done")
    assert set(done.values()) <= {1}
    assert len(cell.loads) == len(set(cell.loads))


def test_a_blade_that_was_put_back_in_an_unload_is_where_it_came_from(
    small_world, fake_cell, tmp_path
) -> None:
    cell = fake_cell(small_world, {}, PERIOD, tmp_path / "j.mcap")
    spoil_carry(cell, "blade_1", ("accept", 0))
    while cell.orchestrator.state.blades["blade_1"].where != "returned":
        cell.step()
    cell._kill()
    blades = cell.run()["blades"]
    assert cell.place["blade_1"] == ("in_tray", 0)
    assert (blades["blade_1"]["where"], blades["blade_1"]["rack"]) == ("returned", None)
    assert blades["blade_1"]["reason"] == "put back into in_tray, pocket 0"
    # the pocket that had been promised to it is free
    assert cell.place["blade_4"] == ("accept", 0)


def test_a_recalled_blade_that_was_put_back_keeps_its_pocket(
    small_world, fake_cell, tmp_path
) -> None:
    cell = fake_cell(small_world, {}, PERIOD, tmp_path / "j.mcap")
    cell.injects = [(0.5, Inject("late_material", "blade_4", {"until": 150.0}))]
    spoil_carry(cell, "blade_1", ("rework", 0))
    while cell.orchestrator.state.blades["blade_1"].where != "bin":
        cell.step()
    cell.cracks = {"blade_1": 0.003}
    cell._send(Inject("recall", "order_a"))
    while cell.orchestrator.state.blades["blade_1"].where != "returned":
        cell.step()
    taken = set(cell.orchestrator.state.taken)
    cell._kill()
    assert taken == cell.orchestrator.state.taken == {("accept", 0)}
    assert cell.run()["blades"]["blade_4"]["pocket"] == 1
    assert cell.place == {"blade_1": ("accept", 0), "blade_4": ("accept", 1)}


@pytest.mark.parametrize("kind", ["anomaly", "verdict", "task_aborted", "task_done", "plan"])
def test_what_is_in_the_journal_is_not_looked_for_again(
    small_world, fake_cell, tmp_path, kind
) -> None:
    """Killed between a line and what follows on it."""
    path = tmp_path / "j.mcap"
    cell = fake_cell(small_world, CRACKS, PERIOD, path)
    cell.kill_after = kind
    blades = cell.run()["blades"]
    assert {n: b["decision"] for n, b in blades.items()} == {
        "blade_1": "accept",
        "blade_4": "reject",
    }
    assert cell.scans == ["blade_1", "blade_4"]
    once(cell, path)


def test_fingers_that_are_closed_on_nothing_open_before_they_go_down(
    small_world, fake_cell, tmp_path
) -> None:
    cell = fake_cell(small_world, {}, PERIOD, tmp_path / "j.mcap")
    cell.grip_fails = {"blade_1": 1}
    cell.kill_after = "retry"
    place = cell.targets.above(cell.targets.pocket("in_tray", 0)).p
    while cell.count == 0 or cell.kill_after:
        cell.step()
    # somebody has lifted the empty hand a little meanwhile
    cell.moves.clear()
    cell.q[small_world.handler][:3] = place - (0.0, 0.0, 0.05)
    cell.closed = True
    assert {b["where"] for b in cell.run()["blades"].values()} == {"bin"}


def killed_at(cell: Any, when: float) -> Any:
    while cell.now < when:
        cell.step()
    cell._kill()
    return cell


def test_a_restart_moves_nothing_while_safety_is_stopped(small_world, fake_cell, tmp_path) -> None:
    cell = fake_cell(small_world, {}, PERIOD, tmp_path / "j.mcap")
    cell.person = [(8.0, 40.0)]
    killed_at(cell, 10.0)
    moved, stood = len(cell.phases), {m: q.copy() for m, q in cell.q.items()}
    while cell.now < 39.0:
        cell.step()
    # it has seen what is where and planned anew, and waits for the reset as it did before
    assert [line.kind for line in cell.journal].count("resumed") == 1
    assert [line.kind for line in cell.journal].count("stop") == 1
    assert len(cell.phases) == moved
    assert all((cell.q[m] == stood[m]).all() for m in stood)
    assert {b["where"] for b in cell.run()["blades"].values()} == {"bin"}


def test_another_cell_than_the_journals_is_refused_and_nothing_moves(
    small_world, fake_cell, tmp_path
) -> None:
    cell = fake_cell(small_world, {}, PERIOD, tmp_path / "j.mcap")
    while cell.place["blade_1"][0] != "accept":
        cell.step()
    killed_at(cell, cell.now + 3.0)
    cell.hand, cell.place["blade_1"] = None, ("in_tray", 0)  # as a new simulator has it
    moved, lines = len(cell.phases), len(cell.journal)
    with pytest.raises(ProductionError, match=r"blade_1 is in in_tray.*by the journal in accept"):
        cell.run()
    assert len(cell.phases) == moved
    assert {line.kind for line in cell.journal[lines:]} <= {"mode"}


def test_a_blade_that_is_nowhere_halts_the_shift(small_world, fake_cell, tmp_path) -> None:
    cell = fake_cell(small_world, {}, PERIOD, tmp_path / "j.mcap")
    while cell.hand is None:
        cell.step()
    cell._kill()
    for mover in cell.moves:
        cell.q[mover] = cell.moves[mover][0].trajectory.positions[-1].copy()
    cell.moves.clear()
    sighted = cell.sighted()
    fallen = replace(sighted, opening=0.0, blades={**sighted.blades, "blade_1": Pose.of((2, 2, 0))})
    cell.sighted = lambda: fallen
    assert "blade_1 is in no place" in cell.run()["halted"]


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_blade_is_found_in_each_place_and_in_none(small_world, fake_cell, data) -> None:
    """Poses built here: near enough to a place, or too far from it, or lying."""
    cell = fake_cell(small_world)
    racks = list(cell.targets.places)
    place = data.draw(st.sampled_from([FIXTURE, *racks]))
    off = data.draw(st.tuples(*[st.floats(-0.004, 0.004)] * 3))
    fault = data.draw(st.sampled_from(["none", "beside", "lying"]))
    stands = cell.targets.places.get(place, cell.targets.fixture() @ cell.targets.grasp.inverse())
    shift = Pose.of(np.add(off, (0.02, 0.0, 0.0)) if fault == "beside" else off)
    lean = Pose.of((0, 0, 0), (0.5 * np.pi if fault == "lying" else 0.0, 0.0, 0.0))
    sighted = Sighted(cell.q, 0.078, {"blade_1": Pose(stands.p + shift.p, (stands @ lean).q)})
    seen = look(small_world, cell.motions, cell.targets, sighted)
    assert seen.blades["blade_1"] == (place if fault == "none" else None)
    assert seen.held is None


@pytest.mark.parametrize(
    ("height", "aside", "opening", "over", "held"),
    [
        (0.0, 0.0, 0.012, True, True),
        (0.1, 0.0, 0.012, True, False),  # its fingers are closed on nothing
        (0.0, 0.0, 0.078, True, False),
        (0.15, 0.0, 0.078, True, False),
        (0.16, 0.0, 0.078, False, False),
        (0.1, 0.02, 0.078, False, False),
    ],
)
def test_a_hand_is_found_at_a_blade_above_it_or_away(
    small_world, fake_cell, height, aside, opening, over, held
) -> None:
    cell = fake_cell(small_world)
    place = ("in_tray", 0)
    q = {m: p.copy() for m, p in cell.q.items()}
    q[small_world.handler][:3] = np.add(cell.targets.pocket(*place).p, (aside, 0.0, height))
    sighted = Sighted(q, opening, {"blade_1": cell.targets.places[place]})
    seen = look(small_world, cell.motions, cell.targets, sighted)
    assert (seen.over == place, seen.held == "blade_1") == (over, held)
    if over:
        assert seen.height == pytest.approx(height)
    assert small_world.handler in seen.away


def test_rest_is_noticed_only_after_nothing_has_moved_for_long_enough() -> None:
    still, q = Standstill(1.0), {"arm": np.zeros(3)}
    assert not still.update(5.0, q, 0.05)
    assert not still.update(5.9, q, 0.05)
    assert not still.update(6.1, {"arm": np.array([0.0, 0.01, 0.0])}, 0.05)
    assert not still.update(7.0, {"arm": np.array([0.0, 0.01, 0.0])}, 0.05)
    assert not still.update(7.05, {"arm": np.array([0.0, 0.01, 0.0])}, 0.02)  # a finger
    assert still.update(8.05, {"arm": np.array([0.0, 0.01, 0.0])}, 0.02)


def test_the_journal_of_another_shift_is_refused_with_what_differs(small_world, tmp_path) -> None:
    path = tmp_path / "j.mcap"
    with Journal(path) as journal:
        journal.append(shift_line(small_world, 7))
    kept = read_journal(path)
    require_shift(kept, small_world, 7, str(path))
    # the seed that the file names is not the seed of the shift
    require_shift(kept, replace(small_world, seed=99), 7, str(path))
    with pytest.raises(ProductionError, match=r"seed is 8, the journal's 7.*another folder"):
        require_shift(kept, small_world, 8, str(path))
    other = replace(small_world, name="hard_day", physics_rate=120.0)
    with pytest.raises(ProductionError, match=r"'hard_day', the journal's 'blade_cell'.*physics_"):
        require_shift(kept, other, 7, str(path))
    old = tmp_path / "old.mcap"
    with Journal(old) as journal:
        journal.append(Journalled(1.0, "mode", "running", {}))
    with pytest.raises(ProductionError, match="does not say of which shift"):
        require_shift(read_journal(old), small_world, 7, str(old))
