from __future__ import annotations

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from twincell.inspection.expectation_kernel import compare_lines


def by_morphology(z, cosine, depth, upward, base, fan, reach, heights, least, step, margin, share):
    """The same by whole arrays and OpenCV's erosion."""
    height = (upward @ fan.T) * np.where(np.isfinite(z), z, 0) + base[:, None]
    clear = (z > reach[0]) & (z < reach[1]) & (cosine > least)
    clear &= (height > heights[0]) & (height < heights[1])
    with np.errstate(invalid="ignore"):
        jump = ~(np.abs(np.diff(z, axis=1)) < step)
    clear[:, 1:] &= ~jump
    clear[:, :-1] &= ~jump
    kernel = np.ones((1, 2 * margin + 1), np.uint8)
    clear = cv2.erode(clear.astype(np.uint8), kernel, borderValue=0).astype(bool)
    measured = np.isfinite(depth)
    seen = (measured & clear).sum(axis=1) > share * clear.sum(axis=1)
    clear &= seen[:, None]
    both = measured & np.isfinite(z)
    off = np.where(both, depth - np.where(both, z, 0), np.float32(0))
    return clear, measured, off, seen


@given(
    st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 70), st.integers(0, 5), st.floats(0, 1)
)
def test_lines_compare_as_by_whole_arrays_and_opencv(seed, m, k, margin, share) -> None:
    rng = np.random.default_rng(seed)
    z = (0.2 + np.cumsum(2e-4 * rng.normal(size=(m, k)), axis=1)).astype(np.float32)
    z[rng.random((m, k)) < 0.03] = np.inf
    depth = np.where(rng.random((m, k)) < 0.4 * rng.random((m, 1)), np.nan, z + 1e-5)
    fan = np.column_stack([np.linspace(-0.2, 0.2, k), np.zeros(k), np.ones(k)]).astype(np.float32)
    upward = rng.normal(size=(m, 3)) * 0.1 + [1.0, 0.0, 0.0]
    cosine = np.clip(rng.normal(0.9, 0.1, (m, k)), 0, 1).astype(np.float32)
    base = 0.05 + 0.01 * rng.normal(size=m)
    given = (
        z, cosine, depth.astype(np.float32), upward, base, fan,
        (0.19, 0.21), (0.03, 0.08), 0.7, 5e-4, margin, share,
    )  # fmt: skip
    for found, expected in zip(compare_lines(*given), by_morphology(*given), strict=True):
        assert np.array_equal(found, expected)
