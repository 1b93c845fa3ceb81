from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twincell.stack.pacing import Pacer


def test_follows_the_wall_at_its_factor() -> None:
    pacer = Pacer(step=0.01, real_time_factor=2.0, most=8)
    pacer.due(100.0)
    steps = sum(pacer.due(100.0 + 0.013 * i) for i in range(1, 201))
    assert steps == pytest.approx(2.6 * 2.0 / 0.01, abs=1)
    assert pacer.dropped == 0.0


def test_a_pause_is_not_caught_up() -> None:
    pacer = Pacer(step=0.01, real_time_factor=1.0, most=5)
    pacer.due(0.0)
    assert pacer.due(10.0) == 5
    assert pacer.dropped == pytest.approx(10.0 - 0.05)
    assert pacer.due(10.0) == 0
    assert pacer.due(10.02) == 2


@given(st.lists(st.floats(0.0, 0.5), min_size=1, max_size=60), st.floats(0.1, 5.0))
def test_no_time_is_lost_or_made(pauses: list[float], factor: float) -> None:
    pacer = Pacer(step=0.004, real_time_factor=factor, most=6)
    wall = 7.0
    pacer.due(wall)
    taken = 0
    for pause in pauses:
        wall += pause
        steps = pacer.due(wall)
        assert 0 <= steps <= 6
        taken += steps
    simulated = taken * 0.004 + pacer.dropped
    # a step that is not yet due is all that may be missing
    assert -1e-6 <= (wall - 7.0) * factor - simulated <= 0.004 + 1e-6


def test_as_fast_as_it_can() -> None:
    pacer = Pacer(step=0.01, real_time_factor=0.0, most=8)
    assert [pacer.due(0.0), pacer.due(0.0)] == [8, 8]


@pytest.mark.parametrize(("step", "factor"), [(0.0, 1.0), (0.01, -1.0), (0.01, float("nan"))])
def test_nonsense_is_refused(step: float, factor: float) -> None:
    with pytest.raises(ValueError, match=r"step|real_time_factor"):
        Pacer(step, factor)
