"""The compiled twin against the same model in SimPy, shift by shift."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from twincell.errors import ProductionError
from twincell.production.line import Line, LinePlan, LineState, Rule, sorted_plan
from twincell.production.line_shift import example_shift
from twincell.production.tariff import Tariff
from twincell.twin.line_draws import exponential, factor
from twincell.twin.line_rollouts import METRICS, keys_of, project, roll_line

TARIFF = Tariff(
    tuple(3600.0 * i for i in range(12)), (90, 120, 140, 110, 80, 60, 50, 55, 70, 9, 8, 7)
)


def peer() -> ModuleType:
    path = Path(__file__).parents[2] / "benchmarks" / "simpy_line.py"
    spec = importlib.util.spec_from_file_location("simpy_line", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def shift(seed: int) -> Line:
    line = example_shift(np.random.default_rng(seed), TARIFF)
    windows = np.array([[0, 3600, 7200, 0.0, 0.3], [3, 1800, 9000, 0.5, 0], [2, 5000, 5900, 0, 0]])
    return replace(line, windows=windows, cap=40e3, uptime=np.full(6, 3 * 3600.0))


def plans(line: Line) -> list[LinePlan]:
    due = LinePlan.by_job(line, line.due, "due")
    played = project(line, LineState.initial(line), due).state
    strict = sorted_plan(line, played.starts, played.where, Rule.STRICT, "sequence")
    later = replace(strict, earliest=np.where(np.arange(5) == 2, 4000.0, 0.0) + 0 * strict.rank)
    fitting = replace(due, setup_weight=0.07)
    return [LinePlan.fifo(line), due, strict, later, fitting]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_shift_is_that_of_simpy(seed: int) -> None:
    simpy_line = peer()
    line = shift(seed)
    ours = roll_line(line, LineState.initial(line), plans(line), seed, 12)
    assert np.ptp(ours.accepted) > 0, "no part is rejected: branches are not tried"
    for p, plan in enumerate(plans(line)):
        for i, key in enumerate(keys_of(seed, 0, 12)):
            theirs = simpy_line.SimpyLine(line, plan, key).run()
            for name in METRICS:
                assert getattr(ours, name)[p, i] == pytest.approx(theirs[name], rel=1e-9), name


def test_threads_and_pieces_change_no_bit() -> None:
    line = shift(4)
    state, candidates = LineState.initial(line), plans(line)
    one = roll_line(line, state, candidates, 9, 64, threads=1)
    two = roll_line(line, state, candidates, 9, 64, threads=2)
    tail = roll_line(line, state, candidates, 9, 24, first=40)
    for name in METRICS:
        assert np.array_equal(getattr(one, name), getattr(two, name))
        assert np.array_equal(getattr(one, name)[:, 40:], getattr(tail, name))


def test_draws_have_their_distributions() -> None:
    keys = keys_of(5, 0, 20_000)
    scales = np.array([factor(k, 1, 2, 3, 0, 0.3) for k in keys])
    waits = np.array([exponential(k, 3, 1, 0, 0, 50.0) for k in keys])
    assert abs(scales.mean() - 1) < 5 * 0.3 / np.sqrt(len(keys))
    assert np.log(scales).std() == pytest.approx(0.3, rel=0.03)
    assert abs(waits.mean() - 50) < 5 * 50 / np.sqrt(len(keys))
    assert np.quantile(waits, 0.5) == pytest.approx(50 * np.log(2), rel=0.05)


def test_what_runs_is_not_begun_again() -> None:
    """Stopped half-way and gone on with the same means, the shift ends as if never stopped."""
    line = replace(shift(6), windows=np.zeros((0, 5)))
    start = LineState.initial(line)
    for plan in plans(line):
        whole = project(line, start, plan)
        half = project(line, start, plan, stop=9000.0)
        rest = project(line, half.state, plan)
        assert rest.last == pytest.approx(whole.last)
        assert np.allclose(rest.state.end, whole.state.end)
        assert np.allclose(rest.state.starts, whole.state.starts)


def test_plans_that_do_not_fit_are_refused() -> None:
    line = shift(7)
    good = plans(line)[2]
    wrong = good.resource.copy()
    wrong[3, 2] = 0
    with pytest.raises(ProductionError, match="handler 1 cannot blend job 'tray 4'"):
        roll_line(line, LineState.initial(line), [replace(good, resource=wrong)], 0, 2)
    with pytest.raises(ProductionError, match="setup_weight: given: -1"):
        roll_line(line, LineState.initial(line), [replace(good, setup_weight=-1.0)], 0, 2)
    with pytest.raises(ProductionError, match="rising along each job"):
        roll_line(line, LineState.initial(line), [replace(good, rank=-good.rank)], 0, 2)
    with pytest.raises(ProductionError, match="valid: > 0"):
        replace(line, durations=-line.durations)
