from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from twincell.errors import ProductionError
from twincell.production.line import LinePlan, LineState
from twincell.production.line_shift import example_shift
from twincell.production.tariff import Tariff
from twincell.twin.line_gate import LineGate, sequential


def world(rng: np.random.Generator, gains: list[float], most: int):
    """Skewed costs of keeping course, and rivals that save a mean of `gains`."""
    keep = rng.lognormal(4.0, 0.5, most)
    noise = rng.exponential(20.0, (len(gains), most)) - 20.0
    costs = np.vstack([keep, keep - np.array(gains)[:, None] + noise])
    return lambda first, count: costs[:, first : first + count]


def test_at_the_margin_no_more_is_accepted_than_alpha() -> None:
    """Gains that are just what is asked for, in the mean: acceptance is the error of first kind."""
    rng = np.random.default_rng(3)
    mean, runs, alpha = np.exp(4.0 + 0.125), 500, 0.1
    accepted = 0
    for _ in range(runs):
        sample = world(rng, [0.05 * mean] * 3, 4000)
        accepted += sequential(sample, 0.05, 1 - alpha, 4000, ["a", "b", "c"]).chosen >= 0
    assert accepted <= binom.ppf(0.999, runs, alpha)
    assert accepted > 0, "the test could not fail"


def test_a_clear_gain_is_found_early_and_the_best_is_taken() -> None:
    sample = world(np.random.default_rng(4), [2.0, 25.0, 10.0], 10_000)
    ruling = sequential(sample, 0.02, 0.95, 10_000, ["a", "b", "c"])
    assert ruling.chosen == 1
    assert ruling.rollouts < 10_000
    assert "change to 'b' accepted" in ruling.reason


def test_a_loss_ends_early_and_time_keeps_the_course() -> None:
    rng = np.random.default_rng(5)
    loss = sequential(world(rng, [-20.0], 10_000), 0.02, 0.95, 10_000, ["a"])
    assert loss.chosen == -1
    assert loss.rollouts < 10_000
    assert "no rival" in loss.reason
    late = sequential(world(rng, [1.3], 10_000), 0.02, 0.95, 10_000, ["a"], lambda: True)
    assert late.chosen == -1
    assert late.rollouts == 250
    assert "time is over" in late.reason
    with pytest.raises(ProductionError, match="confidence"):
        sequential(world(rng, [1.0], 10), 0.02, 1.5, 10, ["a"])


def test_a_line_keeps_its_course_against_itself() -> None:
    line = example_shift(np.random.default_rng(1), Tariff((0.0,), (100.0,)))
    fifo = LinePlan.fifo(line)
    due = LinePlan.by_job(line, line.due, "by due time")
    gate = LineGate(rollouts=1000)
    state = LineState.initial(line)
    assert gate.judge(line, state, fifo, [fifo]).chosen == -1
    assert gate.judge(line, state, fifo, [fifo, due]).chosen == 1


def test_a_margin_of_negative_costs_is_one_too() -> None:
    # what pays for itself: a rival that is a little worse, and one that is better by a tenth
    rng = np.random.default_rng(3)

    def sample(first: int, count: int) -> np.ndarray:
        course = -100.0 + rng.normal(0.0, 1.0, count)
        return np.stack([course, course + 1.0, course - 10.0])

    assert sequential(sample, 0.02, 0.95, 2000, ["worse", "better"]).chosen == 1
    alone = sequential(lambda f, n: sample(f, n)[:2], 0.02, 0.95, 2000, ["worse"])
    assert alone.chosen == -1
    assert alone.needed == pytest.approx(2.0, rel=0.01)
