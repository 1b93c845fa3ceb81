"""A line counts once its sensor has moved, in any way and however slowly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from twincell.geometry.pose import Pose
from twincell.inspection.advance import Advance

STANDOFF, LEAST = 0.15, 10e-6
PLACE = Pose.of([0.1, -0.3, 0.7], [0.4, -1.0, 2.0])


def test_a_sensor_that_stands_is_heard_once() -> None:
    jitter = np.random.default_rng(1).normal(0.0, 1e-6, (500, 3))
    stands = [Pose(PLACE.p + off, PLACE.q) for off in jitter]
    advance = Advance(STANDOFF, LEAST)
    assert advance.fresh(stands[:100]).tolist() == [0]
    assert advance.fresh(stands[100:]).tolist() == []


@given(st.floats(1.1, 40.0), st.floats(-1.0, 1.0), st.floats(-np.pi, np.pi))
def test_however_slowly_it_moves_lines_stay_as_dense_as_asked(
    parts: float, up: float, about: float
) -> None:
    step = LEAST / parts  # less than what passes: each is held against the last that passed
    across = np.sqrt(1 - up * up)
    way = np.array([across * np.cos(about), across * np.sin(about), up])
    poses = [Pose(PLACE.p + i * step * way, PLACE.q) for i in range(400)]
    passed = Advance(STANDOFF, LEAST).fresh(poses)
    gaps = np.diff(passed) * step
    assert (gaps >= LEAST * (1 - 1e-6)).all()
    assert (gaps <= LEAST + step * (1 + 1e-6)).all()


@pytest.mark.parametrize("axis", np.eye(3))
def test_a_turn_counts_by_what_it_moves_at_the_part(axis: np.ndarray) -> None:
    def turned(angle: float) -> Pose:
        return PLACE @ Pose(np.zeros(3), Rotation.from_rotvec(angle * axis).as_quat())

    least = LEAST / (STANDOFF * np.sqrt(2))  # of the place farthest from any axis
    assert len(Advance(STANDOFF, LEAST).fresh([turned(0.0), turned(0.5 * least)])) == 1
    assert len(Advance(STANDOFF, LEAST).fresh([turned(0.0), turned(2.0 * least)])) == 2
