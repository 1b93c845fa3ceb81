"""Point to point: limits by finite differences, straightness, time-optimality by closed form."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twincell.errors import MotionError
from twincell.motion.limits import JointLimits
from twincell.motion.point_to_point import point_to_point
from twincell.motion.trajectory import JointTrajectory

LIMITS = JointLimits(
    np.full(3, -3.0), np.full(3, 3.0), np.array([1.0, 2.0, 3.0]), np.full(3, 6.0), np.full(3, 70.0)
)
rows = st.lists(st.floats(-3, 3), min_size=3, max_size=3)


@given(rows, rows)
@settings(max_examples=100, deadline=None)
def test_limits_hold_and_the_way_is_straight(start, goal):
    a, b = np.array(start), np.array(goal)
    made = point_to_point("xyz", a, b, LIMITS)
    np.testing.assert_allclose(made.positions[0], a, atol=1e-9)
    np.testing.assert_allclose(made.positions[-1], b, atol=1e-9)
    if np.max(np.abs(b - a)) < 1e-3:
        return
    dt = made.duration / 2000
    states = [made.sample(t) for t in np.arange(0.0, made.duration - dt / 2, dt)]
    speed = np.array([s[1] for s in states])
    acceleration = np.diff(speed, axis=0) / dt
    jerk = (acceleration[10:] - acceleration[:-10]) / (10 * dt)
    assert np.all(np.abs(speed) <= LIMITS.velocity * 1.001)
    assert np.all(np.abs(acceleration) <= LIMITS.acceleration * 1.001 + 1e-6)
    assert np.all(np.abs(jerk) <= LIMITS.jerk * 1.01 + 1e-3)
    share = (np.array([s[0] for s in states]) - a) @ (b - a) / np.dot(b - a, b - a)
    line = a + share[:, None] * (b - a)
    np.testing.assert_allclose([s[0] for s in states], line, atol=1e-6)


def test_a_long_way_takes_the_closed_form_time():
    # trapezoid of speed with trapezoids of acceleration: d/v + v/a + a/j
    made = point_to_point("xyz", np.zeros(3), [2.0, 0.0, 0.0], LIMITS)
    assert made.duration == pytest.approx(2.0 / 1.0 + 1.0 / 6.0 + 6.0 / 70.0, rel=1e-6)


def test_a_goal_beyond_the_limits_is_named():
    with pytest.raises(MotionError, match="beyond the joint limits"):
        point_to_point("xyz", np.zeros(3), [0.0, 3.2, 0.0], LIMITS)


def test_joined_pieces_run_one_after_the_other():
    one = point_to_point("xyz", np.zeros(3), [1.0, 0.0, 0.0], LIMITS)
    two = point_to_point("xyz", [1.0, 0.0, 0.0], [1.0, 1.0, 0.0], LIMITS)
    both = JointTrajectory.joined([one, two])
    assert both.duration == pytest.approx(one.duration + two.duration)
    assert np.all(np.diff(both.times) > 0)
    np.testing.assert_allclose(both.sample(one.duration + 0.3)[0], two.sample(0.3)[0], atol=1e-9)
