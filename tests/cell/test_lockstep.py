"""The whole cell in lockstep: real physics, rays, detector, supervisor and orchestrator."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from twincell.assets import project_root
from twincell.cell.assembly import assemble, generator
from twincell.cell.lockstep import LockstepCell
from twincell.cell.result import RunResult
from twincell.cell.run import run_cell, run_shift
from twincell.geometry.pose import Pose
from twincell.production.journal import Journal
from twincell.production.messages import Done, Journalled, Look
from twincell.world.disruptions import Disruption, Moment
from twincell.world.layout import Visitor
from twincell.world.load import load_world
from twincell.world.model import World
from twincell.world.work import Order

PATH = project_root() / "worlds" / "blade_cell.yaml"


def short(world: World, *names: str) -> World:
    """The same cell with some of its blades, one order, no disruption and no visitor."""
    blades = {n: world.blades[n] for n in names}
    production = replace(
        world.production, orders={"order": Order(parts=names, due=60.0)}, disruptions=()
    )
    return replace(world, blades=blades, production=production, visitor=None)


@pytest.fixture(scope="module")
def world() -> World:
    return load_world(PATH)


@pytest.fixture(scope="module")
def critical(world: World) -> RunResult:
    """One blade with a critical crack, from the tray to the reject bin."""
    return run_shift(short(world, "blade_4"), PATH, 7)


def test_a_critical_crack_stops_the_inspector_and_the_blade_is_rejected(critical: RunResult):
    blade = critical.blades[0]
    assert (blade.decision, blade.found, blade.missed, blade.false) == ("reject", 1, 0, 0)
    stops = [s for s in critical.stops if s.request.cause == "critical_anomaly"]
    assert [s.report.mover for s in stops] == ["inspector"]
    report = stops[0].report
    assert report.requested <= report.accepted <= report.first_deceleration <= report.standstill
    # the light hit the crack before anybody could ask for a stop
    assert stops[0].request.stamp <= report.requested


def test_work_goes_on_only_after_the_operators_reset(critical: RunResult):
    kinds = [(e.kind, e.subject) for e in critical.events]
    asked = kinds.index(("stop", "critical_anomaly"))
    reset = kinds.index(("reset", "operator"))
    assert asked < reset < kinds.index(("released", ""))
    assert ("task_done", "blade_4/unload") in kinds[reset:]


def test_a_flawless_blade_lies_in_the_accept_bin_at_the_end(world: World):
    cell = LockstepCell(assemble(short(world, "blade_1"), PATH, 7))
    result = run_cell(cell)
    assert result.blades[0].decision == "accept"
    assert result.blades[0].anomalies == ()
    at = cell.physics.blade_pose("blade_1")
    accept = np.array(world.racks["accept"].place.xyz)
    assert np.all(np.abs(at.p - accept) < (0.2, 0.2, 0.005))
    # it stands upright: its span still points up
    assert at.rotation()[2, 2] > 0.999
    assert cell.physics.clamped is None
    # the camera looked on while the laser lay on the blade, and saw nothing
    assert cell.scanning.detector.images >= 2 * len(world.inspection.views)
    assert cell.log.verdicts["blade_1"].harmless == ()


@pytest.mark.parametrize(("lean", "stands"), [(0.0, True), (0.25, True), (1.2, False)])
def test_a_blade_that_falls_where_it_was_set_down_is_seen(world: World, lean: float, stands: bool):
    """Let go a little askew it rights itself in its pocket; far askew it falls over."""
    cell = LockstepCell(assemble(short(world, "blade_1"), PATH, 7))
    place = cell.physics.blade_pose("blade_1")
    cell.physics.put("blade_1", place @ Pose.of((0.0, 0.0, 0.01), (lean, 0.0, 0.0)))
    for _ in range(round(1.0 / cell.physics.dt)):
        cell.physics.step()
    upright = cell.physics.blade_pose("blade_1").rotation()[2, 2] > 0.97
    assert upright == stands
    cell._carry_out(Look("b/unload/look/1", "blade_1", place), cell.physics.time)
    answer = cell._inbox[-1]
    assert isinstance(answer, Done)
    assert answer.ok == stands
    assert ("leans" in answer.message) == (not stands)


def test_the_same_seed_gives_the_same_bits_and_another_seed_others(world: World):
    def prefix(seed: int) -> str:
        return run_shift(short(world, "blade_2"), PATH, seed, longest=9.0).hash

    assert prefix(7) == prefix(7)
    assert prefix(7) != prefix(8)


def test_a_person_in_the_zone_stops_every_mover_and_nothing_moves_until_the_reset(world: World):
    walk = Visitor(path=((3.6, -0.6), (2.75, -0.3), (2.2, -0.2)), times=(1.0,), pause=0.5)
    alone = replace(short(world, "blade_1"), visitor=walk)
    cell = LockstepCell(assemble(alone, PATH, 7))
    still: list[tuple[float, float]] = []
    while cell.time < 8.0 and not any(e.kind == "reset" for e in cell.log.events):
        cell.step()
        if any(e.kind == "stop" for e in cell.log.events):
            fastest = max(np.abs(cell.physics.joints(m)[1]).max() for m in alone.arms)
            still.append((cell.time, float(fastest)))
    assert [r.cause for r in cell.log.requests.values()] == ["person_in_zone"]
    assert {r.mover for r in cell.log.reports} == set(alone.arms)
    standstill = max(r.standstill for r in cell.log.reports)
    assert max(v for t, v in still if t > standstill + 0.1) < 1e-3
    reset = next(e.stamp for e in cell.log.events if e.kind == "reset")
    assert reset > standstill


def test_an_intruder_is_seen_and_a_blind_lidar_is_missed(world: World):
    walk = Visitor(path=((3.6, -0.6), (2.75, -0.3), (2.2, -0.2)), times=())
    alone = short(world, "blade_1")
    disruptions = (
        Disruption(kind="intrusion", at=0.5, parameters={"lasts": 3.0}),
        Disruption(
            kind="sensor_blackout",
            when=Moment(event="released", after=0.5),
            subject="lidar_west",
            parameters={"lasts": 1.0},
        ),
        Disruption(kind="recall", at=1.0, subject="blade_1"),  # refused: nothing was accepted yet
    )
    production = replace(alone.production, disruptions=disruptions)
    cell = LockstepCell(assemble(replace(alone, visitor=walk, production=production), PATH, 7))
    while cell.time < 16.0 and sum(e.kind == "released" for e in cell.log.events) < 2:
        cell.step()
    assert [e.subject for e in cell.log.events if e.kind == "stop"] == [
        "person_in_zone",
        "sensor_silent",
    ]
    told = {e.kind: e for e in cell.log.events if e.kind in ("refused", "disruption")}
    blind = told["disruption"]
    assert blind.detail["parameters"] == {"until": pytest.approx(blind.stamp + 1.0)}
    assert "nothing of 'blade_1' was accepted" in told["refused"].detail["why"]
    assert sum(e.kind == "refused" for e in cell.log.events) == 1
    released = [e.stamp for e in cell.log.events if e.kind == "released"]
    assert released[0] > 3.5  # not before the person goes
    assert released[1] > blind.stamp + 1.0  # nor before the lidar sees again


def test_chance_depends_on_seed_and_name_only():
    assert generator(7, "a").random() == generator(7, "a").random()
    assert generator(7, "a").random() != generator(7, "b").random()
    assert generator(7, "a").random() != generator(8, "a").random()


def test_a_result_survives_its_json(critical: RunResult, tmp_path: Path):
    again = RunResult.from_json(critical.to_json())
    assert again.hash == critical.hash
    assert again.blades[0].decision == "reject"
    assert again.to_json() == critical.to_json()


def test_killed_with_a_blade_in_hand_and_in_mid_scan_the_shift_goes_on(
    world: World, tmp_path: Path
):
    """Real physics: what became of a task is seen, not known."""
    cell = LockstepCell(assemble(short(world, "blade_1"), PATH, 7))
    tray = cell.physics.blade_pose("blade_1").p[2]

    def kept() -> list[Journalled]:
        return [e.line for e in journal.replay()]

    def carried() -> bool:
        return bool(cell.physics.blade_pose("blade_1").p[2] > tray + 0.1)

    def scanned() -> bool:
        return cell.scanning.picture is not None

    def gripped() -> bool:
        begun = any(line.subject == "blade_1/unload" for line in kept())
        return begun and cell.physics.gripped("handler") == "blade_1"

    moments, written = [carried, scanned, gripped], 0
    with Journal(tmp_path / "journal.mcap") as journal:
        while not cell.finished:
            cell.step()
            for line in cell.log.events[written:]:
                journal.append(line)
            written = len(cell.log.events)
            if moments and moments[0]():
                moments.pop(0)
                cell.restart(journal.replay())
            assert cell.time < 120.0
    assert moments == []
    resumed = [line.detail for line in kept() if line.kind == "resumed"]
    assert [d["found"] for d in resumed] == ["half done"] * 3
    assert [d["step"] for d in resumed[:2]] == ["carry", "scan"]
    done = [line.subject for line in kept() if line.kind == "task_done"]
    assert done == ["blade_1/load", "blade_1/inspect", "blade_1/unload"]
    assert cell.orchestrator.state.blades["blade_1"].decision == "accept"
    at = cell.physics.blade_pose("blade_1")
    accept = np.array(world.racks["accept"].place.xyz)
    assert np.all(np.abs(at.p - accept) < (0.2, 0.2, 0.005))
    assert at.rotation()[2, 2] > 0.999
