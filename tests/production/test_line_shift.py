from __future__ import annotations

import numpy as np
import pytest

from twincell.errors import ProductionError
from twincell.production.line_shift import (
    KINDS,
    SHIFT,
    bottleneck_time,
    disruptions,
    example_shift,
    orders_for,
    with_job,
)
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


def test_a_load_is_told_in_work_of_the_bottleneck() -> None:
    """No sharing out of the drawn work keeps every station within the bottleneck's time.

    Blending, scanning and verifying can be done by five stations whose speed is at most 1: their
    work over five is below the bottleneck; the busiest of simple sharings is above.
    """
    lines = [example_shift(np.random.default_rng(s), example_tariff(), 200) for s in range(3)]
    least = [np.nanmin(line.durations[:, : line.steps], axis=2).sum() / 6 / 200 for line in lines]
    assert max(least) < bottleneck_time()
    # scanners alone, as quick as they are at best, with each part looked at once
    alone = [np.nanmin(line.durations[:, [1, 3]], axis=2).sum() / 2 / 200 for line in lines]
    assert bottleneck_time() < 1.25 * max(alone)
    assert orders_for(2.0) == pytest.approx(2 * orders_for(1.0), abs=1)
    assert orders_for(1.0) * bottleneck_time() == pytest.approx(SHIFT, rel=0.05)
    with pytest.raises(ProductionError, match=r"load: given: 0; valid: 0\.1 to 3"):
        orders_for(0)
