from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from twincell.safety.reaction import CRITICAL, Reaction
from twincell.safety.supervisor import Supervisor
from twincell.safety.types import Function
from twincell.world.load import load_world

WORLD = load_world("blade_cell")


def test_a_critical_anomaly_asks_for_what_the_worlds_rule_says() -> None:
    asked = Reaction(WORLD).request("a1", "blade_4", "critical", 0.0077, 70.0, 70.01)
    rule = WORLD.safety.rules[CRITICAL]
    assert asked is not None
    assert (asked.cause, asked.category, asked.scope) == (CRITICAL, rule.category, rule.scope)
    assert asked.function is Function.PROCESS
    assert (asked.stamp, asked.requested) == (70.0, 70.01)
    assert "7.7 mm" in asked.evidence
    assert "blade_4" in asked.evidence


def test_without_a_rule_nothing_is_asked() -> None:
    rules = {k: v for k, v in WORLD.safety.rules.items() if k != CRITICAL}
    world = replace(WORLD, safety=replace(WORLD.safety, rules=rules))
    assert Reaction(world).request("a1", "blade_4", "critical", 0.0077, 70.0, 70.0) is None


@given(st.lists(st.sampled_from(["minor", "major", "critical"]), min_size=1, max_size=20))
def test_a_growing_crack_stops_once_from_the_moment_it_is_critical(told: list[str]) -> None:
    reaction, supervisor = Reaction(WORLD), Supervisor(WORLD)
    latched = 0
    for i, severity in enumerate(told):
        light = 10.0 + 0.01 * i
        asked = reaction.request("a1", "blade_4", severity, 0.001 * i, light, light)
        if asked is not None:
            latched = len(supervisor.request(asked, light).active)
    assert latched == ("critical" in told)


def test_a_reset_holds_although_the_crack_is_told_again_and_a_new_scan_stops_anew() -> None:
    reaction = Reaction(WORLD)
    first = reaction.request("a1", "blade_4", "critical", 0.007, 10.0, 10.0)
    again = [
        reaction.request("a1", "blade_4", "critical", 0.008, 10.0 + 0.3 * i, 10.0 + 0.3 * i)
        for i in range(1, 10)
    ]
    assert first is not None
    assert again == [None] * 9
    other = reaction.request("a2", "blade_4", "critical", 0.008, 12.8, 12.8)
    later = reaction.request("a1", "blade_4", "critical", 0.008, 90.0, 90.0)
    assert other is not None
    assert later is not None
    assert len({first.id, other.id, later.id}) == 3


def test_after_the_clock_was_set_back_the_same_crack_stops_anew() -> None:
    reaction = Reaction(WORLD)
    assert reaction.request("a1", "blade_4", "critical", 0.007, 70.0, 70.0) is not None
    assert reaction.request("a1", "blade_4", "critical", 0.007, 12.0, 12.0) is not None
