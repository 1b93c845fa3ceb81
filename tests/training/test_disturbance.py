"""Noise and delay are what they say."""

from __future__ import annotations

import numpy as np
import pytest

from twincell.envs.randomise import Ranges
from twincell.motion.stream import JointTarget
from twincell.training.disturbance import Disturbance


def test_a_disturbance_delays_answers_and_blurs_joints_as_much_as_it_says() -> None:
    rng = np.random.default_rng(3)
    seen = set()
    for _ in range(30):
        made = Disturbance(Ranges(noise=(0.001, 0.004), latency=(0, 2)), 0.04, rng)
        assert 0.001 <= made.noise <= 0.004
        seen.add(round(made.latency / 0.04))
        q, v = made.heard(np.full(4000, 1.0), np.zeros(4000))
        assert np.std(q - 1.0) == pytest.approx(made.noise, rel=0.1)
        assert np.std(v) == pytest.approx(made.noise, rel=0.1)
        # answers at 100 Hz: each comes out at the first step not before its time, in order
        came = []
        for k in range(40):
            answer = JointTarget(("a",), np.array([float(k)]), stamp=0.01 * k)
            due = made.given(answer, 0.01 * k)
            if due is not None:
                came.append((k, int(due.values[0])))
        late = round(made.latency / 0.01)
        assert came == [(k, k - late) for k in range(late, 40)]
    assert seen == {0, 1, 2}
