"""Simulated time waits for sensors that work, and for no dead one."""

from __future__ import annotations

from twincell.stack.pacing import Gate


def test_time_waits_for_the_slowest_sensor():
    gate = Gate({"a": 0.2, "b": 0.1}, patience=1.0)
    assert gate.open(5.0, 0.0)  # nothing was heard yet: starting up
    gate.hear("a", 1.0)
    gate.hear("b", 1.0)
    assert gate.open(1.09, 0.1)
    assert not gate.open(1.15, 0.1)  # b may be 0.1 s behind
    gate.hear("b", 1.1)
    assert gate.open(1.15, 0.2)
    assert not gate.open(1.25, 0.3)  # a may be 0.2 s behind


def test_a_dead_sensor_holds_nothing():
    gate = Gate({"a": 0.2}, patience=1.0)
    gate.hear("a", 1.0)
    assert gate.open(1.1, 5.0)  # one that speaks seldom is not behind yet
    assert not gate.open(1.3, 6.0)
    assert not gate.open(1.3, 6.9)
    assert gate.open(1.3, 7.1)
    assert gate.open(9.0, 9.0)
    gate.hear("a", 8.9)  # it lives again
    assert not gate.open(9.2, 9.1)


def test_a_sensor_that_was_held_up_by_another_is_not_dead():
    gate = Gate({"slow": 1.0, "fast": 0.1}, patience=1.0)
    gate.hear("slow", 0.0)
    gate.hear("fast", 1.0)
    assert not gate.open(1.05, 1.0)  # for the slow one, which is starved
    assert gate.open(1.05, 2.1)  # and no longer
    # the fast one had nothing to say all the while, and has its turn now
    assert not gate.open(1.15, 2.2)
    assert not gate.open(1.15, 3.1)
    gate.hear("fast", 1.1)
    assert gate.open(1.15, 3.2)


def test_who_is_expected_is_waited_for_before_the_first_word():
    gate = Gate({"a": 0.2, "absent": 0.1, "safety/a": 0.1}, patience=1.0)
    gate.expect(0.0, {"a", "others"})
    assert gate.open(0.1, 0.0)
    assert not gate.open(0.3, 0.1)
    gate.hear("a", 0.2)
    assert gate.open(0.3, 0.2)  # nobody waits for who is not there


def test_what_passes_the_separation_monitor_is_expected_where_both_are_there():
    gate = Gate({"safety/a": 0.1}, patience=1.0)
    gate.expect(0.3, {"a", "separation_monitor"})
    assert gate.open(0.35, 0.0)
    assert not gate.open(0.5, 0.1)


def test_who_only_repeats_itself_is_waited_for_no_longer():
    gate = Gate({"a": 0.2}, patience=1.0)
    gate.hear("a", 1.0)
    assert not gate.open(1.3, 0.0)
    gate.hear("a", 1.0)
    assert gate.waits_for(0.9) == {"a": 1.0}
    gate.hear("a", 1.0)
    assert gate.open(1.3, 1.1)
    assert gate.waits_for(1.1) == {}
    gate.hear("a", 0.9)
    assert gate.open(1.3, 1.2)
    gate.hear("a", 1.05)  # slow, not dead
    assert not gate.open(1.3, 1.3)


def test_others_do_not_count():
    gate = Gate({"a": 0.2})
    gate.hear("camera", 0.0)
    assert gate.open(9.0, 0.1)
