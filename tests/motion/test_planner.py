"""Paths around an obstacle whose shape the test knows."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from twincell.errors import MotionError
from twincell.motion.limits import JointLimits
from twincell.motion.planner import free_motion, plan, segment_free

LIMITS = JointLimits(
    np.full(2, -2.0), np.full(2, 2.0), np.full(2, 1.5), np.full(2, 6.0), np.full(2, 60.0)
)
START, GOAL = np.array([-1.5, 0.0]), np.array([1.5, 0.0])


def gate(q: np.ndarray, margin: float = 0.05) -> bool:
    """A wall at x = 0, 0.4 thick, with one opening at y in (1.0, 1.6)."""
    return bool(abs(q[0]) > 0.2 + margin or 1.0 + margin < q[1] < 1.6 - margin)


def test_a_free_straight_way_is_taken():
    rows = plan(lambda q: True, START, GOAL, LIMITS, 0)
    assert len(rows) == 2


def test_the_way_leads_through_the_opening_and_repeats():
    rows = plan(gate, START, GOAL, LIMITS, 3)
    for a, b in pairwise(rows):
        assert segment_free(lambda q: gate(q, 0.0), a, b, 0.01)
    again = plan(gate, START, GOAL, LIMITS, 3)
    assert np.array_equal(rows, again)


def test_the_timed_motion_is_free_and_within_limits():
    made = free_motion("xy", START, GOAL, LIMITS, gate, 3)
    dt = 0.002
    states = [made.sample(t) for t in np.arange(0.0, made.duration, dt)]
    # checked each 0.04: what the margin allows for
    assert all(gate(s[0], 0.0) for s in states)
    speed = np.array([s[1] for s in states])
    assert np.all(np.abs(speed) <= LIMITS.velocity * 1.01)
    acceleration = np.diff(speed, axis=0) / dt
    assert np.all(np.abs(acceleration) <= LIMITS.acceleration * 1.05)
    np.testing.assert_allclose(made.positions[-1], GOAL, atol=1e-9)


def test_a_goal_in_collision_and_a_closed_wall_are_named():
    with pytest.raises(MotionError, match=r"goal .* is in collision"):
        plan(gate, START, np.zeros(2), LIMITS, 0)
    with pytest.raises(MotionError, match="no free path"):
        plan(lambda q: bool(abs(q[0]) > 0.2), START, GOAL, LIMITS, 0)
