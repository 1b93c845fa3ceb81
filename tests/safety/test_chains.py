from __future__ import annotations

import math

import pytest

from twincell.safety.chains import ChainBook
from twincell.safety.types import StopReport


def report(key: str, at: float, light: float = math.nan, distance: float = 0.05) -> StopReport:
    return StopReport(
        "inspector",
        key,
        "critical_anomaly",
        2,
        at,
        at + 0.001,
        at + 0.005,
        at + 0.2,
        distance,
        light,
    )


def test_a_chain_runs_from_the_light_to_standstill() -> None:
    book = ChainBook()
    for i in range(3):
        light = 10.0 * i
        book.saw(light, light + 0.004, light + 0.006 + 0.001 * i)
        book.stopped(
            report(f"r{i}", light + 0.009, light), (1_000_000_000, 1_000_700_000 + 100_000 * i)
        )
    rows = {row.stage: row for row in book.table()}
    assert [r.count for r in rows.values()] == [3] * len(rows)
    assert rows["sensed -> detected"].percentiles[50.0] == pytest.approx(0.003)
    assert rows["light -> standstill"].percentiles[99.0] == pytest.approx(0.209)
    assert rows["requested_wall -> accepted_wall"].percentiles[50.0] == pytest.approx(8e-4)
    assert book.words()["accepted -> first_deceleration"] == "4 / 4 / 4 ms (3)"


def test_movers_that_stood_make_no_chain_and_a_stop_of_its_own_has_no_light() -> None:
    book = ChainBook()
    book.stopped(report("heartbeat_lost-1", 3.0, distance=0.0))
    assert book.simulated.chains == ()
    book.stopped(report("heartbeat_lost-1", 3.0))
    (chain,) = book.simulated.chains
    assert min(chain.stamps, key=chain.stamps.__getitem__) == "requested"
    assert book.wall.chains == ()


def test_a_stage_that_ends_before_it_begins_is_remarked_and_left_out() -> None:
    book = ChainBook()
    book.stopped(report("r", 4.0, 5.0))
    assert book.simulated.chains == ()
    assert "is before" in book.remarks[0]
