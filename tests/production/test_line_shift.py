from __future__ import annotations

import numpy as np

from twincell.production.line_shift import KINDS, disruptions, example_shift, with_job
from twincell.production.prices import example_tariff


def test_shifts_repeat_and_their_work_fits_the_shift() -> None:
    loads = []
    for seed in range(30):
        line = example_shift(np.random.default_rng(seed), example_tariff())
        again = example_shift(np.random.default_rng(seed), example_tariff())
        assert np.array_equal(line.durations, again.durations, equal_nan=True)
        assert np.array_equal(line.due, again.due)
        quickest = np.nanmin(line.durations[:, : line.steps], axis=2).sum()
        loads.append(quickest / (len(line.resources) * line.length))
    assert 0.3 < np.mean(loads) < 0.9


def test_disruptions_repeat_and_make_sense() -> None:
    seen = set()
    for seed in range(100):
        line = example_shift(np.random.default_rng(seed), example_tariff())
        events = disruptions(line, np.random.default_rng(seed))
        assert events == disruptions(line, np.random.default_rng(seed))
        assert [e.time for e in events] == sorted(e.time for e in events)
        for event in events:
            seen.add(event.kind)
            assert 0 < event.time < line.length
            if event.kind == "late_material" and event.job >= 0:
                assert event.until > line.release[event.job] > event.time
            if event.resource >= 0:
                assert event.until > event.time
    assert seen == set(KINDS)


def test_a_rush_order_is_a_whole_job() -> None:
    line = example_shift(np.random.default_rng(1), example_tariff())
    more = with_job(line, 4, 7000.0, "rush 1")
    assert more.jobs[-1] == "rush 1"
    assert more.release[-1] == more.arrival[-1] == 7000.0 < more.due[-1]
    assert np.array_equal(more.durations[-1], line.durations[4], equal_nan=True)
    assert np.array_equal(more.due[:-1], line.due)
