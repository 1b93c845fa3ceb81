"""Scenarios of the physics cell: what is drawn, and how a shift is told in figures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from twincell.assets import world_path
from twincell.cell.assembly import assemble
from twincell.cell.campaign import CELL_FIGURES, campaign, disrupted, figures_of
from twincell.cell.lockstep import LockstepCell
from twincell.cell.result import RunResult
from twincell.production.messages import Plan, PlannedTask
from twincell.production.state import LineState
from twincell.twin.cell_policies import CELL_POLICIES
from twincell.world.check import faults
from twincell.world.load import load_world

PATH = world_path("blade_cell")
WORLD = load_world(PATH)


def test_every_day_is_a_valid_world_of_its_own() -> None:
    days = [disrupted(WORLD, 1, number) for number in range(40)]
    for number, day in enumerate(days):
        assert day.production.disruptions
        assert faults(day, PATH) == []
        again = disrupted(WORLD, 1, number)
        assert again.production == day.production
        assert again.blades == day.blades
        ordered = [part for order in day.production.orders.values() for part in order.parts]
        assert sorted(ordered) == sorted(day.blades)  # each blade once
    drawn = [d for day in days for d in day.production.disruptions]
    assert len({d.kind for d in drawn}) == 7
    # one, and 1.5 more in the mean: 2.5 plus or minus four standard errors
    assert len(drawn) / len(days) == pytest.approx(2.5, abs=4 * np.sqrt(1.5 / len(days)))
    assert disrupted(WORLD, 2, 0).production != days[0].production


def plan(revision: int, sequence: str) -> Plan:
    """A plan that loads blades of the given numbers in turn."""
    tasks = tuple(
        PlannedTask(
            f"load-{n}-{i}", f"blade_{n}", "load", "handler", float(i), i + 1.0, "waiting", ""
        )
        for i, n in enumerate(sequence)
    )
    return Plan(f"plan-{revision}", revision, 0.0, "", tasks, 0.0, 0.0, 0.0, "")


def test_figures_are_those_of_a_shift_told_by_hand(made_up: RunResult) -> None:
    state = LineState.of(WORLD)
    for name, end in (("blade_1", 40.0), ("blade_2", 80.0), ("blade_4", 100.0)):
        state.blades[name].finished = end
    state.orders["order_a"].due = 60.0
    state.orders["order_a"].priority = 2.0
    state.orders["order_b"].cancelled = True  # two of its blades were never taken
    plans = (plan(1, "1234"), plan(2, "1243"), plan(3, "312"), plan(4, "21"))
    result = replace(made_up, duration=120.0, energy=500.0, energy_cost=0.03, plans=plans)
    told = dict(zip(CELL_FIGURES, figures_of(result, state), strict=True))
    # blade_3 was not done when the shift was cut off
    assert told["throughput"] == pytest.approx(3 * 30.0)
    assert told["turnaround"] == pytest.approx((40 + 80 + 100 + 120) / 4)
    assert told["tardiness"] == pytest.approx(2.0 * 60.0)
    assert (told["energy"], told["energy_cost"]) == (500.0, 0.03)
    # one pair of six, then two of the three pairs that were in both plans, then one of one
    assert told["nervousness"] == pytest.approx((1 / 6 + 2 / 3 + 1) / 3)
    judged = [b for b in made_up.blades if b.decision != "none"]
    assert told["correct"] == sum(b.decision == b.expected for b in judged) / len(judged)


def test_a_scenario_is_played_by_the_physics_cell_and_known_ones_are_not() -> None:
    orders = {"order_a": replace(WORLD.production.orders["order_a"], parts=("blade_1",))}
    small = replace(
        WORLD,
        blades={"blade_1": WORLD.blades["blade_1"]},
        production=replace(WORLD.production, orders=orders),
        inspection=replace(WORLD.inspection, views=WORLD.inspection.views[:1]),
    )
    kept: dict[int, np.ndarray] = {}
    before = {0: np.full((1, len(CELL_FIGURES)), 7.0)}
    table = campaign(small, PATH, 5, 2, 1, ("fifo",), known=before, keep=kept.__setitem__)
    assert np.array_equal(table[0], before[0])
    assert np.array_equal(table[1], kept[1])
    assert list(kept) == [1]
    told = dict(zip(CELL_FIGURES, table[1, 0], strict=True))
    assert 20.0 < told["turnaround"] < 120.0  # it was loaded, scanned and put away
    assert told["throughput"] == pytest.approx(3600.0 / told["turnaround"], rel=0.2)
    assert told["energy"] > 270.0 * told["turnaround"]  # at least what the arms draw idle


@pytest.mark.parametrize(
    ("policy", "said"),
    [("fifo", "twin: first in, first out"), ("right_shift", "twin: the plan of the shift's start")],
)
def test_the_policy_decides_in_the_cell(policy: str, said: str) -> None:
    cell = LockstepCell(assemble(disrupted(WORLD, 1, 0), PATH, 3), policy=CELL_POLICIES[policy])
    while not cell.log.plans and cell.time < 1.0:
        cell.step()
    assert said in cell.log.plans[0].text
