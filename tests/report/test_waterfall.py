"""The picture's numbers are those of the run's stop reports."""

from __future__ import annotations

import dataclasses
import math

import pytest

from twincell.report.waterfall import ledger_of, waterfall


def test_each_mover_that_moved_is_a_chain_of_its_report(made_up):
    moved = [dataclasses.replace(s.report, distance=0.02) for s in made_up.stops[1:]]
    stood = dataclasses.replace(made_up.stops[0].report, distance=0.0)
    reports = [stood, *moved]
    stops = tuple(
        dataclasses.replace(s, report=r) for s, r in zip(made_up.stops, reports, strict=True)
    )
    run = dataclasses.replace(made_up, stops=stops)
    chains = ledger_of(run).chains
    assert [c.mover for c in chains] == [r.mover for r in moved]
    for chain, report in zip(chains, moved, strict=True):
        assert chain.stamps["standstill"] == report.standstill
        assert ("light" in chain.stamps) == math.isfinite(report.evidence)
    assert waterfall(run)[:4] == b"\x89PNG"


def test_the_detector_s_stamps_join_by_the_light(made_up):
    anomaly = made_up.blades[3].anomalies[0]
    last = made_up.stops[-1]
    report = dataclasses.replace(
        last.report,
        distance=0.02,
        evidence=anomaly.light,
        requested=anomaly.detected + 0.002,
        accepted=anomaly.detected + 0.004,
        first_deceleration=anomaly.detected + 0.008,
        standstill=anomaly.detected + 0.2,
    )
    run = dataclasses.replace(made_up, stops=(dataclasses.replace(last, report=report),))
    (chain,) = ledger_of(run).chains
    assert chain.stamps["detected"] == anomaly.detected
    assert chain.stamps["requested"] - chain.stamps["detected"] == pytest.approx(0.002)


def test_without_a_stop_there_is_no_picture(made_up):
    assert waterfall(dataclasses.replace(made_up, stops=())) is None
