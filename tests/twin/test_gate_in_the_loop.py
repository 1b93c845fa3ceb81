from __future__ import annotations

from twincell.production.disruptions import apply
from twincell.production.messages import Inject
from twincell.production.planning import Planner
from twincell.production.state import LineState
from twincell.twin.gate import TwinGate
from twincell.world.load import load_world


def test_a_rush_order_is_tried_before_it_is_published() -> None:
    world = load_world("blade_cell")
    state = LineState.of(world)
    planner = Planner(world, 0, gate=TwinGate(rollouts=500))
    planner.replan(state, 0.0, "the shift begins", {}, {})
    inject = Inject("rush_order", "order_b", {"due": 110.0, "priority": 5.0})
    text = apply(inject, state, world, 1.0)
    plan = planner.replan(state, 1.0, text, {}, {}, asked=True)
    assert "twin: change to" in plan.text
    assert plan.decision is not None
    course, *others = plan.decision.alternatives
    assert not course.chosen
    assert [a.sequence for a in others if a.chosen] == [planner.sequence]
    assert {"blade_4", "blade_5", "blade_6"} == set(planner.sequence[:3])


def test_a_margin_that_cannot_be_met_keeps_course() -> None:
    world = load_world("blade_cell")
    state = LineState.of(world)
    planner = Planner(world, 0, gate=TwinGate(rollouts=500, margin=1e6))
    first = planner.replan(state, 0.0, "the shift begins", {}, {})
    inject = Inject("rush_order", "order_b", {"due": 110.0, "priority": 5.0})
    before = planner.sequence
    plan = planner.replan(state, 1.0, apply(inject, state, world, 1.0), {}, {}, asked=True)
    assert "course kept" in plan.text
    assert planner.sequence == before
    assert plan.revision == first.revision + 1
