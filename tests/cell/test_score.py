from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from twincell.cell.result import FlawTruth
from twincell.cell.score import NEAR, blade_result, expected, score
from twincell.inspection.anomaly import Anomaly, Verdict
from twincell.world.work import Criteria


def anomaly(center):
    zero = np.zeros(3)
    return Anomaly("a", "b", "crack", "major", 1.0, 0.003, 1e-4, 1e-4, np.asarray(center, float),
                   zero, zero[None], 0.0, 0.0)  # fmt: skip


def flaw(start, end, length=None):
    a, b = np.asarray(start, float), np.asarray(end, float)
    path = tuple(tuple(p) for p in np.linspace(a, b, 5))
    return FlawTruth(length or float(np.linalg.norm(b - a)), 2e-4, 5e-4, "suction", path)


def test_found_missed_and_false():
    flaws = [flaw((0, 0, 0.05), (0.01, 0, 0.05)), flaw((0, 0, 0.09), (0.002, 0, 0.09))]
    reports = [
        anomaly((0.003, 0.0045, 0.05)),  # within half of 10 mm
        anomaly((0.008, 0.0, 0.05)),  # the same flaw in a second piece
        anomaly((0.001, 0.0025, 0.09)),  # 2.5 mm off a flaw of 2 mm
    ]
    result = score(reports, flaws)
    assert result.found == ((0, (0, 1)),)
    assert result.missed == (1,)
    assert result.false == (2,)


def test_an_anomaly_means_the_nearest_flaw():
    flaws = [flaw((0, 0, 0), (0.02, 0, 0)), flaw((0, 0.004, 0), (0.02, 0.004, 0))]
    assert score([anomaly((0.01, 0.003, 0))], flaws).found == ((1, (0,)),)


points = arrays(float, 3, elements=st.floats(-0.05, 0.05))


@given(points, points, points)
def test_the_distance_is_that_of_dense_samples(start, end, center):
    cut = flaw(start, end)
    dense = np.linspace(start, end, 4001)
    distance = np.linalg.norm(dense - center, axis=1).min()
    limit = max(cut.length / 2, NEAR)
    if abs(distance - limit) > 1e-4:
        assert bool(score([anomaly(center)], [cut]).found) == (distance < limit)


@given(st.lists(points, max_size=6), st.lists(st.tuples(points, points), max_size=4))
def test_every_flaw_and_every_anomaly_is_counted_once(centers, ends):
    result = score([anomaly(c) for c in centers], [flaw(a, b) for a, b in ends])
    flaws = sorted([j for j, _ in result.found] + list(result.missed))
    reports = sorted([i for _, many in result.found for i in many] + list(result.false))
    assert flaws == list(range(len(ends)))
    assert reports == list(range(len(centers)))


@pytest.mark.parametrize(
    ("lengths", "decision"),
    [((), "accept"), ((0.0009,), "accept"), ((0.002, 0.001), "rework"), ((0.004, 0.001), "reject")],
)
def test_what_the_truth_asks_for(lengths, decision):
    flaws = [flaw((0, 0, 0), (1, 0, 0), length) for length in lengths]
    assert expected(flaws, Criteria()) == decision


def test_a_blade_that_was_never_judged_misses_its_flaws():
    result = blade_result("b", None, [flaw((0, 0, 0), (0.005, 0, 0))], Criteria())
    assert (result.decision, result.expected, result.missed) == ("none", "reject", 1)
    assert np.isnan(result.residual)


def test_counts_of_a_blade():
    verdict = Verdict("b", "reject", (anomaly((0, 0, 0)), anomaly((0, 0, 1))), 0.9, 5e-6)
    result = blade_result("b", verdict, [flaw((0, 0, 0), (0.005, 0, 0))], Criteria())
    assert (result.found, result.missed, result.false) == (1, 0, 1)
