"""The compiled twin against the same model in SimPy, shift by shift."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from scipy import stats

from twincell.errors import ProductionError
from twincell.production.line import Line, LinePlan, LineState, Rule, sorted_plan
from twincell.production.line_shift import example_shift
from twincell.production.tariff import Tariff
from twincell.twin.line_draws import (
    WINDOW,
    exponential,
    factor,
    longer,
    mean_longer,
    windows_of,
)
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
    line = replace(shift(6), windows=np.zeros((0, 5)), spread=0.0)
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


@pytest.mark.parametrize("spread", [0.15, 0.6])
@pytest.mark.parametrize("least", [0.0, 0.4, 0.95, 1.0, 1.3, 2.5])
def test_what_goes_on_is_drawn_from_what_is_left_of_its_distribution(spread, least) -> None:
    """Scipy's lognormal of mean 1, cut off: the distribution, and the mean that plans count on."""
    whole = stats.lognorm(spread, scale=np.exp(-0.5 * spread**2))
    draws = np.array([longer(k, WINDOW, 3, spread, least) for k in keys_of(6, 0, 20_000)])
    assert draws.min() >= least
    share = whole.sf(draws) / whole.sf(least)
    assert stats.kstest(share, "uniform").pvalue > 1e-3
    mean = mean_longer(spread, least)
    assert abs(draws.mean() - mean) < 5 * draws.std() / np.sqrt(len(draws))
    if whole.sf(least) > 1e-6:
        assert mean == pytest.approx(whole.expect(lb=least, conditional=True), rel=1e-5)


def test_far_beyond_its_duration_work_is_believed_to_end_soon() -> None:
    assert 1 <= mean_longer(0.15, 50.0) / 50.0 < 1.01
    assert mean_longer(0.15, 1e9) == longer(7, WINDOW, 0, 0.0, 1e9) == 1e9
    assert 1 <= longer(7, WINDOW, 0, 0.15, 50.0) / 50.0 < 1.01


def test_work_that_runs_takes_as_long_as_the_truth_will_where_both_know_the_same() -> None:
    """Of many true shifts, stopped at a moment: what still runs lasts as rollouts from there say.

    Among shifts by the line's own draws, ranks of the true ends among those drawn anew are uniform.
    """
    line = replace(shift(8), windows=np.zeros((0, 5)), uptime=np.full(6, np.inf), spread=0.5)
    plan = LinePlan.by_job(line, line.due, "due")
    start, ranks = LineState.initial(line), []
    alone = replace(line, inspects=np.zeros_like(line.inspects))
    for key in keys_of(3, 0, 300).tolist():
        now = 5400.0
        at = project(alone, start, plan, stop=now, key=int(key)).state
        r = int(np.argmax(at.job >= 0))
        if at.job[r] < 0:
            continue
        ends = [resumed(alone, at, 1000 + i)[r] for i in range(39)]
        ranks.append(sum(e < at.until[r] for e in ends))
    counts = np.bincount(np.array(ranks) // 8, minlength=5)
    assert counts.sum() > 200
    assert stats.chisquare(counts).pvalue > 1e-3


def resumed(line: Line, state: LineState, key: int) -> np.ndarray:
    """Ends of what runs, drawn anew."""
    import twincell.twin.line_rollouts as module

    m = len(line.resources)
    windows, count = np.empty((m, 4, 3)), np.zeros(m, np.int64)
    until = state.until.copy()
    values = module._arguments(line)
    module.resume(
        np.uint64(key), False, state.now, values[0], line.spread, *values[-3:], windows, count,
        state.step, state.job, state.began, until, state.fitting,
    )  # fmt: skip
    return until


def test_a_station_that_stands_is_not_whole_at_once() -> None:
    known = np.array([[0.0, 0.0, 5400.0, 0.0, 0.3]])
    windows, count = np.empty((1, 5, 3)), np.zeros(1, np.int64)
    ends = []
    for key in keys_of(4, 0, 4000):
        windows_of(key, 5000.0, known, np.full(1, np.inf), np.ones(1), 0.0, 0.5, windows, count)
        ends.append(float(windows[0, 0, 1]))
    whole = stats.lognorm(0.3, scale=5400 * np.exp(-0.5 * 0.3**2))
    assert min(ends) > 5000.0
    assert stats.kstest(whole.sf(ends) / whole.sf(5000.0), "uniform").pvalue > 1e-3


def test_two_reworks_of_a_tray_are_two_draws() -> None:
    """After the first inspection and after the second: energy of rework alone, by its variance."""
    line = shift(9)
    scan, verify = np.flatnonzero(line.inspects)
    chances = np.zeros_like(line.chances)
    chances[0, [scan, verify], 0] = 0.5
    busy, durations = np.zeros_like(line.busy), line.durations.copy()
    busy[-1], durations[0, -1] = 1.0, np.where(np.isnan(durations[0, -1]), np.nan, 900.0)
    alone = replace(
        line, chances=chances, busy=busy, durations=durations, idle=np.zeros(len(line.resources)),
        windows=np.zeros((0, 5)), uptime=np.full(len(line.resources), np.inf),
        setup=np.zeros_like(line.setup),
    )  # fmt: skip

    def energy(spread: float) -> np.ndarray:
        given = replace(alone, spread=spread)
        rows = roll_line(given, LineState.initial(given), [LinePlan.fifo(given)], 5, 6000)
        return rows.energy[0] / 900.0

    times = energy(0.0)
    assert set(np.unique(times.round(9))) == {0.0, 1.0, 2.0, 3.0, 4.0}
    for number in (1, 2):
        made = energy(0.2)[np.abs(times - number) < 1e-9]
        single = np.sqrt(np.exp(0.2**2) - 1)
        assert made.std() == pytest.approx(single * np.sqrt(number), rel=0.07)
