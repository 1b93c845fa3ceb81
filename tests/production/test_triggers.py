from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twincell.production.messages import Inject, Journalled
from twincell.production.triggers import Triggers
from twincell.world.disruptions import Disruption, Moment

SPIKE: dict[str, Any] = {"kind": "tariff_spike", "parameters": {"price": 300, "lasts": 5}}


def spike(subject: str, **when: Any) -> Disruption:
    return Disruption(subject=subject, **SPIKE, **when)


def names(injects: list[Inject]) -> list[str]:
    return [i.subject for i in injects]


@given(st.lists(st.floats(0.0, 100.0), max_size=8), st.lists(st.floats(0.0, 120.0), max_size=8))
def test_by_time_each_comes_once_in_order(times: list[float], looks: list[float]) -> None:
    triggers = Triggers([spike(f"{at}", at=at) for at in times], seed=3)
    told: list[str] = []
    for now in sorted(looks):
        told += names(triggers.due(now))
        assert told == [f"{at}" for at in sorted(times) if at <= now]


VERDICT = {"decision": "accept"}
EVENTS = [
    ("accepted", "blade_1", Journalled(9.0, "verdict", "blade_1", VERDICT)),
    ("reworked", "blade_1", Journalled(9.0, "verdict", "blade_1", {"decision": "rework"})),
    ("rejected", "blade_1", Journalled(9.0, "verdict", "blade_1", {"decision": "reject"})),
    ("rejected", "blade_1",
     Journalled(9.0, "task_aborted", "blade_1/inspect", {"note": "critical crack of 8 mm"})),
    ("loaded", "blade_1", Journalled(9.0, "task_done", "blade_1/load", {})),
    ("unloaded", "blade_1", Journalled(9.0, "task_done", "blade_1/unload#2", {})),
    ("planned", "plan-3", Journalled(9.0, "plan", "plan-3", {})),
    ("stopped", "person_in_zone", Journalled(9.0, "stop", "sensor_silent,person_in_zone", {})),
    ("released", None, Journalled(9.0, "released", "", {})),
    ("disrupted", "market", Journalled(9.0, "disruption", "market", {})),
]  # fmt: skip


@pytest.mark.parametrize(("event", "subject", "line"), EVENTS)
def test_by_event_it_comes_after_the_line_that_tells_of_it(event, subject, line) -> None:
    triggers = Triggers([spike("x", when=Moment(event=event, subject=subject, after=2.0))], seed=0)
    for other, _, told in EVENTS:
        if other != event:
            triggers.hear(told)
    assert triggers.due(8.0) == []
    triggers.hear(line)
    assert triggers.due(10.9) == []
    assert names(triggers.due(11.0)) == ["x"]
    triggers.hear(line)
    assert triggers.due(100.0) == []


def test_by_event_only_the_blade_and_the_number_that_are_meant() -> None:
    triggers = Triggers(
        [
            spike("second", when=Moment(event="accepted", count=2)),
            spike("blade_7", when=Moment(event="accepted", subject="blade_7")),
        ],
        seed=0,
    )
    triggers.hear(Journalled(1.0, "verdict", "blade_1", VERDICT))
    assert triggers.due(2.0) == []
    triggers.hear(Journalled(3.0, "verdict", "blade_7", VERDICT))
    assert names(triggers.due(4.0)) == ["second", "blade_7"]


def test_by_chance_it_comes_in_its_share_of_the_shifts() -> None:
    seeds, chance = 2000, 0.3
    came = sum(
        bool(Triggers([spike("x", at=1.0, chance=chance)], seed).due(2.0)) for seed in range(seeds)
    )
    # five standard deviations of a binomial
    assert abs(came - chance * seeds) < 5 * np.sqrt(seeds * chance * (1 - chance))


def test_a_rate_gives_a_poisson_process() -> None:
    rate, length = 0.05, 200.0
    counts = np.array(
        [len(Triggers([spike("x", rate=rate)], seed).due(length)) for seed in range(1000)]
    )
    mean = rate * length
    # mean and variance of a Poisson number are equal; five standard errors
    assert abs(counts.mean() - mean) < 5 * np.sqrt(mean / len(counts))
    assert abs(counts.var() - mean) < 5 * mean * np.sqrt(2 / len(counts))


def test_the_chance_of_one_is_that_of_its_place_and_seed_alone() -> None:
    def arrivals(first: Disruption, seed: int) -> list[float]:
        triggers, found = Triggers([first, spike("x", rate=0.1)], seed), []
        for now in np.arange(0.0, 300.0, 0.5):
            found += [float(now) for i in triggers.due(float(now)) if i.subject == "x"]
        return found

    one = arrivals(spike("a", at=3.0), 5)
    assert one == arrivals(spike("b", rate=2.0), 5)
    assert one != arrivals(spike("a", at=3.0), 6)


@given(
    split=st.integers(0, 60),
    lost=st.booleans(),
    seed=st.integers(0, 20),
)
def test_taken_up_from_a_journal_each_still_comes_once(split: int, lost: bool, seed: int) -> None:
    """Against triggers that lived through it all; the last line before the kill may be lost."""
    plan = [
        spike("time", at=20.0),
        spike("rate", rate=1 / 9.0),
        spike("chance", at=30.0, chance=0.5),
        spike("event", when=Moment(event="released", count=2, after=3.0)),
    ]

    def shift(killed: int | None) -> list[tuple[str, str]]:
        triggers, lines = Triggers(plan, seed), []
        for now in range(61):
            if now == killed:
                kept = lines[:-1] if lost and lines and lines[-1].kind == "disruption" else lines
                lines = list(kept)
                triggers = Triggers(plan, seed)
                triggers.take_up(lines)
            for inject in triggers.due(float(now)):
                detail = {"trigger": inject.trigger}
                lines.append(Journalled(float(now), "disruption", inject.subject, detail))
            if now in (10, 25, 40):
                lines.append(Journalled(float(now), "released", "", {}))
                triggers.hear(lines[-1])
        return sorted((li.subject, li.detail["trigger"]) for li in lines if li.kind != "released")

    assert shift(split) == shift(None)
