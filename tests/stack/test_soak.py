"""The soak's words and arithmetic; that the node runs is shown by `twincell soak` itself."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twincell.errors import TwincellError
from twincell.stack.soak import Record, growths, read_record, seconds_of, summary


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("2", 7200.0), ("1/2", 1800.0), ("0.5", 1800.0), ("30 min", 1800.0), ("90 s", 90.0),
     ("1/4 h", 900.0), ("0.1h", 360.0)],
)  # fmt: skip
def test_durations(text: str, seconds: float) -> None:
    assert seconds_of(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "soon", "-1", "0", "1/0", "3 days", "nan", "1//2"])
def test_what_is_no_duration_is_refused_with_what_would_be(text: str) -> None:
    with pytest.raises(TwincellError, match="30 min"):
        seconds_of(text)


def sample(t: float, memory: dict[str, Any], latencies: list[float] | None = None) -> dict:
    return {
        "kind": "sample",
        "t": t,
        "memory": memory,
        "load": 1.0,
        "accepted_ms": latencies or [],
        "stand_ms": [],
        "gap_ms": 12.0,
        "simulated": t,
        "stops": 3,
        "restarts": 1,
    }


def case(safe: bool = True, run: bool = True) -> dict:
    return {"kind": "case", "t": 1.0, "run": run, "fault": "button", "phase": "idle",
            "safe": safe, "why": "" if safe else "moved again"}  # fmt: skip


@given(
    rate=st.floats(-1e5, 1e5),
    size=st.floats(1e7, 1e9),
    outliers=st.lists(st.integers(10, 59), max_size=5, unique=True),
    jump=st.floats(-1e8, 1e8),
)
def test_growth_is_the_slope_of_a_line_whatever_a_few_samples_say(
    rate: float, size: float, outliers: list[int], jump: float
) -> None:
    rows = [size + rate * 10 * i + (jump if i in outliers else 0.0) for i in range(60)]
    samples = [sample(10.0 * i, {"simulator": [7, m]}) for i, m in enumerate(rows)]
    (grown,) = growths(samples)
    # a tenth of 45 samples: four fifths of the pairs lie on the line, or beside it on both sides
    if not outliers:
        assert grown.rate == pytest.approx(rate, abs=1e-2 + 1e-6 * size / 10)
    assert abs(grown.rate - rate) <= abs(jump) / 100 + 1e-2 + 1e-6 * size / 10
    assert grown.total == pytest.approx(grown.rate * grown.span)


def test_each_life_of_a_process_stands_for_itself() -> None:
    """A restart begins with less memory, which is no shrinking; caches that fill are no leak."""
    lives = [(1, 300.0), (2, 300.0)]
    samples = [
        sample(300.0 * k + t, {"supervisor": [pid, 2e8 - 1.5e8 * np.exp(-t / 15.0)]})
        for k, (pid, _) in enumerate(lives)
        for t in np.arange(0.0, 300.0, 5.0)
    ]
    assert {g.pid for g in growths(samples)} == {1, 2}
    assert all(abs(g.total) < 1e6 for g in growths(samples))


def test_a_leak_a_missed_stop_and_an_empty_soak_fail() -> None:
    leak = [sample(5.0 * i, {"recorder": [1, 1e8 + 1e6 * i]}) for i in range(100)]
    calm = [sample(5.0 * i, {"recorder": [1, 1e8]}, [1.0, 2.0]) for i in range(100)]
    good = summary(Record(tuple(calm), (case(),)), 50.0)
    assert (good["ok"], good["accepted_ms"]["50"], good["stops"]) == (True, 1.5, 3)
    grown = summary(Record(tuple(leak), (case(),)), 50.0)
    assert not grown["ok"]
    assert "recorder" in grown["why"][0]
    missed = summary(Record(tuple(calm), (case(), case(safe=False))), 50.0)
    assert not missed["ok"]
    assert "moved again" in missed["why"][0]
    assert not summary(Record(tuple(calm), ()), 50.0)["ok"]
    absent = (case(safe=False, run=False),)
    assert summary(Record(tuple(calm), (case(),) * 30 + absent), 50.0)["ok"]
    assert not summary(Record(tuple(calm), (case(),) * 3 + absent), 50.0)["ok"]


def test_a_record_that_was_cut_short_is_read_and_a_broken_one_is_not() -> None:
    lines = [json.dumps(sample(0.0, {})), json.dumps(case())]
    record = read_record([*lines, '{"kind": "sam'])
    assert (len(record.samples), len(record.cases)) == (1, 1)
    with pytest.raises(TwincellError, match="line 2"):
        read_record([lines[0], '{"kind": "sam', lines[1]])
