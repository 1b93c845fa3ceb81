"""What ours is measured against decides as its name says."""

from __future__ import annotations

import pytest

from twincell.production.disruptions import apply
from twincell.production.messages import Inject
from twincell.production.planning import Planner
from twincell.production.state import LineState
from twincell.twin.cell_policies import CELL_POLICIES
from twincell.twin.gate import TwinGate
from twincell.world.load import load_world

RUSH = Inject("rush_order", "order_b", {"due": 60.0, "priority": 5.0})
LATE = Inject("late_material", "blade_2", {"until": 70.0})


class Line:
    """A shift of the blade cell under a policy, planned and not played."""

    def __init__(self, policy: str) -> None:
        self.world = load_world("blade_cell")
        self.state = LineState.of(self.world)
        self.planner = Planner(
            self.world, 0, gate=CELL_POLICIES[policy](TwinGate(seed=3, rollouts=500))
        )

    def after(self, *happened: Inject) -> tuple[str, ...]:
        """Sequence after the shift's start and after each disruption."""
        self.planner.replan(self.state, 0.0, "the shift begins", {}, {})
        for inject in happened:
            text = apply(inject, self.state, self.world, 1.0)
            self.planner.replan(self.state, 1.0, text, {}, {}, asked=True)
        return self.planner.sequence


def test_first_in_first_out_takes_what_is_there() -> None:
    names = tuple(load_world("blade_cell").blades)
    assert Line("fifo").after() == names
    assert Line("fifo").after(RUSH) == names
    assert Line("fifo").after(LATE) == (*(n for n in names if n != "blade_2"), "blade_2")


def test_the_static_plan_is_the_schedule_and_stays() -> None:
    line, other = Line("right_shift"), Line("rescheduling")
    for each in (line, other):  # so that the schedule is not the order of the file
        each.state.orders["order_b"].due = 70.0
    begun = line.after()
    assert begun[0] in ("blade_4", "blade_5", "blade_6")
    for inject in (RUSH, LATE):
        line.planner.replan(
            line.state, 1.0, apply(inject, line.state, line.world, 1.0), {}, {}, asked=True
        )
        assert line.planner.sequence == begun
    assert begun == other.after()


@pytest.mark.parametrize("policy", ["ours", "rescheduling"])
def test_who_plans_anew_takes_the_rush_order_first(policy: str) -> None:
    assert set(Line(policy).after(RUSH)[:3]) == {"blade_4", "blade_5", "blade_6"}
