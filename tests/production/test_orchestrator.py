from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from twincell.production.disruptions import apply
from twincell.production.messages import Clamp, Done, Grip, Inject, Look, Move, SafetySilent, Tick
from twincell.production.state import LineState
from twincell.world.work import Policy

HOW = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def once(cell) -> None:
    """Each blade was loaded at most once and is where the summary says."""
    assert len(cell.loads) == len(set(cell.loads))
    for name, blade in cell.orchestrator.summary()["blades"].items():
        if blade["where"] == "bin":
            assert cell.place[name] == (blade["rack"], blade["pocket"])


def test_a_whole_shift_sorts_every_blade(whole_world, fake_cell) -> None:
    cell = fake_cell(whole_world, {"blade_2": 0.0025, "blade_4": 0.009, "blade_6": 0.005})
    summary = cell.run()
    decisions = {n: b["decision"] for n, b in summary["blades"].items()}
    assert decisions == {
        "blade_1": "accept",
        "blade_2": "rework",
        "blade_3": "accept",
        "blade_4": "reject",
        "blade_5": "accept",
        "blade_6": "reject",
    }
    for name, blade in summary["blades"].items():
        assert whole_world.racks[cell.place[name][0]].role == blade["decision"]
    once(cell)
    assert not summary["halted"]
    # a critical crack stops the inspector and aborts its scan
    assert [s["causes"] for s in summary["stops"]] == [["critical_anomaly"]]
    status = {t["id"]: t["status"] for t in summary["tasks"]}
    assert status["blade_4/inspect"] == "aborted"
    assert status["blade_4/unload"] == "done"
    # energy at constant power is its integral, priced exactly
    assert summary["energy"] == pytest.approx(300.0 * cell.now)
    expected = cell.orchestrator.state.tariff.cost(300.0, 0.0, cell.now)
    assert summary["energy_cost"] == pytest.approx(expected)


def test_the_same_events_give_the_same_commands(small_world, fake_cell) -> None:
    cells = [fake_cell(small_world, {"blade_4": 0.009}) for _ in range(2)]
    for cell in cells:
        cell.run()
    assert cells[0].journal == cells[1].journal
    assert cells[0].plans == cells[1].plans


@HOW
@given(start=st.floats(0.5, 50.0), lasts=st.floats(0.02, 5.0))
def test_a_visitor_at_any_moment_delays_the_shift_and_nothing_else(
    small_world, fake_cell, start, lasts
) -> None:
    cell = fake_cell(small_world)
    cell.person = [(start, start + lasts)]
    summary = cell.run()
    assert {b["where"] for b in summary["blades"].values()} == {"bin"}
    once(cell)
    assert not summary["halted"]


@HOW
@given(start=st.floats(0.5, 50.0), ticks=st.integers(1, 20))
def test_a_supervisor_silent_at_any_moment_fails_no_step(
    small_world, fake_cell, start, ticks
) -> None:
    cell = fake_cell(small_world)
    while cell.now < start and not cell.orchestrator.finished:
        cell.step()
    # the drives stop by themselves, and say so before anybody has noticed the silence
    refused = [Done(move.tag, False, "stopped: the safety state is silent")
               for move, _ in cell.moves.values()]  # fmt: skip
    cell.moves.clear()
    cell._send(SafetySilent())
    for done in refused:
        cell._send(done)
    for _ in range(ticks):
        sent = cell.orchestrator.handle(
            Tick({m: q.copy() for m, q in cell.q.items()}, 0.0), cell.now
        )
        assert not [c for c in sent if isinstance(c, Move | Grip | Clamp)]
        for command in sent:
            cell._do(command)
    summary = cell.run()
    assert {b["where"] for b in summary["blades"].values()} == {"bin"}
    once(cell)
    assert not summary["halted"]


STEPS = [
    "blade_1/load/reach", "blade_1/load/lower", "blade_1/load/lift", "blade_1/load/carry",
    "blade_1/load/insert", "blade_1/load/leave", "blade_1/load/handler-home",
    "blade_1/inspect/pass-0", "blade_1/inspect/view-1", "blade_1/inspect/pass-1",
    "blade_1/inspect/inspector-home", "blade_1/unload/table-home", "blade_1/unload/reach",
    "blade_1/unload/lower", "blade_1/unload/lift", "blade_1/unload/carry",
    "blade_1/unload/insert", "blade_1/unload/leave",
]  # fmt: skip


def test_a_visitor_in_each_kind_of_step(small_world, fake_cell) -> None:
    calm = fake_cell(small_world)
    calm.run()
    times = {phase: at for at, phase in reversed(calm.phases)}
    assert set(STEPS) <= set(times)
    for step in STEPS:
        cell = fake_cell(small_world)
        cell.person = [(times[step] + 0.05, times[step] + 0.5)]
        summary = cell.run()
        assert {b["where"] for b in summary["blades"].values()} == {"bin"}, step
        assert len(summary["stops"]) == 1
        once(cell)
        repeated = [p for _, p in cell.phases if p == step]
        assert len(repeated) >= 2, f"{step} was not taken up again"
        resumed = next(p for p in cell.plans if "after a stop" in p.reason)
        assert "later" in resumed.text


def test_a_critical_crack_without_a_rule_for_it_still_ends(small_world, fake_cell) -> None:
    rules = {k: v for k, v in small_world.safety.rules.items() if k != "critical_anomaly"}
    world = replace(small_world, safety=replace(small_world.safety, rules=rules))
    cell = fake_cell(world, {"blade_4": 0.009})
    summary = cell.run()
    assert summary["blades"]["blade_4"]["decision"] == "reject"
    assert not summary["stops"]


def test_a_rush_order_reorders_what_waits(whole_world, fake_cell) -> None:
    cell = fake_cell(whole_world)
    cell.injects = [(5.0, Inject("rush_order", "order_b", {"due": 70.0, "priority": 9.0}))]
    cell.run()
    assert cell.loads[0] == "blade_1"
    assert set(cell.loads[1:4]) == {"blade_4", "blade_5", "blade_6"}
    rush = next(p for p in cell.plans if "rush order" in p.reason)
    assert "order of the blades is now" in rush.text
    once(cell)


def test_dear_energy_makes_work_of_little_margin_wait(whole_world, fake_cell) -> None:
    production = whole_world.production
    orders = dict(production.orders)
    orders["order_a"] = replace(orders["order_a"], margin=60.0)
    policies = (Policy(price_above=250.0, margin_below=100.0),)
    world = replace(whole_world, production=replace(production, orders=orders, policies=policies))
    for price, held in ((249.0, False), (251.0, True)):
        state = LineState.of(world)
        state.blades["blade_1"].where = "fixture"
        inject = Inject("tariff_spike", "market", {"price": price, "until": 90.0})
        text = apply(inject, state, world, 5.0)
        waits = {n for n, b in state.blades.items() if b.release == 90.0}
        # what is in process goes on, and the order of more margin does not wait
        assert waits == ({"blade_2", "blade_3"} if held else set())
        assert ("waits: blade_2, blade_3" in text) is held
        assert state.tariff.price(10.0) == price


def test_late_material_is_waited_for_and_others_pass(small_world, fake_cell) -> None:
    cell = fake_cell(small_world)
    cell.injects = [(0.5, Inject("late_material", "blade_4", {"until": 80.0}))]
    summary = cell.run()
    task = next(t for t in summary["tasks"] if t["id"] == "blade_4/load")
    assert task["start"] >= 80.0
    assert summary["blades"]["blade_4"]["where"] == "bin"


def test_a_cancelled_order_stays_in_the_tray(whole_world, fake_cell) -> None:
    cell = fake_cell(whole_world)
    cell.injects = [(5.0, Inject("cancel_order", "order_b"))]
    summary = cell.run()
    assert set(cell.loads) == {"blade_1", "blade_2", "blade_3"}
    assert summary["orders"]["order_b"]["cancelled"]


def test_a_slow_arm_takes_longer(small_world, fake_cell) -> None:
    calm = fake_cell(small_world)
    slow = fake_cell(small_world)
    slow.injects = [(0.1, Inject("arm_slow", "handler", {"factor": 0.5}))]
    calm.run()
    slow.run()
    assert slow.now > calm.now + 10.0


def test_a_blind_profiler_is_waited_for(small_world, fake_cell) -> None:
    cell = fake_cell(small_world)
    cell.injects = [(0.5, Inject("sensor_blackout", "profiler", {"until": 40.0}))]
    summary = cell.run()
    task = next(t for t in summary["tasks"] if t["kind"] == "inspect")
    assert task["start"] >= 40.0


def test_a_scan_that_does_not_suffice_is_repeated_once(small_world, fake_cell) -> None:
    cell = fake_cell(small_world)
    judge = cell._verdict
    cell._verdict = lambda part: (
        replace(judge(part), decision="rescan") if part == "blade_1" else judge(part)
    )
    summary = cell.run()
    assert summary["blades"]["blade_1"]["decision"] == "rework"
    ids = [t["id"] for t in summary["tasks"] if t["part"] == "blade_1"]
    assert ids == [
        "blade_1/load", "blade_1/inspect", "blade_1/inspect#2", "blade_1/unload",
    ]  # fmt: skip


def test_a_failed_grip_is_tried_again(small_world, fake_cell) -> None:
    cell = fake_cell(small_world)
    cell.grip_fails = {"blade_1": 1}
    summary = cell.run()
    assert summary["blades"]["blade_1"]["where"] == "bin"
    assert any(line.kind == "retry" for line in cell.journal)


def test_a_blade_that_cannot_be_gripped_is_left_and_the_work_goes_on(
    small_world, fake_cell
) -> None:
    cell = fake_cell(small_world)
    cell.grip_fails = {"blade_1": 9}
    summary = cell.run()
    assert summary["blades"]["blade_1"]["where"] == "left"
    assert summary["blades"]["blade_4"]["where"] == "bin"
    assert not summary["halted"]


def test_full_bins_send_blades_back_to_their_pocket(whole_world, fake_cell) -> None:
    racks = dict(whole_world.racks)
    racks["accept"] = replace(racks["accept"], rows=1, columns=1)
    cell = fake_cell(replace(whole_world, racks=racks))
    summary = cell.run()
    where = [b["where"] for b in summary["blades"].values()]
    assert where.count("bin") == 1
    assert where.count("returned") == 5
    assert any(line.kind == "bin_full" for line in cell.journal)


def test_an_unreachable_fixture_puts_blades_back(small_world, fake_cell) -> None:
    cell = fake_cell(small_world)
    fixture = cell.targets.above(cell.targets.fixture()).p
    cell.motions.fail = lambda mover, pose: pose is not None and abs(pose.p - fixture).max() < 1e-6
    summary = cell.run()
    assert {b["where"] for b in summary["blades"].values()} == {"returned"}
    assert not summary["halted"]


def test_an_arm_that_finds_no_way_leaves_all_blades_and_ends(small_world, fake_cell) -> None:
    cell = fake_cell(small_world)
    cell.motions.fail = lambda mover, pose: mover == "handler"
    summary = cell.run()
    assert {b["where"] for b in summary["blades"].values()} == {"left"}


def test_an_arm_that_cannot_go_home_halts_and_says_why(small_world, fake_cell) -> None:
    cell = fake_cell(small_world)
    cell.motions.fail = lambda mover, pose: mover == "handler" and bool(cell.loads)
    summary = cell.run()
    assert "no way" in summary["halted"] or "no line" in summary["halted"]
    assert any(line.kind == "halted" for line in cell.journal)


def test_an_answer_that_nobody_waits_for_is_journalled(small_world, fake_cell) -> None:
    cell = fake_cell(small_world)
    cell.step()
    lines = cell.orchestrator.handle(Done("nobody/asked/1", True), cell.now)
    assert lines[0].kind == "unknown_answer"


def test_a_blade_that_fell_when_it_was_set_down_halts_the_cell(small_world, fake_cell) -> None:
    """Nobody journals it as unloaded, and no hand goes near a bin with a blade across it."""
    cell = fake_cell(small_world)
    cell.fallen = set(cell.orchestrator.state.blades)
    summary = cell.run()
    first = cell.loads[0]
    assert f"{first} does not stand where it was set down" in summary["halted"]
    assert "20 mm" in summary["halted"]
    assert "90 degrees" in summary["halted"]
    done = [line.subject for line in cell.journal if line.kind == "task_done"]
    assert f"{first}/unload" not in done
    assert cell.phases[-1][1] == f"{first}/unload/leave"
    assert re.search(r"not in \w+, pocket 0", summary["halted"])


def test_a_blade_that_still_rocks_is_looked_at_again_when_it_has_come_to_rest(
    small_world, fake_cell
) -> None:
    cell = fake_cell(small_world)
    looks: list[float] = []
    see = cell._look

    def first_askew(look: Look) -> tuple[bool, str]:
        looks.append(cell.now)
        return (False, "it leans") if len(looks) == 1 else see(look)

    cell._look = first_askew
    summary = cell.run()
    assert not summary["halted"]
    assert 0.5 <= looks[1] - looks[0] < 0.5 + 3 * cell.period


@pytest.mark.parametrize(("task", "where"), [("load", "in the fixture"), ("put_back", "pocket")])
def test_a_blade_that_does_not_stand_after_a_load_or_a_put_back_halts_the_cell(
    small_world, fake_cell, task: str, where: str
) -> None:
    cell = fake_cell(small_world)
    first = next(iter(cell.orchestrator.state.blades))
    see = cell._look
    cell._look = lambda look: (False, "it leans") if f"/{task}/" in look.tag else see(look)
    if task == "put_back":  # no way into the fixture with the blade in the hand
        fixture = cell.targets.above(cell.targets.fixture()).p
        cell.motions.fail = lambda mover, pose: (
            mover == "handler" and bool(np.allclose(pose.p, fixture))
        )
    halted = cell.run()["halted"]
    assert re.search(f"{first}/{task}: not .*{where}.*: it leans", halted), halted
    assert f"{first}/{task}" not in [li.subject for li in cell.journal if li.kind == "task_done"]
