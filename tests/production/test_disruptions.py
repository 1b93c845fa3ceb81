from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from twincell.errors import ProductionError
from twincell.production.disruptions import apply
from twincell.production.journal import Entry
from twincell.production.journal_replay import rebuild
from twincell.production.messages import Grip, Inject, Move, Verdicts
from twincell.production.outages import PEAK
from twincell.production.physical import intruded
from twincell.production.problem import POWER, Pace
from twincell.production.state import LineState
from twincell.production.triggers import Triggers
from twincell.world.disruptions import LATEST
from twincell.world.load import load_world

HOW = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def watched(cell: Any) -> list[tuple[float, Any]]:
    """Every command of a cell with its time, as the cell runs."""
    seen: list[tuple[float, Any]] = []
    carry_out = cell._do

    def note(command: Any) -> None:
        seen.append((cell.now, command))
        carry_out(command)

    cell._do = note
    return seen


def moves(seen: list[tuple[float, Any]], mover: str) -> list[tuple[float, Move]]:
    return [(t, c) for t, c in seen if isinstance(c, Move) and c.mover == mover]


@pytest.mark.parametrize("mover", ["handler", "inspector", "table"])
def test_a_failed_arm_stops_the_cell_and_does_not_move_before_its_repair(
    small_world, fake_cell, mover
) -> None:
    cell = fake_cell(small_world)
    seen = watched(cell)
    cell.injects = [(20.0, Inject("arm_failed", mover, {"lasts": 30.0}))]
    summary = cell.run()
    assert not [t for t, _ in moves(seen, mover) if 20.0 < t < 50.0]
    assert moves(seen, mover)[-1][0] > 50.0
    assert ["mover_fault"] in [s["causes"] for s in summary["stops"]]
    assert {b["where"] for b in summary["blades"].values()} == {"bin"}
    assert len(cell.loads) == 2
    told = [line.detail["text"] for line in cell.journal if line.kind == "recovered"]
    assert told == [f"{mover} is repaired"]
    failed, repaired = (
        next(p for p in cell.plans if words in p.reason) for words in ("failed", "is repaired")
    )
    # the plan knew how long it would take: the repair, when it comes, moves little
    assert failed.makespan == pytest.approx(repaired.makespan, abs=4.0)
    assert repaired.makespan > 60.0


def test_a_repair_before_its_time_ends_the_outage(small_world, fake_cell) -> None:
    cell = fake_cell(small_world)
    seen = watched(cell)
    cell.injects = [
        (20.0, Inject("arm_failed", "handler", {"lasts": 300.0})),
        (40.0, Inject("arm_repaired", "handler")),
    ]
    cell.run(limit=200.0)
    again = [t for t, _ in moves(seen, "handler") if t > 20.0]
    assert 40.0 <= again[0] < 60.0


@pytest.mark.parametrize("mover", ["handler", "inspector"])
def test_without_its_tool_an_arm_goes_home_and_does_nothing_else(
    small_world, fake_cell, mover
) -> None:
    cell = fake_cell(small_world)
    seen = watched(cell)
    cell.injects = [(22.0, Inject("tool_lost", mover, {"lasts": 30.0}))]
    summary = cell.run()
    gap = [c for t, c in seen if 22.0 < t < 52.0]
    assert all("-home" in c.tag for c in gap if isinstance(c, Move) and c.mover == mover)
    assert not [c for c in gap if isinstance(c, Grip) and c.mover == mover]
    assert {b["where"] for b in summary["blades"].values()} == {"bin"}


def test_an_arm_that_is_slow_for_a_time_costs_that_time_only(small_world, fake_cell) -> None:
    ends = []
    for parameters in (None, {"factor": 0.5, "lasts": 20.0}, {"factor": 0.5}):
        cell = fake_cell(small_world)
        if parameters is not None:
            cell.injects = [(0.1, Inject("arm_slow", "handler", parameters))]
        cell.run()
        ends.append(cell.now)
    calm, brief, whole = ends
    # twenty seconds at half the speed are ten seconds of work, up to one motion's length
    assert calm + 4.0 < brief < calm + 16.0 < whole


def test_under_an_energy_cap_every_motion_is_as_slow_as_the_cap_asks(
    small_world, fake_cell
) -> None:
    cell = fake_cell(small_world)
    seen = watched(cell)
    idle = small_world.idle_power
    cap = {"power": f"{idle + PEAK / 4} W", "until": 60.0}
    cell.injects = [(0.1, Inject("energy_cap", "grid", cap))]
    cell.run()
    calm = fake_cell(small_world)
    free = watched(calm)
    calm.run()
    for mover in small_world.arms:
        slowed = [c.trajectory.duration for t, c in moves(seen, mover) if 0.1 < t < 60.0]
        normal = [c.trajectory.duration for t, c in moves(free, mover) if t > 0.1]
        assert slowed
        assert slowed == pytest.approx([4.0 * d for d in normal[: len(slowed)]])
    assert any("the limit of 295 W is lifted" in p.reason for p in cell.plans)


def test_recalled_blades_are_inspected_again_and_sorted_anew(whole_world, fake_cell) -> None:
    cell = fake_cell(whole_world)
    waits = True
    while not cell.orchestrator.finished:
        cell.step()
        blade = cell.orchestrator.state.blades["blade_2"]
        if waits and blade.where == "bin":
            waits, cell.cracks = False, {"blade_2": 0.003}  # missed at the first look
            cell._send(Inject("recall", "order_a"))
            joined = cell.plans[-1]
        assert cell.now < 400.0
    summary = cell.orchestrator.summary()
    assert "blade_1, blade_2 had been accepted and must be inspected again" in joined.text
    assert "joined the plan" in joined.text
    assert sorted(cell.loads) == sorted([*whole_world.blades, "blade_1", "blade_2"])
    assert summary["blades"]["blade_1"]["decision"] == "accept"
    assert summary["blades"]["blade_2"]["decision"] == "rework"
    for name, blade in summary["blades"].items():
        assert cell.place[name] == (blade["rack"], blade["pocket"])
    ids = {t["id"] for t in summary["tasks"]}
    assert {"blade_2/load#2", "blade_2/inspect#2", "blade_2/unload#2"} <= ids


def test_a_scan_that_goes_blind_is_done_again(small_world, fake_cell) -> None:
    cell = fake_cell(small_world)
    while (cell.orchestrator._running or ("", 0))[0] != "inspect":
        cell.step()
    for _ in range(150):
        cell.step()
    cell._send(Inject("sensor_blackout", "profiler", {"lasts": 12.0}))
    blind = cell.now
    summary = cell.run()
    tasks = {t["id"]: t for t in summary["tasks"]}
    first = tasks["blade_1/inspect"]
    assert (first["status"], first["end"]) == ("aborted", blind)
    assert tasks["blade_1/inspect#2"]["start"] >= blind + 12.0
    assert summary["blades"]["blade_1"]["decision"] == "accept"


def test_a_verdict_on_a_scan_that_was_broken_off_meanwhile_is_an_unknown_answer(
    small_world, fake_cell
) -> None:
    cell = fake_cell(small_world)
    while not any(isinstance(event, Verdicts) for _, event in cell.due):
        cell.step()
    # the last pass has ended, and the detector still judges
    cell._send(Inject("sensor_blackout", "profiler", {"lasts": 5.0}))
    blades = cell.run()["blades"]
    assert {b["decision"] for b in blades.values()} == {"accept"}
    unknown = [line for line in cell.journal if line.kind == "unknown_answer"]
    assert [line.subject.rpartition("/")[0] for line in unknown] == ["blade_1/inspect/verdict"]
    assert cell.scans == ["blade_1", "blade_1", "blade_4"]


def test_a_verdict_that_comes_in_the_next_scan_does_not_end_it(small_world, fake_cell) -> None:
    cell = fake_cell(small_world)
    while not any(isinstance(event, Verdicts) for _, event in cell.due):
        cell.step()
    cell.due = [(at + 3.0, event) for at, event in cell.due]
    cell._send(Inject("sensor_blackout", "profiler", {"lasts": 0.5}))
    summary = cell.run()
    assert summary["blades"]["blade_1"]["decision"] == "accept"
    again = next(t for t in summary["tasks"] if t["id"] == "blade_1/inspect#2")
    assert again["end"] - again["start"] > 8.0  # its passes alone take that long


def test_an_announced_person_delays_the_plan(small_world) -> None:
    state = LineState.of(small_world)
    text = apply(Inject("intrusion", "", {"lasts": 40.0}), state, small_world, 5.0)
    assert text == "a person walks into the cell and stays until 45 s"
    durations = {"load": 9.0, "inspect": 14.0, "unload": 9.0}
    problem = state.problem(5.0, durations, {}, {}, (), small_world)
    assert (problem.handle_from, problem.inspect_from) == (45.0, 45.0)
    assert state.outages.lapse(44.9) == []
    assert state.outages.lapse(45.0) == [("", "the person goes out of the zone")]


@given(
    share=st.floats(0.05, 1.0),
    until=st.floats(0.0, 100.0),
    then=st.floats(0.05, 1.0),
    last=st.floats(0.0, 100.0),
    start=st.floats(0.0, 100.0),
    seconds=st.floats(0.0, 100.0),
)
def test_slow_work_is_as_much_work(share, until, then, last, start, seconds) -> None:
    end = Pace(share, until, then, until + last).end(start, seconds)
    # speed integrated from start to end is the work
    cuts = [min(max(t, start), end) for t in (until, until + last)]
    first, second, rest = cuts[0] - start, cuts[1] - cuts[0], end - cuts[1]
    assert share * first + then * second + rest == pytest.approx(seconds, abs=1e-9)


def test_of_two_limits_the_longer_one_stays_when_the_shorter_ends(small_world) -> None:
    """A slow arm until 10 s under a cap until 1,000 s is no slow arm until 1,000 s."""
    state = LineState.of(small_world)
    apply(Inject("energy_cap", "grid", {"power": 330.0, "lasts": 1000.0}), state, small_world, 0.0)
    capped = state.outages.pace(small_world, "load")
    apply(Inject("arm_slow", "handler", {"factor": 0.5, "lasts": 10.0}), state, small_world, 0.0)
    both = state.outages.pace(small_world, "load")
    assert 0 < capped.share < 1
    assert (both.share, both.until) == (pytest.approx(0.5 * capped.share), 10.0)
    assert (both.then, both.last) == (capped.share, 1000.0)
    assert both.end(100.0, 9.0) == capped.end(100.0, 9.0)
    assert state.outages.pace(small_world, "inspect") == capped


def test_a_second_failure_that_ends_sooner_repairs_nothing(small_world) -> None:
    state = LineState.of(small_world)
    for kind, ends in (("arm_failed", "failed"), ("tool_lost", "tools")):
        for lasts in (100.0, 30.0):
            text = apply(Inject(kind, "handler", {"lasts": lasts}), state, small_world, 5.0)
            assert "105 s" in text
        assert getattr(state.outages, ends) == {"handler": 105.0}


def test_what_a_plan_costs_counts_slow_work_at_the_power_that_it_draws(
    small_world, fake_cell
) -> None:
    """Energy in the plan is that of the problem, of what runs only what is still to come."""
    cell = fake_cell(small_world)
    cell.injects = [(1.0, Inject("arm_slow", "handler", {"factor": 0.2}))]
    planner, state = cell.orchestrator.planner, cell.orchestrator.state
    while not any("20% of its speed" in plan.reason for plan in planner.plans):
        cell.step()
    plan, now = planner.plans[-1], cell.now
    come = 0.0
    for task in plan.tasks:
        slow = 1.0 if task.kind == "inspect" else 0.2
        if task.status == "running":  # until a second of the shift it went at full speed
            work = (1.0 - task.start) + 0.2 * (task.end - 1.0)
            slow = work / (task.end - task.start)
        come += state.tariff.cost(slow * POWER[task.kind], max(task.start, now), task.end)
    idle = state.tariff.cost(small_world.idle_power, now, plan.makespan)
    assert plan.energy_cost == pytest.approx(state.energy_cost + idle + come, rel=2e-3)


WHOLE: dict[str, tuple[str, dict[str, Any]]] = {
    "rush_order": ("order_b", {"due": 500.0, "priority": 3.0}),
    "cancel_order": ("order_b", {}),
    "late_material": ("blade_4", {"lasts": 20.0}),
    "recall": ("order_a", {}),
    "tariff_spike": ("market", {"price": 300.0, "lasts": 30.0}),
    "energy_cap": ("grid", {"power": 330.0, "lasts": 20.0}),
    "arm_slow": ("inspector", {"factor": 0.5, "lasts": 10.0}),
    "arm_failed": ("handler", {"lasts": 10.0}),
    "arm_repaired": ("handler", {}),
    "tool_lost": ("inspector", {"lasts": 10.0}),
    "sensor_blackout": ("profiler", {"lasts": 10.0}),
    "intrusion": ("", {"lasts": 10.0}),
}


@HOW
@given(
    plan=st.lists(
        st.tuples(st.floats(0.5, 70.0), st.sampled_from(sorted(WHOLE))), min_size=1, max_size=4
    )
)
def test_any_disruptions_at_any_time_end_in_a_shift_that_its_journal_rebuilds(
    small_world, fake_cell, plan
) -> None:
    cell = fake_cell(small_world)
    cell.injects = [(t, Inject(k, *WHOLE[k])) for t, k in plan]  # type: ignore[arg-type]
    send = cell._send

    def unless_refused(event: Any) -> None:
        try:
            send(event)
        except ProductionError:
            assert isinstance(event, Inject)

    cell._send = unless_refused
    summary = cell.run()
    assert not summary["halted"]
    for name, blade in summary["blades"].items():
        order = next(o for o in summary["orders"].values() if o["cancelled"] or blade["finished"])
        assert blade["where"] == "bin" or order["cancelled"]
        if blade["where"] == "bin":
            assert cell.place[name] == (blade["rack"], blade["pocket"])
    entries = [Entry(i, line, "") for i, line in enumerate(cell.journal)]
    state, told = cell.orchestrator.state, rebuild(small_world, entries)
    state.outages.lapse(1e9)
    told.outages.lapse(1e9)
    for key in ("blades", "orders", "tariff", "outages", "tasks", "taken", "happened"):
        assert getattr(told, key) == getattr(state, key), key


def test_the_shipped_hard_day_ends_with_every_blade_where_it_belongs(fake_cell) -> None:
    world = load_world("hard_day")
    cell = fake_cell(world, {"blade_2": 0.0025, "blade_4": 0.009, "blade_6": 0.005})
    triggers, heard = Triggers(world.production.disruptions, world.seed), 0
    while not cell.orchestrator.finished:
        cell.step()
        for line in cell.journal[heard:]:
            triggers.hear(line)
            if (until := intruded(line)) is not None:
                cell.person.append((line.stamp, until))
        heard = len(cell.journal)
        for inject in triggers.due(cell.now):
            cell._send(inject)  # none of them makes no sense
        assert cell.now < 600.0
    told = [line.detail["kind"] for line in cell.journal if line.kind == "disruption"]
    assert set(told) == {d.kind for d in world.production.disruptions}
    blades = cell.orchestrator.summary()["blades"]
    ends = {name: (b["where"], b["decision"]) for name, b in blades.items()}
    assert ends == {
        "blade_1": ("bin", "accept"),  # recalled, and accepted once more
        "blade_2": ("bin", "rework"),
        "blade_3": ("bin", "accept"),
        "blade_4": ("bin", "reject"),
        "blade_5": ("tray", None),  # cancelled with its order, by the chance of this seed
        "blade_6": ("tray", None),
    }
    assert cell.loads.count("blade_1") == 2


REFUSED = [
    (Inject("arm_faild", "handler"), "did you mean 'arm_failed'"),  # type: ignore[arg-type]
    (Inject("rush_order", "ordr_b", {"due": 90.0}), "unknown order 'ordr_b'; did you mean"),
    (Inject("rush_order", "order_b", {"due": 1.0}), "due 1 s is past"),
    (Inject("rush_order", "order_b"), "needs 'due'"),
    (Inject("rush_order", "order_b", {"priority": -1.0}), "more than 0"),
    (Inject("rush_order", "order_b", {"due": float("nan")}), "finite"),
    (Inject("rush_order", "order_b", {"due": True}), "a number in s"),
    (Inject("late_material", "blade_4", {"until": -5.0}), "at least 0"),
    (Inject("late_material", "blade_4", {"lasts": -5.0}), "more than 0"),
    (Inject("late_material", "blade_4", {"until": 90.0, "lasts": 5.0}), "one of them"),
    (Inject("late_material", "blade_4", {"until": 1e20}), "'until' is 1e+20; valid: at most"),
    (
        Inject("arm_failed", "handler", {"lasts": 1e20}),
        "'lasts' is 1e+20; valid: at most 1e+07 [s]",
    ),
    (Inject("rush_order", "order_b", {"due": 1e20}), "'due' is 1e+20; valid: at most 1e+07 [s]"),
    (Inject("rush_order", "order_b", {"due": 10**400}), "'due': valid: a finite number"),
    (Inject("rush_order", "order_b", {"priority": 1e305}), "valid: at most 1e+06 [1]"),
    (Inject("tariff_spike", "", {"price": -1e308, "lasts": 5.0}), "at most 1e+06 [EUR/MWh]"),
    (Inject("arm_slow", "handler", {"factor": 1e-300}), "'factor' is 1e-300; valid: a share"),
    (Inject("late_material", "blade_9", {"until": 90.0}), "unknown order or blade 'blade_9'"),
    (Inject("tariff_spike", "", {"price": 300.0}), "needs 'until' or 'lasts'"),
    (Inject("tariff_spike", "", {"price": "300 EUR", "lasts": 5.0}), "does not measure this"),
    (Inject("energy_cap", "", {"power": 200.0, "lasts": 5.0}), "more than the arms draw at rest"),
    (Inject("arm_slow", "handler", {"factor": 1.5}), "[0.001, 1]"),
    (Inject("arm_slow", "handler", {"factor": 0.5, "untl": 90.0}), "did you mean 'until'"),
    (Inject("arm_failed", "handlr", {"lasts": 5.0}), "unknown arm 'handlr'; did you mean"),
    (Inject("arm_repaired", "handler"), "handler is whole"),
    (Inject("tool_lost", "table", {"lasts": 5.0}), "unknown tool 'table'"),
    (Inject("sensor_blackout", "profilr", {"lasts": 5.0}), "did you mean 'profiler'"),
    (Inject("recall", "order_b"), "nothing of 'order_b' was accepted yet"),
]


@pytest.mark.parametrize(("inject", "words"), REFUSED, ids=[words for _, words in REFUSED])
def test_what_is_refused_says_why_and_leaves_plan_and_state(
    small_world, fake_cell, inject, words
) -> None:
    cell = fake_cell(small_world)
    for _ in range(100):
        cell.step()
    core = cell.orchestrator
    plan, before = core.planner.plans[-1], deepcopy(core.state)
    with pytest.raises(ProductionError) as caught:
        core.handle(inject, cell.now)
    assert words in str(caught.value)
    assert "valid" in str(caught.value) or "needs" in str(caught.value)
    assert core.planner.plans[-1] is plan
    assert core.state == before
    cell.step()
    refused = [line for line in cell.journal if line.kind == "refused"]
    assert [line.detail["why"] for line in refused] == [str(caught.value)]


def test_the_longest_time_is_planned_with(small_world, fake_cell) -> None:
    cell = fake_cell(small_world)
    for _ in range(100):
        cell.step()
    for kind, subject, key in (
        ("late_material", "blade_4", "lasts"),
        ("arm_failed", "handler", "lasts"),
        ("rush_order", "order_b", "due"),
    ):
        cell._send(Inject(kind, subject, {key: LATEST}))
    assert cell.plans[-1].makespan > LATEST
    entries = [Entry(i, line, "") for i, line in enumerate(cell.journal)]
    assert rebuild(small_world, entries).outages == cell.orchestrator.state.outages


def test_arms_that_hardly_move_under_a_cap_that_hardly_lets_them_are_planned_with(
    small_world, fake_cell
) -> None:
    cell = fake_cell(small_world)
    for _ in range(100):
        cell.step()
    for mover in ("handler", "inspector"):
        cell._send(Inject("arm_slow", mover, {"factor": 1e-3}))
    little = {"power": small_world.idle_power + 1e-3, "lasts": 600.0}
    cell._send(Inject("energy_cap", "", little))
    assert cell.plans[-1].makespan < LATEST
    assert len(cell.plans[-1].tasks) == len(cell.plans[0].tasks)


def test_an_intrusion_needs_somebody_to_walk_in(small_world) -> None:
    world = replace(small_world, visitor=None)
    with pytest.raises(ProductionError, match="valid: in a world with a `visitor`"):
        apply(Inject("intrusion", "", {"lasts": 4.0}), LineState.of(world), world, 0.0)
