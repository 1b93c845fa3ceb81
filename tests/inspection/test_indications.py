from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from twincell.inspection.expectation import Comparison
from twincell.inspection.indications import background, gaps


@given(hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=24)), st.integers(1, 9))
def test_gaps_are_dark_runs_between_lit_rays(lit: np.ndarray, widest: int) -> None:
    expected = np.zeros(lit.shape, bool)
    for row, out in zip(lit, expected, strict=True):
        on = np.flatnonzero(row)
        for left, right in pairwise(on):
            if right - left - 1 <= widest:
                out[left + 1 : right] = True
    assert np.array_equal(gaps(lit, widest), expected)


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
