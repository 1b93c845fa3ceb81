"""Stops from any state: within limits by finite differences, distance by closed form."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twincell.errors import MotionError
from twincell.motion.limits import JointLimits
from twincell.motion.stopping import stopping

A, J, V = 8.0, 90.0, 2.0


def limits(size: int) -> JointLimits:
    one = np.ones(size)
    return JointLimits(-9 * one, 9 * one, V * one, A * one, J * one)


states = st.lists(
    st.tuples(st.floats(-2, 2), st.floats(-V, V), st.floats(-A, A)), min_size=1, max_size=6
)


@given(states)
@settings(max_examples=80, deadline=None)
def test_any_motion_comes_to_rest_within_acceleration_and_jerk(state):
    q, v, a = (np.array(x) for x in zip(*state, strict=True))
    names = [f"j{i}" for i in range(len(q))]
    made = stopping(names, q, v, a, limits(len(q)))
    np.testing.assert_allclose(made.positions[0], q, atol=1e-12)
    np.testing.assert_allclose(made.velocities[-1], 0.0, atol=1e-9)
    if made.duration < 1e-3:
        return
    dt = made.duration / 1000
    rows = [made.sample(t) for t in np.arange(0.0, made.duration - dt / 2, dt)]
    acceleration = np.diff([r[1] for r in rows], axis=0) / dt
    assert np.max(np.abs(acceleration), initial=0.0) <= A * 1.001 + 1e-6
    # the jerk over ten steps: one step would divide rounding errors by a microsecond
    jerk = (acceleration[10:] - acceleration[:-10]) / (10 * dt)
    assert np.max(np.abs(jerk), initial=0.0) <= J * 1.01 + 1e-3
    # the velocity is the derivative of the position
    travel = np.array([r[0] for r in rows])
    mean = np.array([(r[1] + s[1]) / 2 for r, s in pairwise(rows)])
    np.testing.assert_allclose(np.diff(travel, axis=0) / dt, mean, atol=J * dt**2 + 1e-6)


@given(st.floats(0.01, V))
@settings(max_examples=60, deadline=None)
def test_time_and_distance_match_the_closed_form(v):
    made = stopping(["j"], [0.0], [v], [0.0], limits(1))
    time = v / A + A / J if v >= A**2 / J else 2 * np.sqrt(v / J)
    assert made.duration == pytest.approx(time, rel=1e-6)
    # acceleration is symmetric about the middle, so the mean speed is v / 2
    assert made.positions[-1, 0] == pytest.approx(v * time / 2, rel=1e-6)


def test_joints_that_keep_step_stay_on_their_line():
    v = np.array([1.0, -0.5, 0.25])
    made = stopping("abc", np.zeros(3), v, np.zeros(3), limits(3))
    across = np.cross(made.positions, v)
    np.testing.assert_allclose(across, 0.0, atol=1e-9)


def test_standing_is_a_stop_of_no_time():
    made = stopping(["j"], [0.3], [0.0], [0.0], limits(1))
    assert made.duration == 0.0
    assert made.sample(1.0)[0][0] == 0.3


def test_what_is_not_finite_is_refused():
    with pytest.raises(MotionError, match="not finite"):
        stopping(["j"], [0.0], [np.nan], [0.0], limits(1))
