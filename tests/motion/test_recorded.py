"""Recorded motions of closed form: their accelerations and jerks are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twincell.errors import MotionError
from twincell.motion.limits import JointLimits
from twincell.motion.recorded import shares_of_limits

ONE = np.ones(2)
LIMITS = JointLimits(-9 * ONE, 9 * ONE, 2 * ONE, np.array([4.0, 8.0]), np.array([50.0, 100.0]))


@given(
    a=st.floats(0.5, 12.0), jerk=st.floats(20.0, 300.0), rate=st.sampled_from([120.0, 240.0, 500.0])
)
def test_an_s_curve_shows_its_own_acceleration_and_jerk(a: float, jerk: float, rate: float) -> None:
    ramp, hold = a / jerk, 0.2
    t = np.arange(0.0, 2 * ramp + hold + 0.1, 1 / rate)
    bent = np.clip(t, 0, ramp), np.clip(t - ramp, 0, hold), np.clip(t - ramp - hold, 0, ramp)
    v = 3.0 - (jerk * bent[0] ** 2 / 2 + a * bent[1] + a * bent[2] - jerk * bent[2] ** 2 / 2)
    shares = shares_of_limits(t, np.stack([v, 0 * v], axis=1), LIMITS)
    assert shares[0] == pytest.approx(a / 4.0, rel=1e-6)
    assert shares[1] <= jerk / 50.0 * (1 + 1e-6)
    if ramp > 4 * 0.0125:  # long enough for the difference to lie within the ramp
        assert shares[1] == pytest.approx(jerk / 50.0, rel=1e-6)


def test_a_lost_record_makes_no_false_alarm() -> None:
    t = np.delete(np.arange(0.0, 0.5, 1 / 120), [20, 21, 40])
    v = np.stack([1.0 - 2.0 * t, 0.5 - 1.0 * t], axis=1)
    acceleration, jerk = shares_of_limits(t, v, LIMITS)
    assert acceleration == pytest.approx(0.5)
    assert jerk == pytest.approx(0.0, abs=1e-6)


def test_times_that_do_not_rise_are_refused() -> None:
    with pytest.raises(MotionError, match="do not rise"):
        shares_of_limits(np.array([0.0, 0.1, 0.1]), np.zeros((3, 2)), LIMITS)
    with pytest.raises(MotionError, match="valid: \\(3, 2\\)"):
        shares_of_limits(np.array([0.0, 0.1, 0.2]), np.zeros((3, 1)), LIMITS)
