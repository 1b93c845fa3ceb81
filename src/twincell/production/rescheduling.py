"""Plays the events of a dynamic job shop against a policy of re-planning.

A failed machine goes on with the interrupted operation when it is back (preempt-resume); what runs
when its job is cancelled runs to its end. The plan in force is checked after every event.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

import numpy as np

from twincell.errors import ProductionError
from twincell.production.shop import (
    Key,
    Operation,
    Placed,
    Shop,
    ShopJob,
    ShopPlan,
    makespan,
    nervousness,
)
from twincell.production.shop_calm import calmer
from twincell.production.shop_check import faults
from twincell.production.shop_events import ShopEvent
from twincell.production.shop_rules import dispatch, insert, load_bound, shift_right
from twincell.production.shop_solver import shortest, steadiest
from twincell.production.shop_tabu import TabuSearch, fits

__all__ = ["POLICIES", "Played", "Policy", "Step", "hindsight_bound", "play"]

Policy = Literal["match_up", "right_shift", "complete"]
POLICIES: tuple[Policy, ...] = ("match_up", "right_shift", "complete")

_SLACK = 0.005
"""Share of the shortest makespan found that match-up gives away for a steadier plan."""
_BUSY = 0.75
"""Where no machine works for more than this share of the time, idle time may stay in the plan."""
_LOOSE = 0.02
"""`_SLACK` there: what is late now is caught up before more work arrives."""
_STEPS = 200
"""Iterations of the tabu search from the running sequence, beside one an operation."""


@dataclass(frozen=True)
class Step:
    """What became of one event.

    Attributes:
        event: that happened.
        makespan: of the plan after it.
        moved: sum of the shifts of starts (see `shop.nervousness`).
        kept: operations in the plans before and after, over which it is summed.
        seconds: taken by the decision [s].
        method: by which the plan was made.
    """

    event: ShopEvent
    makespan: int
    moved: int
    kept: int
    seconds: float
    method: str


@dataclass(frozen=True)
class Played:
    """A policy after all events."""

    policy: Policy
    plan: ShopPlan
    steps: tuple[Step, ...]

    @property
    def makespan(self) -> int:
        """Of what was done in the end."""
        return makespan(self.plan)

    @property
    def nervousness(self) -> float:
        """Mean shift of a start by an event, over all operations still to come at each event."""
        kept = sum(s.kept for s in self.steps)
        return sum(s.moved for s in self.steps) / kept if kept else 0.0


def play(
    shop: Shop,
    first: ShopPlan,
    events: Sequence[ShopEvent],
    policy: Policy,
    seconds: float,
    clock: Callable[[], float],
    workers: int = 2,
    seed: int = 0,
) -> Played:
    """Let everything happen, and plan again after each event.

    Args:
        shop: at time 0.
        first: plan of it.
        events: by time.
        policy: how to plan.
        seconds: limit of a decision's searches [s].
        clock: tells the time for `Step.seconds` [s].
        workers: threads of a search.
        seed: of the searches.
    """
    if policy == "match_up":
        _compile()
    jobs = {j.name: j for j in shop.jobs}
    down = [0] * shop.machines
    plan: ShopPlan = dict(first)
    steps = []
    for event in events:
        now = event.time
        begun = {k: p for k, p in plan.items() if p.start < now}
        begun = _disturb(event, begun, jobs, down)
        for name in event.cancelled:
            left = tuple(o for o in jobs[name].operations if (name, o.number) in begun)
            jobs[name] = replace(jobs[name], operations=left)
        rest = _rest(shop.machines, jobs, begun, down, now)
        known = {(j.name, o.number) for j in rest.jobs for o in j.operations}
        before = {k: p for k, p in plan.items() if k in known}
        start = clock()
        after, method = _decide(rest, before, policy, seconds, workers, seed)
        took = clock() - start
        wrong = faults(rest, after)
        if wrong:
            raise ProductionError(f"{event.name}: the plan is not valid: {wrong[0]}")
        plan = {**begun, **after}
        steps.append(Step(event, makespan(plan), *nervousness(before, after), took, method))
    return Played(policy, plan, tuple(steps))


@cache
def _compile() -> None:
    """Have the searches compiled before the first decision: it would get nothing of its time."""
    ops = tuple(Operation(i, ((i, 1),)) for i in range(2))
    shop = Shop(2, tuple(ShopJob(name, ops, 0) for name in ("J1", "J2")), (0, 0))
    plan = dispatch(shop)
    late = {k: replace(p, start=p.start + 9, end=p.end + 9) for k, p in plan.items()}
    TabuSearch(shop, plan, np.random.default_rng(0)).run(1)
    calmer(shop, late, plan, makespan(plan), 60.0, threads=1, rounds=2)


def _disturb(
    event: ShopEvent, begun: dict[Key, Placed], jobs: dict[str, ShopJob], down: list[int]
) -> dict[Key, Placed]:
    """Take in what an event changes, and lengthen what runs."""
    for job in event.arrivals:
        jobs[job.name] = job
    for name, machine, duration in event.durations:
        took = {(o.number, m): d for o in jobs[name].operations for m, d in o.modes}
        ops = tuple(
            Operation(o.number, tuple((m, duration if m == machine else d) for m, d in o.modes))
            for o in jobs[name].operations
        )
        jobs[name] = replace(jobs[name], operations=ops)
        for key, placed in begun.items():
            if key[0] == name and placed.machine == machine and placed.end > event.time:
                # by the difference, so that what a failure has added stays
                end = max(event.time, placed.end + duration - took[placed.number, machine])
                begun[key] = replace(placed, end=end)
    for machine, length in event.down:
        # failures that overlap last until the later end
        until = max(down[machine], event.time + length)
        late = until - max(down[machine], event.time)
        down[machine] = until
        for key, placed in begun.items():
            if placed.machine == machine and placed.end > event.time:
                begun[key] = replace(placed, end=placed.end + late)
    return begun


def _rest(
    machines: int, jobs: dict[str, ShopJob], begun: ShopPlan, down: list[int], now: int
) -> Shop:
    """What has not begun, with the times from which jobs and machines are there."""
    ready = [max(now, t) for t in down]
    free = {name: max(now, job.ready) for name, job in jobs.items()}
    for placed in begun.values():
        ready[placed.machine] = max(ready[placed.machine], placed.end)
        free[placed.job] = max(free[placed.job], placed.end)
    open_jobs = []
    for name, job in jobs.items():
        left = tuple(o for o in job.operations if (name, o.number) not in begun)
        if left:
            open_jobs.append(ShopJob(name, left, free[name]))
    return Shop(machines, tuple(open_jobs), tuple(ready))


def _decide(
    rest: Shop, before: ShopPlan, policy: Policy, seconds: float, workers: int, seed: int
) -> tuple[ShopPlan, str]:
    """A valid plan, whatever the searches come to."""
    if policy == "complete":
        made = shortest(rest, seconds, workers=workers, seed=seed)
        return made.plan, made.method
    shifted = shift_right(rest, before)
    if policy == "right_shift" or not rest.operations:
        return shifted, "right_shift"
    bound = load_bound(rest)
    # what is begun or proven already needs no search
    if makespan(shifted) <= bound:
        return shifted, "right_shift"
    packed = insert(rest, before)
    fresh = dispatch(rest)
    best = shortest(rest, seconds / 2, min(packed, fresh, key=makespan), workers, seed)
    busy = _busiest(rest, shifted) > _BUSY
    latest = int(best.makespan * (1 + (_SLACK if busy else _LOOSE)))
    options = [
        # pulled to the left: machines that idle now are missed when the next job arrives
        (insert(rest, best.plan), "shortest"),
        (best.plan, "shortest"),
        (packed, "insertion"),
        (fresh, "dispatch"),
    ]
    quick = fits(rest)
    if quick:
        # the shortest way from the running sequence into the limit
        near = TabuSearch(rest, packed, np.random.default_rng(seed))
        near.run(_STEPS + rest.operations, latest)
        options.append((near.plan, "tabu"))
    if not busy:
        options.append((shifted, "right_shift"))
    options = [o for o in options if makespan(o[0]) <= latest]
    near_plan, method = min(options, key=lambda o: (nervousness(before, o[0])[0], makespan(o[0])))
    if not nervousness(before, near_plan)[0] or seconds <= 0:
        return near_plan, method
    if quick:
        calm: ShopPlan | None = calmer(rest, before, near_plan, latest, seconds / 2, workers, seed)
    else:
        calm = steadiest(rest, before, latest, seconds / 2, near_plan, workers, seed)
    if calm is not None and nervousness(before, calm) < nervousness(before, near_plan):
        return calm, "match_up"
    return near_plan, method


def _busiest(rest: Shop, plan: ShopPlan) -> float:
    """Share of the time to the end of the plan for which its busiest machine works."""
    work = [0] * rest.machines
    for placed in plan.values():
        work[placed.machine] += placed.end - placed.start
    begin = min((rest.free(m) for m in range(rest.machines)), default=0)
    span = makespan(plan) - begin
    return max(work, default=0) / span if span else 0.0


def hindsight_bound(shop: Shop, events: Sequence[ShopEvent]) -> int:
    """No policy ends earlier: longest job, and load of each machine after each arrival.

    Jobs that are ever cancelled do not count, of changed durations the shorter, failures not.
    """
    gone = {name for e in events for name in e.cancelled}
    jobs = [*shop.jobs, *(j for e in events for j in e.arrivals)]
    changed: dict[tuple[str, int], int] = {}
    for event in events:
        for name, machine, duration in event.durations:
            changed[name, machine] = min(duration, changed.get((name, machine), duration))
    kept = []
    for job in jobs:
        if job.name in gone:
            continue
        ops = tuple(
            Operation(
                o.number, tuple((m, min(d, changed.get((job.name, m), d))) for m, d in o.modes)
            )
            for o in job.operations
        )
        kept.append(ShopJob(job.name, ops, job.ready))
    starts = sorted({j.ready for j in kept})
    return max(
        (load_bound(Shop(shop.machines, tuple(j for j in kept if j.ready >= t))) for t in starts),
        default=0,
    )
