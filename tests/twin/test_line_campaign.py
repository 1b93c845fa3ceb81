"""The benchmark's loop, its policies and its statistics."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twincell.errors import ProductionError
from twincell.production.line import LineState
from twincell.production.line_shift import Disruption, example_shift
from twincell.production.prices import example_tariff
from twincell.twin.line_campaign import campaign, play_scenario
from twincell.twin.line_compare import change, mean_interval
from twincell.twin.line_policies import POLICIES
from twincell.twin.line_rollouts import project
from twincell.twin.line_scenario import Scenario, apply, draw_scenario
from twincell.twin.line_search import Effort, as_sequence, search

TARIFF = example_tariff()


def test_interval_of_a_mean_is_the_normal_one() -> None:
    values = np.random.default_rng(3).normal(5.0, 2.0, 400)
    reach = 1.959964 * values.std() / 20
    got = mean_interval(values)
    assert got.low == pytest.approx(values.mean() - reach, abs=0.03 * reach * 2)
    assert got.high == pytest.approx(values.mean() + reach, abs=0.03 * reach * 2)


def test_a_constant_ratio_has_no_interval_because_scenarios_are_paired() -> None:
    theirs = np.random.default_rng(4).uniform(1.0, 50.0, 30)
    got = change(0.75 * theirs, theirs)
    assert got is not None
    assert (got.change, got.low, got.high) == pytest.approx((-0.25, -0.25, -0.25))


def test_no_change_is_told_of_nothing() -> None:
    assert change(np.ones(5), np.zeros(5)) is None
    with pytest.raises(ProductionError, match="at least 2"):
        mean_interval(np.ones(1))


def test_same_seed_same_result_on_one_and_two_workers() -> None:
    one, two = (
        campaign(5, [TARIFF] * 2, perf_counter, workers, 4, ("fifo", "ours"))[..., :-1]
        for workers in (1, 2)
    )
    assert np.array_equal(one, two)
    assert not np.array_equal(one[0], one[1])


@settings(max_examples=10, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), jobs=st.integers(1, 4), name=st.sampled_from([*POLICIES]))
def test_no_job_is_lost_and_no_station_works_twice(seed: int, jobs: int, name: str) -> None:
    scenario = draw_scenario(seed, 0, TARIFF, jobs)
    run = play_scenario(scenario, POLICIES[name], perf_counter)
    state = run.state
    rush = sum(e.kind == "rush_order" for e in scenario.events)
    assert len(state.status) == jobs + rush
    assert (state.status >= 2).all()
    assert (state.job == -1).all()
    done = state.status == 2
    # every step once, in the route's order, on a station with the skill
    assert (np.diff(state.starts[done], axis=1) > 0).all()
    for j, k in np.argwhere(~np.isnan(state.starts)):
        like = scenario.line.durations
        if j < jobs:
            assert not np.isnan(like[j, k, state.where[j, k]])
    began = [(r, t) for r, t in zip(state.where.ravel(), state.starts.ravel(), strict=True)
             if r >= 0]  # fmt: skip
    assert len(set(began)) == len(began)
    cancelled = {e.job for e in scenario.events if e.kind == "cancelled_order"}
    assert {int(j) for j in np.nonzero(state.status == 4)[0]} <= cancelled
    assert np.isfinite(run.figures).all()


def test_right_shift_of_an_undisturbed_shift_is_its_plan() -> None:
    line = example_shift(np.random.default_rng(2), TARIFF, 6)
    calm = replace(line, spread=0.0, chances=np.zeros_like(line.chances))
    start = LineState.initial(calm)
    found = search(calm, start, None, Effort(10, 6), 1)[0]
    planned = project(calm, start, found).state
    plan = as_sequence(calm, start, found, "static")
    scenario = Scenario(calm, (), 99, 1)
    played = project(scenario.true_line(), start, plan, key=99).state
    assert np.array_equal(played.starts, planned.starts)
    assert np.array_equal(played.where, planned.where)


def test_what_is_believed_knows_no_future() -> None:
    line = example_shift(np.random.default_rng(2), TARIFF, 3)
    events = (
        Disruption(1000.0, "arm_failed", -1, 4, 5000.0, 3000.0, 0.0),
        Disruption(2000.0, "tariff_spike", -1, -1, 6000.0, 6000.0, 4.0),
    )
    scenario = Scenario(line, events, 1, 1)
    assert scenario.true_line().windows[0].tolist() == [4, 1000, 5000, 0, 0]
    assert len(scenario.believed(line, 500.0).windows) == 0
    assert scenario.believed(line, 1500.0).windows[0].tolist() == [4, 1000, 3000, 0, 0.3]
    assert scenario.believed(line, 1500.0).tariff == line.tariff
    assert scenario.believed(line, 5500.0).windows[0].tolist() == [4, 1000, 5000, 0, 0]
    assert scenario.believed(line, 5500.0).tariff.price(2500.0) > 3 * line.tariff.price(2500.0)


def test_a_cancelled_order_frees_its_station_and_gives_energy_back() -> None:
    line = example_shift(np.random.default_rng(2), TARIFF, 1)
    line = replace(line, arrival=np.zeros(1), release=np.zeros(1))
    plan = POLICIES["fifo"](line, LineState.initial(line), None, 1).plan
    state = project(line, LineState.initial(line), plan, 60.0, 1).state
    _, after = apply(line, state, Disruption(60.0, "cancelled_order", 0))
    assert after.status[0] == 4
    assert (after.job == -1).all()
    # one minute of a handler's power above idling
    assert after.spent[0] == pytest.approx(60 * (1200 - 300))
    assert after.spent[1] == pytest.approx(line.tariff.cost(900.0, 0.0, 60.0))


def test_late_material_holds_its_order_back() -> None:
    line = example_shift(np.random.default_rng(2), TARIFF, 3)
    line = replace(line, arrival=np.full(3, 5000.0), release=np.full(3, 5000.0))
    event = Disruption(100.0, "late_material", 1, -1, 9000.0, 9000.0)
    run = play_scenario(Scenario(line, (event,), 1, 1), POLICIES["fifo"], perf_counter)
    assert run.state.starts[1, 0] >= 9000
    assert run.state.starts[0, 0] == 5000
