"""Search for a plan: local search over ranks, stations and starts, many candidates at a time.

The candidates of a round are neighbours of the best plan so far and are valued together by the
compiled twin: on expected durations, or by the mean over common random numbers. The number of
rounds is fixed, so that the result depends on the seed and on nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from twincell.production.line import Line, LinePlan, LineState, Rule, sorted_plan
from twincell.twin.line_rollouts import measure, project, roll_line

__all__ = ["Effort", "as_sequence", "search"]

F64 = NDArray[np.float64]
_WEIGHTS = (0.0, 0.03, 0.1)
"""Ranks a second of set-up: a change of five minutes stands for 0, 2 or 6 trays of five steps."""
_HOLD = 4 * 3600.0
"""A step is held back for a cheaper hour by this at most [s]."""


@dataclass(frozen=True)
class Effort:
    """How long is searched.

    Attributes:
        rounds: of neighbours; half of them are shared between the two best beginnings.
        width: candidates a round.
        rollouts: that value a candidate in the first half; 0 for expected durations.
        late: that value it in the second half.
    """

    rounds: int = 40
    width: int = 12
    rollouts: int = 0
    late: int = 0


def _rules(line: Line, state: LineState) -> list[LinePlan]:
    """Dispatching rules to begin with (Pinedo, Scheduling, 2016, chapter 14), by set-up weight."""
    work = np.nanmin(line.durations[:, : line.steps], axis=2)
    left = np.where(np.isnan(state.starts), work, 0.0).sum(axis=1)
    slack = np.maximum(line.due - left - state.now, 0.0)
    mean = max(float(left.mean()), 1.0)
    weight = np.maximum(line.penalty + line.holding, 1e-9)
    # apparent tardiness cost of Vepsalainen and Morton, with a look-ahead of 3
    urgency = weight / np.maximum(left, 60.0) * np.exp(-slack / (3 * mean))
    scores = {
        "due time": line.due,
        "slack": slack,
        "tardiness cost": -urgency,
        "weighted work": left / weight,
        "work": left,
        "arrival": line.arrival,
    }
    return [
        replace(LinePlan.by_job(line, score, f"by {name}{' and set-up' if w else ''}"),
                setup_weight=w)
        for w in _WEIGHTS
        for name, score in scores.items()
    ]  # fmt: skip


def _neighbour(
    line: Line, state: LineState, plan: LinePlan, open_: NDArray[np.int64], rng: np.random.Generator
) -> LinePlan:
    """One to three random moves."""
    rank, resource, earliest = plan.rank.copy(), plan.resource.copy(), plan.earliest.copy()
    weight, size = plan.setup_weight, rank.size
    for _ in range(int(rng.integers(1, 4))):
        j, k = (int(x) for x in open_[int(rng.integers(len(open_)))])
        move = rng.random()
        if move < 0.35:
            # the whole job to the place of another
            other = int(open_[int(rng.integers(len(open_)))][0])
            rank[j] = rank[other] + rng.choice([-0.5, 0.5])
        elif move < 0.50:
            # the same beside one of its family, to save a set-up
            kin = open_[line.family[open_[:, 0]] == line.family[j]]
            rank[j] = rank[int(kin[int(rng.integers(len(kin)))][0])] + rng.choice([-0.5, 0.5])
        elif move < 0.70:
            rank[j, k:] += rng.normal(0.0, 0.2 * size)
        elif move < 0.82:
            able = np.nonzero(~np.isnan(line.durations[j, k]))[0]
            resource[j, k] = int(rng.choice([-1, *able]))
        elif move < 0.90:
            weight = float(rng.choice([0.0, 0.5 * weight, 2 * weight, 0.05]))
        else:
            # a cheaper hour, for what draws most
            power = line.busy[open_[:, 1]].max(axis=1)
            share = power / power.sum() if power.any() else None
            j, k = (int(x) for x in open_[int(rng.choice(len(open_), p=share))])
            price = line.tariff.price(max(state.now, float(earliest[j, k])))
            later = [
                s
                for s, p in zip(line.tariff.starts, line.tariff.prices, strict=True)
                if state.now < s < state.now + _HOLD and p < price
            ]
            earliest[j, k] = float(rng.choice([0.0, *later]))
    level = np.maximum.accumulate(rank, axis=1)
    n, o = rank.shape
    flat = np.lexsort((np.tile(np.arange(o), n), level.ravel()))
    ordered = np.empty(size)
    ordered[flat] = np.arange(size)
    return LinePlan(Rule.LIST, ordered.reshape(n, o), resource, earliest, "search", weight)


def search(
    line: Line,
    state: LineState,
    keep: LinePlan | None,
    effort: Effort,
    seed: int,
) -> list[LinePlan]:
    """The best plan found and, after it, the best dispatching rule; lists, with stations free.

    Args:
        line: as it is believed to be.
        state: at which the plans take over.
        keep: the plan in force, to begin with as well.
        effort: how long.
        seed: of the moves and rollouts.
    """
    rng = np.random.default_rng([seed, round(state.now)])

    def value(plans: list[LinePlan], rollouts: int) -> F64:
        if not rollouts:
            return measure(line, state, plans).cost[:, 0]
        return np.asarray(roll_line(line, state, plans, seed + 17, rollouts).cost.mean(axis=1))

    begin = _rules(line, state)
    rules = len(begin)
    if keep is not None:
        begin.append(replace(keep, rule=Rule.LIST, name="as before"))
    costs = value(begin, effort.rollouts)
    rule = begin[int(costs[:rules].argmin())]
    open_ = np.argwhere(state.open_steps)
    if not len(open_):
        return [begin[int(costs.argmin())], rule]

    def climb(best: LinePlan, least: float, rounds: int, rollouts: int) -> tuple[LinePlan, float]:
        for _ in range(rounds):
            around = [_neighbour(line, state, best, open_, rng) for _ in range(effort.width)]
            got = value(around, rollouts)
            if got.min() < least:
                best, least = around[int(got.argmin())], float(got.min())
        return best, least

    ends = [
        climb(begin[int(i)], float(costs[i]), effort.rounds // 4, effort.rollouts)
        for i in np.argsort(costs, kind="stable")[:2]
    ]
    plans = [plan for plan, _ in ends] + [rule]
    again = value(plans, effort.late)
    first = int(again.argmin())
    half = effort.rounds - 2 * (effort.rounds // 4)
    best, _ = climb(plans[first], float(again[first]), half, effort.late)
    return [best, rule]


def as_sequence(line: Line, state: LineState, plan: LinePlan, name: str) -> LinePlan:
    """What the plan does on expected durations, as a sequence of each station; holds stay."""
    played = project(line, state, plan).state
    starts = np.where(np.isnan(played.starts), 1e12, played.starts)
    quickest = np.nanargmin(line.durations[:, : line.steps], axis=2)
    where = np.where(played.where < 0, quickest, played.where)
    made = sorted_plan(line, starts, where, Rule.STRICT, name)
    return replace(made, earliest=plan.earliest)
