"""Plans of job shops: shortest makespan by CP-SAT and tabu search, or least shift by CP-SAT."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from twincell.errors import ProductionError
from twincell.production.cpsat import Task, TaskModel
from twincell.production.shop import Key, Placed, Shop, ShopPlan, makespan
from twincell.production.shop_rules import dispatch, insert, load_bound
from twincell.production.shop_tabu import fits, improved

__all__ = ["Solution", "shortest", "steadiest"]

_FIRST, _TABU = 0.2, 0.45
"""Shares of the time: CP-SAT proves what is easy, tabu search improves, CP-SAT takes the rest."""


@dataclass(frozen=True)
class Solution:
    """A plan, and what is known of it.

    Attributes:
        plan: valid.
        makespan: end of its last operation.
        bound: no plan ends earlier.
        method: `cp_sat`, `tabu`, `dispatch`, or `given` where it is the one to begin with.
    """

    plan: ShopPlan
    makespan: int
    bound: int
    method: str

    @property
    def gap(self) -> float:
        """Share of the makespan that may still be saved, 0 where the plan is proven the best."""
        return (self.makespan - self.bound) / self.makespan if self.makespan else 0.0


def shortest(
    shop: Shop, seconds: float, start: ShopPlan | None = None, workers: int = 2, seed: int = 0
) -> Solution:
    """The plan that ends first, as far as the search gets; never worse than `start`.

    Args:
        shop: to plan.
        seconds: limit on the clock, models included [s].
        start: a valid plan to begin with; by dispatch without one.
        workers: threads of the search.
        seed: of the search.
    """
    until = perf_counter() + seconds
    known = start if start is not None else dispatch(shop)
    made = Solution(known, makespan(known), load_bound(shop), "given" if start else "dispatch")
    if not fits(shop):
        return _search(shop, made, seconds, workers, seed)
    made = _search(shop, made, seconds * _FIRST, workers, seed)
    if made.gap and seconds > 0:
        share = max(0.0, min(seconds * _TABU, until - perf_counter()))
        plan = improved(shop, made.plan, share, made.bound, workers, seed)
        if makespan(plan) < made.makespan:
            made = Solution(plan, makespan(plan), made.bound, "tabu")
    return _search(shop, made, until - perf_counter(), workers, seed + 1)


def _search(shop: Shop, known: Solution, seconds: float, workers: int, seed: int) -> Solution:
    """CP-SAT from a known plan, which stays where nothing better is found."""
    if not known.gap or seconds <= 0:
        return known
    until = perf_counter() + seconds
    model, tasks = _tasks(shop, known.makespan, known.plan)
    last = model.makespan([t.end for t in tasks.values()], known.bound)
    model.model.add_hint(last, known.makespan)
    _loads(shop, model, tasks, last)
    model.model.minimize(last)
    left = until - perf_counter()
    if left <= 0:  # the model of a large shop takes its time, too
        return known
    found = model.search(seed, workers, left)
    if found.status == "INFEASIBLE":
        raise ProductionError("no plan fits; is the one to begin with not valid?")
    bound = min(max(known.bound, round(found.bound)), known.makespan)
    if found.solved:
        plan = _read(shop, tasks, found.solver)
        # nothing is planned later than it could be: idle machines are missed when more arrives
        plan = min(insert(shop, plan), plan, key=makespan)
        if makespan(plan) < known.makespan:
            return Solution(plan, makespan(plan), bound, "cp_sat")
    return Solution(known.plan, known.makespan, bound, known.method)


def _loads(shop: Shop, model: TaskModel, tasks: dict[Key, Task], last: Any) -> None:
    """What a machine is given lies between the earliest head and the shortest tail of it.

    True of any plan, but told to the linear relaxation, which then shares work out over machines.
    """
    work: dict[int, list[tuple[Any, int, int]]] = {}
    sure: set[int] = set()
    for job in shop.jobs:
        least = [min(d for _, d in o.modes) for o in job.operations]
        head = job.ready
        for i, op in enumerate(job.operations):
            key = (job.name, op.number)
            if key in shop.frozen:
                head = max(head, shop.frozen[key].end)
                continue
            chosen = tasks[key].chosen or (1,)
            for (machine, size), on in zip(op.modes, chosen, strict=True):
                work.setdefault(machine, []).append((size * on, head, sum(least[i + 1 :])))
                if len(op.modes) == 1:
                    sure.add(machine)
            head += least[i]
    for machine, items in work.items():
        first, tail = min(i[1] for i in items), min(i[2] for i in items)
        if machine in sure:  # one that is given nothing may be late at will
            first = max(first, shop.free(machine))
        model.model.add(last >= first + sum(i[0] for i in items) + tail)


def steadiest(
    shop: Shop,
    before: ShopPlan,
    latest: int,
    seconds: float,
    start: ShopPlan,
    workers: int = 2,
    seed: int = 0,
) -> ShopPlan | None:
    """The plan that ends by `latest` and moves least (see `shop.nervousness`), None if none found.

    Args:
        shop: to plan.
        before: the running plan.
        latest: end of the last operation.
        seconds: limit of the search on the clock [s].
        start: a valid plan to begin with.
        workers: threads of the search.
        seed: of the search.
    """
    model, tasks = _tasks(shop, latest, start)
    terms: list[Any] = []
    for job in shop.jobs:
        for op in job.operations:
            key = (job.name, op.number)
            old = before.get(key)
            if old is None or key in shop.frozen:
                continue
            shift = model.model.new_int_var(0, latest + old.start, f"{key}.shift")
            # not add_abs_equality: that of OR-Tools 9.12 loses the sign of a constant
            later = tasks[key].start - old.start
            model.model.add_max_equality(shift, [later, old.start - tasks[key].start])
            model.model.add_hint(shift, abs(start[key].start - old.start))
            terms.append(shift)
            for (machine, size), on in zip(op.modes, tasks[key].chosen, strict=False):
                if machine != old.machine:
                    terms.append(size * on)
    model.model.minimize(sum(terms))
    found = model.search(seed, workers, seconds)
    return _read(shop, tasks, found.solver) if found.solved else None


def _tasks(shop: Shop, horizon: int, hint: ShopPlan) -> tuple[TaskModel, dict[Key, Task]]:
    """Chains of tasks that end by the horizon, begun with a hint."""
    model = TaskModel(horizon)
    tasks: dict[Key, Task] = {}
    for place, job in enumerate(shop.jobs):
        head, before = job.ready, None
        for op in job.operations:
            key = (job.name, op.number)
            name = f"{job.name}.{op.number}"
            frozen = shop.frozen.get(key)
            if frozen is not None:
                tasks[key] = model.fixed(name, frozen.machine, frozen.start, frozen.end, place)
                head, before = max(head, frozen.end), None
                continue
            mode = next((k for k, (m, _) in enumerate(op.modes) if m == hint[key].machine), 0)
            task = model.task(
                name,
                op.modes,
                [max(head, shop.free(m)) for m, _ in op.modes],
                place,
                (hint[key].start, mode),
            )
            if before is not None:
                model.model.add(task.start >= before)
            tasks[key], before = task, task.end
            head += min(d for _, d in op.modes)
    setups: dict[Hashable, Any] | None = None
    if shop.setup is not None:
        setups = {m: shop.setup[m].tolist() for m in range(shop.machines)}
    model.separate(setups)
    return model, tasks


def _read(shop: Shop, tasks: dict[Key, Task], solver: Any) -> ShopPlan:
    plan: dict[Key, Placed] = {}
    for job in shop.jobs:
        for op in job.operations:
            key = (job.name, op.number)
            if key in shop.frozen:
                plan[key] = shop.frozen[key]
                continue
            task = tasks[key]
            mode = next((k for k, on in enumerate(task.chosen) if solver.value(on)), 0)
            machine, duration = op.modes[mode]
            start = solver.value(task.start)
            plan[key] = Placed(job.name, op.number, machine, start, start + duration)
    return plan
