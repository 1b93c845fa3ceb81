"""Simulated time waits for sensors that work, and for no dead one."""

from __future__ import annotations

from twincell.stack.pacing import Gate


def test_time_waits_for_the_slowest_sensor():
    gate = Gate({"a": 0.2, "b": 0.1}, patience=1.0)
    assert gate.open(5.0, 0.0)  # nothing was heard yet: starting up
    gate.hear("a", 1.0, 0.0)
    gate.hear("b", 1.0, 0.0)
    assert gate.open(1.09, 0.1)
    assert not gate.open(1.15, 0.1)  # b may be 0.1 s behind
    gate.hear("b", 1.1, 0.2)
    assert gate.open(1.15, 0.2)
    assert not gate.open(1.25, 0.3)  # a may be 0.2 s behind


def test_a_dead_sensor_holds_nothing():
    gate = Gate({"a": 0.2}, patience=1.0)
    gate.hear("a", 1.0, 0.0)
    assert not gate.open(2.0, 0.9)
    assert not gate.open(2.0, 1.15)  # one that speaks seldom is not dead yet
    assert gate.open(2.0, 1.25)
    gate.hear("a", 1.9, 1.2)  # it lives again
    assert not gate.open(2.2, 1.3)


def test_others_do_not_count():
    gate = Gate({"a": 0.2})
    gate.hear("camera", 0.0, 0.0)
    assert gate.open(9.0, 0.1)
