"""Ways to run a disrupted line; each answers an event with the plan that goes on.

The ablations are ours with one part taken out, so that the causes of a gain come apart.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from twincell.production.line import Line, LinePlan, LineState, Rule
from twincell.twin.line_gate import LineGate
from twincell.twin.line_search import Effort, as_sequence, search

__all__ = ["ABLATIONS", "EVERY", "ON_TWIN", "POLICIES", "Choice", "Policy", "with_new_jobs"]


@dataclass(frozen=True)
class Choice:
    """The plan that goes on, and why."""

    plan: LinePlan
    reason: str = ""


Policy = Callable[[Line, LineState, LinePlan | None, int], Choice]
"""From believed line, state, plan in force (none at the start) and seed to a choice."""

EXPECTED = Effort(rounds=120, width=12)
ON_TWIN = Effort(rounds=40, width=8, rollouts=8, late=24)
"""How long a plan is searched by expected durations, and on the twin's rollouts."""
_GATE_ROLLOUTS = 4000


def with_new_jobs(line: Line, plan: LinePlan) -> LinePlan:
    """Right shift's answer to an order that has come: behind all others, on the quickest."""
    missing = len(line.jobs) - len(plan.rank)
    if missing <= 0:
        return plan
    o = line.steps
    added = plan.rank.max() + 1 + np.arange(missing * o, dtype=np.float64).reshape(missing, o)
    if plan.rule == Rule.STRICT:
        resource = np.nanargmin(line.durations[-missing:, :o], axis=2).astype(np.int64)
    else:
        resource = np.full((missing, o), -1, np.int64)
    return replace(
        plan,
        rank=np.vstack([plan.rank, added]),
        resource=np.vstack([plan.resource, resource]),
        earliest=np.vstack([plan.earliest, np.zeros((missing, o))]),
    )


def _fifo(line: Line, _state: LineState, _keep: LinePlan | None, _seed: int) -> Choice:
    """First in, first out at each step, on the quickest free station."""
    return Choice(LinePlan.fifo(line))


def _right_shift(line: Line, state: LineState, keep: LinePlan | None, seed: int) -> Choice:
    """The best plan on expected durations at the start; later all waits for its turn."""
    return Choice(keep) if keep is not None else _complete(line, state, None, seed)


def _complete(line: Line, state: LineState, _keep: LinePlan | None, seed: int) -> Choice:
    """The best plan on expected durations, made anew at each event and always taken."""
    best = search(line, state, None, EXPECTED, seed)[0]
    return Choice(as_sequence(line, state, best, "rescheduled"))


def _lists(line: Line, state: LineState, _keep: LinePlan | None, seed: int) -> Choice:
    """Complete rescheduling whose plans are lists and not sequences."""
    return Choice(search(line, state, None, EXPECTED, seed)[0])


def _gated(line: Line, state: LineState, keep: LinePlan | None, seed: int, how: Effort) -> Choice:
    """A search, and the gate between its result and keeping course."""
    course = keep if keep is not None else LinePlan.fifo(line)
    if not state.open_steps.any():
        return Choice(course)
    rivals = search(line, state, keep, how, seed)
    gate = LineGate(seed=seed + 1, rollouts=_GATE_ROLLOUTS)
    ruling = gate.judge(line, state, course, rivals)
    plan = course if ruling.chosen < 0 else rivals[ruling.chosen]
    return Choice(plan, ruling.reason)


def _ours(line: Line, state: LineState, keep: LinePlan | None, seed: int) -> Choice:
    """Search on the twin's rollouts, then the gate."""
    return _gated(line, state, keep, seed, ON_TWIN)


def _ungated(line: Line, state: LineState, keep: LinePlan | None, seed: int) -> Choice:
    """Search on the twin's rollouts; its result is always taken."""
    return Choice(search(line, state, keep, ON_TWIN, seed)[0])


def _expected(line: Line, state: LineState, keep: LinePlan | None, seed: int) -> Choice:
    """Search on expected durations, then the gate."""
    return _gated(line, state, keep, seed, EXPECTED)


POLICIES: dict[str, Policy] = {
    "ours": _ours,
    "fifo": _fifo,
    "right_shift": _right_shift,
    "rescheduling": _complete,
}
"""By name; the first is compared with the others."""

ABLATIONS: dict[str, Policy] = {
    "rescheduling_lists": _lists,
    "ours_without_gate": _ungated,
    "ours_on_expected": _expected,
}
"""To tell causes apart."""

EVERY = POLICIES | ABLATIONS
"""Both, by name."""
