from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twincell.errors import SafetyError
from twincell.safety.distance import HUMAN_SPEED, ProtectiveDistance

TERM = st.floats(0, 5)


@given(TERM, TERM, TERM, TERM, TERM, TERM)
def test_person_and_robot_meet_at_standstill_at_the_earliest(v, reaction, stop, c, zd, zr) -> None:
    """Both walk towards each other from S_p apart, step by step: what is left is C + Z_d + Z_r."""
    distance = ProtectiveDistance(
        v, reaction, stop, intrusion=c, person_uncertainty=zd, robot_uncertainty=zr
    )
    steps = 2000
    dt = (reaction + stop) / steps
    apart = distance.total
    for i in range(steps):
        t = (i + 0.5) * dt
        slower = 1.0 if t < reaction or stop == 0 else max(0.0, 1 - (t - reaction) / stop)
        apart -= (HUMAN_SPEED + v * slower) * dt
    assert apart == pytest.approx(c + zd + zr, abs=5e-3 * (1 + v) * (1 + reaction + stop))


def test_the_example_of_the_documentation() -> None:
    ours = ProtectiveDistance(
        robot_speed=0.5, reaction_time=0.15, stopping_time=0.17,
        intrusion=0.85, person_uncertainty=0.1, robot_uncertainty=0.01,
    )  # fmt: skip
    assert {k: round(v, 3) for k, v in ours.terms.items()} == {
        "S_h": 0.512, "S_r": 0.075, "S_s": 0.043, "C": 0.85, "Z_d": 0.1, "Z_r": 0.01,
    }  # fmt: skip
    assert ours.total == pytest.approx(1.59, abs=0.005)


@pytest.mark.parametrize("value", [-0.1, math.nan, math.inf, "1"])
def test_terms_that_make_no_sense_are_refused(value) -> None:
    with pytest.raises(SafetyError, match="reaction_time"):
        ProtectiveDistance(0.5, value, 0.2)
