"""What a plan would bring to a line before anybody works by it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from twincell.production.line import Line, LinePlan, LineState
from twincell.twin.line_gate import LineGate, LineRuling
from twincell.twin.line_policies import ON_TWIN, POLICIES
from twincell.twin.line_rollouts import LineRollouts, roll_line
from twincell.twin.line_search import search

__all__ = ["LineStudy", "study"]


@dataclass(frozen=True)
class LineStudy:
    """Plans of a line, and what they come to.

    Attributes:
        plans: first in, first out; the best sequence by expected durations; the best found on the
            twin; the best dispatching rule.
        rollouts: of each plan, over the same shifts, none of which the search has seen.
        ruling: of the gate, between the first plan and those found on the twin.
        chosen: index of the plan to work by.
    """

    plans: tuple[LinePlan, ...]
    rollouts: LineRollouts
    ruling: LineRuling
    chosen: int


def _each_once(plans: list[LinePlan]) -> list[LinePlan]:
    """Plans that differ, under names that differ: a rule may be the best that a search finds."""
    kept: list[LinePlan] = []
    for plan in plans:
        if not any(_same(plan, other) for other in kept):
            again = sum(plan.name == other.name for other in kept)
            kept.append(replace(plan, name=f"{plan.name} {again + 1}") if again else plan)
    return kept


def _same(one: LinePlan, other: LinePlan) -> bool:
    arrays = all(
        np.array_equal(getattr(one, key), getattr(other, key))
        for key in ("rank", "resource", "earliest")
    )
    return arrays and (one.rule, one.setup_weight) == (other.rule, other.setup_weight)


def study(line: Line, seed: int, rollouts: int) -> LineStudy:
    """Search for a plan from the shift's start, and hold it against first in, first out.

    Args:
        line: whose shift has not begun.
        seed: of moves and shifts.
        rollouts: of each plan.
    """
    state = LineState.initial(line)
    course = LinePlan.fifo(line)
    static = POLICIES["right_shift"](line, state, None, seed).plan
    rivals = _each_once(search(line, state, None, ON_TWIN, seed))
    ruling = LineGate(seed=seed + 1, rollouts=rollouts).judge(line, state, course, rivals)
    plans = (course, replace(static, name="static sequence"), *rivals)
    played = roll_line(line, state, plans, seed + 2, rollouts)
    return LineStudy(plans, played, ruling, 0 if ruling.chosen < 0 else 2 + ruling.chosen)
