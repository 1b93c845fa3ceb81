from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twincell.inspection.expectation import Comparison
from twincell.inspection.neighbourhood import CLIP, LEAST, Surroundings, background


def lines_of(rng: np.random.Generator, m: int, k: int) -> Comparison:
    """Lines with dark and unclear stretches, a slope, noise and a few deep rays."""
    measured = rng.random((m, k)) < 0.9
    measured[:, rng.integers(0, k) :][:, : k // 6] = False
    clear = np.ones((m, k), bool)
    clear[:, : rng.integers(0, k // 3)] = False
    off = 1e-7 * rng.normal() * np.arange(k) + 1e-5 * rng.normal(size=(m, k)) + 1e-4 * rng.normal()
    off[rng.random((m, k)) < 0.02] += 4e-4
    off = np.where(measured, off, 0).astype(np.float32)
    return Comparison(off, np.ones_like(off), clear, off, measured, np.ones(m, bool))


def fitted(rows: np.ndarray, weight: np.ndarray, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """The trend at each ray of the last of some lines, and its points, by numpy's least squares."""
    k = rows.shape[1]
    trend, count = np.zeros(k), np.zeros(k, int)
    for j in range(k):
        part = slice(max(j - columns, 0), j + columns + 1)
        x = np.broadcast_to(np.arange(k)[part] / columns, rows[:, part].shape)[weight[:, part]]
        y = rows[:, part][weight[:, part]]
        count[j] = len(y)
        if len(y) and np.var(x) > 0.01:
            trend[j] = np.polyval(np.polyfit(x - j / columns, y, 1), 0.0)
        elif len(y):
            trend[j] = y.mean()
    return trend, count


@given(st.integers(0, 10**6), st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_the_trend_is_the_least_squares_line_of_the_newest_lines(seed: int, sizes) -> None:
    columns, back, k = 9, 3, 60
    rng = np.random.default_rng(seed)
    whole = lines_of(rng, sum(sizes), k)
    weight = whole.measured & whole.clear
    calm = np.empty((len(weight), k))
    for i, off in enumerate(whole.off.astype(float)):
        own, _ = fitted(off[None], weight[i : i + 1], columns)
        calm[i] = own + np.clip(off - own, -CLIP, CLIP)
    around, first = Surroundings(columns, back), 0
    for size in sizes:
        trend, enough = around.add(whole.lines(slice(first, first + size)))
        for i in range(size):
            newest = slice(max(first + i + 1 - back, 0), first + i + 1)
            expected, count = fitted(calm[newest], weight[newest], columns)
            assert np.abs(trend[i] - expected)[count > 0].max(initial=0.0) < 1e-10
            assert np.array_equal(enough[i], count >= LEAST)
        first += size


def test_what_was_forgotten_counts_no_more() -> None:
    rng = np.random.default_rng(3)
    before, after = lines_of(rng, 5, 80), lines_of(rng, 2, 80)
    around, alone = Surroundings(12, 4), Surroundings(12, 4)
    around.add(before)
    around.forget()
    for found, expected in zip(around.add(after), alone.add(after), strict=True):
        assert np.array_equal(found, expected)


@pytest.mark.parametrize("first", [0, 60, 150])
def test_the_background_follows_a_tilted_part_wherever_it_fills_the_line(first: int) -> None:
    m, k = 30, 200
    measured = np.zeros((m, k), bool)
    measured[:, first : first + 50] = True
    slope = 2e-7 * np.arange(k) * np.ones((m, 1))  # small against the clipping of outliers
    off = np.where(measured, slope, 0).astype(np.float32)
    lit = measured.copy()
    comparison = Comparison(off, np.ones_like(off), lit, off, measured, np.ones(m, bool))
    mean, enough = background(comparison, 20, 5)
    assert enough[measured].all()
    far = np.ones(k, bool)
    far[max(first - 21, 0) : first + 71] = False
    assert not enough[:, far].any()
    assert np.abs(mean - slope)[measured].max() < 1e-9


def test_a_line_without_light_has_no_background() -> None:
    dark = np.zeros((4, 100), bool)
    off = np.zeros((4, 100), np.float32)
    comparison = Comparison(off, off, dark, off, dark, np.ones(4, bool))
    _, enough = background(comparison, 20, 5)
    assert not enough.any()
