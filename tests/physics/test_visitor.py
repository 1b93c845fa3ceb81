"""Walks: continuous, at walking speed, forth and back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from twincell.physics.visitor import Walks
from twincell.world.layout import Visitor

VISITOR = Visitor(
    path=((3.0, 0.0), (3.0, 3.0), (1.0, 3.0)), times=(5.0, 60.0), speed=1.0, pause=2.0
)


def test_the_person_walks_the_path_forth_and_back():
    walks = Walks(VISITOR, np.random.default_rng(0))
    assert walks.duration == pytest.approx(12.0)
    at = {t: walks.pose(t).p[:2] for t in (0.0, 5.0, 8.0, 10.0, 11.5, 14.0, 17.0, 30.0, 62.0)}
    np.testing.assert_allclose(at[0.0], [3, 0], atol=1e-12)
    np.testing.assert_allclose(at[8.0], [3, 3], atol=1e-12)
    np.testing.assert_allclose(at[10.0], [1, 3], atol=1e-12)
    np.testing.assert_allclose(at[11.5], [1, 3], atol=1e-12)
    np.testing.assert_allclose(at[14.0], [3, 3], atol=1e-12)
    np.testing.assert_allclose(at[17.0], [3, 0], atol=1e-12)
    np.testing.assert_allclose(at[62.0], [3, 2], atol=1e-12)
    assert not walks.walking(4.9)
    assert walks.walking(16.9)
    assert not walks.walking(17.1)


def test_the_person_never_jumps_and_looks_ahead():
    walks = Walks(VISITOR, np.random.default_rng(0))
    times = np.arange(0.0, 20.0, 0.01)
    at = np.array([walks.pose(t).p for t in times])
    assert np.max(np.linalg.norm(np.diff(at, axis=0), axis=1)) < 0.01 * 1.0 + 1e-9
    for t in (6.0, 9.0, 13.0, 16.0):
        step = walks.pose(t + 0.01).p - walks.pose(t).p
        ahead = walks.pose(t).rotation()[:, 0]
        assert float(step @ ahead) == pytest.approx(0.01, rel=1e-6)


def test_chance_decides_each_walk_by_the_seed():
    never = Visitor(path=VISITOR.path, times=VISITOR.times, chance=0.0)
    assert Walks(never, np.random.default_rng(0)).starts == ()
    half = Visitor(path=VISITOR.path, times=tuple(range(0, 4000, 20)), chance=0.5)
    one, two = (Walks(half, np.random.default_rng(4)).starts for _ in range(2))
    assert one == two
    assert 60 < len(one) < 140


def test_an_intruder_stays_as_long_as_told_and_is_one_person():
    walks = Walks(VISITOR, np.random.default_rng(0))
    walks.intrude(7.0, 40.0)  # under way until 17.0: then five metres to go
    walks.intrude(52.0, 53.0)  # too soon over: turns at once, and is out when 60.0 comes
    assert walks.starts == (5.0, 17.0, 52.0)
    np.testing.assert_allclose(walks.pose(21.9).p[:2], [1.1, 3], atol=1e-9)
    for t in (22.0, 30.0, 40.0):
        np.testing.assert_allclose(walks.pose(t).p[:2], [1, 3], atol=1e-12)
    assert not walks.walking(45.1)
    assert walks.walking(61.9)
    assert not walks.walking(62.1)
    at = np.array([walks.pose(t).p for t in np.arange(0.0, 80.0, 0.01)])
    assert np.max(np.linalg.norm(np.diff(at, axis=0), axis=1)) < 0.01 + 1e-9


def test_a_point_given_twice_is_no_step():
    path = ((3.0, 0.0), (3.0, 0.0), (3.0, 3.0), (1.0, 3.0), (1.0, 3.0))
    twice = Walks(replace(VISITOR, path=path), np.random.default_rng(0))
    once = Walks(VISITOR, np.random.default_rng(0))
    assert twice.duration == once.duration
    for t in (0.0, 7.0, 11.0, 14.0, 17.0):
        np.testing.assert_array_equal(twice.pose(t).matrix(), once.pose(t).matrix())


def test_somebody_may_only_stand_there():
    still = Walks(replace(VISITOR, path=((3.5, -0.6), (3.5, -0.6))), np.random.default_rng(0))
    assert still.duration == VISITOR.pause
    for t in (0.0, 5.0, 6.0, 30.0):
        np.testing.assert_array_equal(still.pose(t).p, [3.5, -0.6, 0.0])
        np.testing.assert_array_equal(still.pose(t).rotation(), np.eye(3))
    still.intrude(20.0, 25.0)
    assert still.walking(24.9)
    assert not still.walking(25.1)
