from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from twincell.inspection.indications import gaps


@given(hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=24)), st.integers(1, 9))
def test_gaps_are_dark_runs_between_lit_rays(lit: np.ndarray, widest: int) -> None:
    expected = np.zeros(lit.shape, bool)
    for row, out in zip(lit, expected, strict=True):
        on = np.flatnonzero(row)
        for left, right in pairwise(on):
            if right - left - 1 <= widest:
                out[left + 1 : right] = True
    assert np.array_equal(gaps(lit, widest), expected)
