"""A change whose ways no hand has done waits for the physics cell, and for its answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from twincell.production.legs import Known, transfers
from twincell.production.messages import Inject, Leg, Rehearse, Rehearsed, Tried
from twincell.production.planning import Planner
from twincell.production.state import LineState
from twincell.twin.gate import TwinGate

RUSH = Inject("rush_order", "order_b", {"due": 110.0, "priority": 5.0})


@pytest.fixture
def rehearsing(fake_cell, whole_world) -> Callable[..., Any]:
    class Rehearsing(fake_cell):
        """The physics cell answers after a second of the shift, as `blocked` says."""

        def __init__(self, blocked: Callable[[Leg], str] = lambda leg: "", delay: float = 1.0):
            super().__init__(whole_world, gate=TwinGate(rollouts=500), rehearse=True)
            self.blocked, self.delay = blocked, delay
            self.asked: list[tuple[float, Rehearse]] = []

        def _do(self, command: Any) -> None:
            if not isinstance(command, Rehearse):
                super()._do(command)
                return
            self.asked.append((self.now, command))
            tried = tuple(
                Tried(leg, not (why := self.blocked(leg)), 1.5, why) for leg in command.legs
            )
            self.due.append((self.now + self.delay, Rehearsed(tried)))

    return Rehearsing


def test_ways_come_from_where_the_hand_stands_and_where_blades_are_put(whole_world) -> None:
    state = LineState.of(whole_world)
    ways = transfers(whole_world, state, ("blade_3", "blade_1"), None, "home")
    assert ways == (Leg("home", "in_tray/2"), Leg("accept/0", "in_tray/0"))
    state.blades["blade_2"].decision = "reject"
    ways = transfers(whole_world, state, ("blade_1", "blade_3"), "blade_2", "home")
    assert ways == (Leg("reject/0", "in_tray/0"), Leg("accept/0", "in_tray/2"))
    # what is asked promises no pocket to anybody
    assert not state.taken
    assert state.blades["blade_2"].target is None


def test_a_change_waits_for_its_ways_and_is_then_made(rehearsing, whole_world) -> None:
    cell = rehearsing()
    cell.injects = [(5.0, RUSH)]
    course = None
    while not cell.asked:
        cell.step()
        course = course or cell.orchestrator.planner.sequence
    at, asked = cell.asked[0]
    assert at == pytest.approx(5.0, abs=0.1)
    waits = cell.plans[-1]
    assert "course kept until the physics cell has tried the hand's way" in waits.text
    assert waits.decision is not None
    assert [a.chosen for a in waits.decision.alternatives].index(True) == 0
    assert cell.orchestrator.planner.sequence == tuple(p for p in course if p != "blade_1")
    # the cell works on meanwhile
    before = cell.q[whole_world.handler].copy()
    while not any(line.kind == "rehearsed" for line in cell.journal):
        cell.step()
    assert cell.now == pytest.approx(at + 1.0, abs=0.1)
    assert np.max(np.abs(cell.q[whole_world.handler] - before)) > 0.01
    assert cell.plans[-1].reason.startswith("the physics cell tried the hand's way")
    assert "(free, 1.5 s)" in cell.plans[-1].reason
    assert set(cell.orchestrator.planner.sequence[:3]) == {"blade_4", "blade_5", "blade_6"}
    standing = asked.standing
    assert {standing[b] for b in ("blade_4", "blade_5", "blade_6")} == {
        "in_tray/3", "in_tray/4", "in_tray/5",
    }  # fmt: skip
    cell.run()
    for _, later in cell.asked[1:]:
        assert not set(later.legs) & set(asked.legs)  # nothing is asked twice


def test_a_blocked_way_is_refused_with_its_reason_and_the_plan_stays_in_force(rehearsing) -> None:
    why = "handler: panda_link7 touches furniture/crate"
    cell = rehearsing(blocked=lambda leg: why)
    cell.injects = [(5.0, RUSH)]
    while not any(line.kind == "rehearsed" for line in cell.journal):
        cell.step()
    line = next(line for line in cell.journal if line.kind == "rehearsed")
    assert why in line.detail["text"]
    assert not any(way["ok"] for way in line.detail["ways"])
    plan = cell.plans[-1]
    assert "refused" in plan.text
    assert why in plan.text
    assert cell.orchestrator.planner.sequence == (
        "blade_2",
        "blade_3",
        "blade_4",
        "blade_5",
        "blade_6",
    )
    summary = cell.run()
    # the rush order's blades were never taken before those of the running plan
    assert cell.loads == [f"blade_{i}" for i in range(1, 7)]
    assert not summary["halted"]


def test_without_an_answer_the_course_is_kept_and_nothing_is_asked_twice(rehearsing) -> None:
    cell = rehearsing(delay=10_000.0)
    cell.injects = [(5.0, RUSH), (12.0, RUSH)]
    cell.run()
    assert len(cell.asked) == 1
    assert cell.loads == [f"blade_{i}" for i in range(1, 7)]


def test_an_answer_that_tried_only_some_ways_asks_for_the_rest(rehearsing) -> None:
    cell = rehearsing()
    answer = cell._do

    def only_one(command: Any) -> None:
        if isinstance(command, Rehearse):
            cell.asked.append((cell.now, command))
            tried = (Tried(command.legs[0], True, 1.0),)
            cell.due.append((cell.now + 0.5, Rehearsed(tried)))
        else:
            answer(command)

    cell._do = only_one
    cell.injects = [(5.0, RUSH)]
    cell.run()
    assert len(cell.asked) > 1
    assert cell.loads[1] in ("blade_4", "blade_5", "blade_6")


def test_ways_that_the_course_takes_too_decide_nothing(whole_world) -> None:
    known = Known()
    planner = Planner(whole_world, 0, gate=TwinGate(rollouts=500), known=known)
    state = LineState.of(whole_world)
    planner.replan(state, 0.0, "the shift begins", {}, {})
    course = transfers(whole_world, state, planner.sequence, None, "home")
    known.learn(Tried(leg, False, text="a crate") for leg in course)
    planner.replan(state, 1.0, "again", {}, {}, asked=True)
    assert "refused" not in planner.plans[-1].text
