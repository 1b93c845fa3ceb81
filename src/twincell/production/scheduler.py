"""A new sequence: of few blades the best of all, else CP-SAT's; right shift if none is better."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import Any

from ortools.sat.python import cp_model

from twincell.production.problem import KINDS, Problem, Slot, Weights, cost, timing
from twincell.production.tariff import JOULES_PER_MWH

__all__ = ["Schedule", "right_shift", "solve"]

_TICK = 0.01
"""Resolution of the model [s]."""
_FEW = 6
"""Of so many blades all sequences are looked at: CP-SAT's limit would miss some."""
_SCALE = 1_000_000
"""Objective units of a tick of weighted lateness: energy shares are small."""


@dataclass(frozen=True)
class Schedule:
    """A plan of the rest.

    Attributes:
        sequence: of the blades that wait.
        slots: every task left, by start.
        cost: in seconds of weighted lateness (see `problem.cost`).
        bound: no sequence costs less, as far as proven; by `cp_sat` up to the model's resolution,
            and while no work is slow for a time.
        method: `all`, `cp_sat` or `right_shift`.
    """

    sequence: tuple[str, ...]
    slots: tuple[Slot, ...]
    cost: float
    bound: float
    method: str


def right_shift(problem: Problem, weights: Weights | None = None) -> Schedule:
    """Keep the running plan's sequence; everything moves to the right as far as it must."""
    course = problem.course
    value = cost(problem, course, weights or Weights())
    return Schedule(course, timing(problem, course), value, 0.0, "right_shift")


def solve(
    problem: Problem, seconds: float, seed: int = 0, weights: Weights | None = None
) -> Schedule:
    """The best sequence found; never worse than right shift.

    Where few blades wait it is the best there is. Else the search is deterministic: one worker, a
    fixed seed, and a limit in CP-SAT's deterministic time, which counts work and not the clock.

    Args:
        problem: the rest of the shift.
        seconds: limit of the search, in deterministic seconds.
        seed: of the search.
        weights: of the objective.
    """
    weights = weights or Weights()
    kept = right_shift(problem, weights)
    if len(kept.sequence) < 2:
        return Schedule(kept.sequence, kept.slots, kept.cost, kept.cost, kept.method)
    if len(kept.sequence) <= _FEW:
        return _best(problem, weights, kept)
    model, starts = _model(problem, weights, kept)
    solver = cp_model.CpSolver()
    # its own handler would leave Ctrl-C to the default one afterwards, which kills at once
    solver.parameters.catch_sigint_signal = False
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = seed % (2**31)
    solver.parameters.max_deterministic_time = max(seconds, 1e-3)
    status = solver.solve(model)
    bound = solver.best_objective_bound / _SCALE * _TICK + _least_energy(problem, weights)
    if solver.status_name(status) not in ("OPTIMAL", "FEASIBLE"):
        return Schedule(kept.sequence, kept.slots, kept.cost, 0.0, kept.method)
    # dict order breaks ties, so equal starts cannot swap between runs
    sequence = tuple(sorted(starts, key=lambda part: solver.value(starts[part])))
    value = cost(problem, sequence, weights)
    if value > kept.cost - 1e-9:
        return Schedule(kept.sequence, kept.slots, kept.cost, bound, kept.method)
    return Schedule(sequence, timing(problem, sequence), value, bound, "cp_sat")


def _best(problem: Problem, weights: Weights, kept: Schedule) -> Schedule:
    """The best of all sequences; of equals the running one, then the first."""
    least, sequence = min((cost(problem, s, weights), s) for s in permutations(kept.sequence))
    if least > kept.cost - 1e-9:
        return Schedule(kept.sequence, kept.slots, kept.cost, least, kept.method)
    return Schedule(sequence, timing(problem, sequence), least, least, "all")


def _least_energy(problem: Problem, weights: Weights) -> float:
    """Cost of all energy at the cheapest price, which the model leaves out."""
    joules = sum(problem.power[k] * s for j in problem.jobs for k, s in j.durations.items())
    return weights.energy * joules * min(problem.tariff.prices) / JOULES_PER_MWH


def _ticks(seconds: float) -> int:
    return round(seconds / _TICK)


def _model(
    problem: Problem, weights: Weights, kept: Schedule
) -> tuple[cp_model.CpModel, dict[str, Any]]:
    """The constraint model and the start variables of the loads that wait."""
    model = cp_model.CpModel()
    latest = max(s.end for s in kept.slots)
    releases = [j.release for j in problem.jobs] + [problem.inspect_from, problem.handle_from]
    work = sum(s.end - s.start for s in kept.slots)
    horizon = _ticks(max(latest, max(releases) + work)) + len(kept.slots) + 1
    now = _ticks(problem.now)
    hints = {(s.part, s.kind): _ticks(s.start) for s in kept.slots}
    # where work is slow for a time, tasks take what they take in the running order
    sizes = {(s.part, s.kind): _ticks(s.end - s.start) for s in kept.slots}
    handler: list[Any] = []
    inspector: list[Any] = []
    fixture: list[Any] = []
    starts: dict[str, Any] = {}
    ends: dict[str, Any] = {}
    terms: list[Any] = []
    for job in problem.jobs:
        before: Any = None
        loaded: Any = None
        start: Any
        end: Any
        for kind in (k for k in KINDS if k in job.durations):
            name = f"{job.part}/{kind}"
            if before is None and job.running is not None:
                # running: frozen where it is
                begun = _ticks(job.running)
                stop = max(now, begun + sizes[job.part, kind])
                start, size, end = begun, stop - begun, stop
            else:
                earliest = problem.earliest(job, kind)
                start = model.new_int_var(max(now, _ticks(earliest)), horizon, f"{name}.start")
                size = sizes[job.part, kind]
                end = start + size
                model.add_hint(start, hints[job.part, kind])
                if before is not None:
                    model.add(start >= before)
                terms += _energy(model, problem, weights, kind, name, start, size, horizon)
            interval = model.new_interval_var(start, size, end, name)
            (inspector if kind == "inspect" else handler).append(interval)
            if kind == "load":
                loaded = end
                if not job.in_process:
                    starts[job.part] = start
            before = end
        held = loaded if loaded is not None else min(now, _ticks(kept.slots[0].start))
        stay = model.new_int_var(0, horizon, f"{job.part}.stay")
        fixture.append(model.new_interval_var(held, stay, before, f"{job.part}.fixture"))
        ends[job.part] = before
    for intervals in (handler, inspector, fixture):
        model.add_no_overlap(intervals)
    makespan = model.new_int_var(now, horizon, "makespan")
    model.add_max_equality(makespan, list(ends.values()))
    terms.append(round(weights.makespan * _SCALE) * makespan)
    for name, due in problem.orders.items():
        last = [ends[j.part] for j in problem.jobs if j.order == name]
        if not last:
            continue
        late = model.new_int_var(0, horizon, f"{name}.late")
        for end in last:
            model.add(late >= end - _ticks(due.due))
        terms.append(round(weights.tardiness * due.priority * _SCALE) * late)
    terms += _swaps(model, problem, weights, starts, ends)
    model.minimize(sum(terms))
    return model, starts


def _swaps(
    model: cp_model.CpModel,
    problem: Problem,
    weights: Weights,
    starts: dict[str, Any],
    ends: dict[str, Any],
) -> list[Any]:
    """Order the waiting blades pair by pair, and charge each pair that changes places."""
    course = problem.course
    price = round(weights.stability / _TICK * _SCALE)
    terms = []
    for i, first in enumerate(course):
        for second in course[i + 1 :]:
            swapped = model.new_bool_var(f"{second}<{first}")
            model.add(starts[first] >= ends[second]).only_enforce_if(swapped)
            model.add(starts[second] >= ends[first]).only_enforce_if(~swapped)
            model.add_hint(swapped, 0)
            terms.append(price * swapped)
    return terms


def _energy(
    model: cp_model.CpModel,
    problem: Problem,
    weights: Weights,
    kind: str,
    name: str,
    start: Any,
    size: int,
    horizon: int,
) -> list[Any]:
    """Cost of a task above the cheapest price: its overlap with each dearer step of the tariff."""
    tariff = problem.tariff
    cheapest = min(tariff.prices)
    edges = [*map(_ticks, tariff.starts), horizon]
    terms = []
    # a variable of its own: OR-Tools 9.12 takes the wrong sign of c in a minimum over x + c
    end = model.new_int_var(0, horizon + size, f"{name}.end")
    model.add(end == start + size)
    for k, price in enumerate(tariff.prices):
        low, high = edges[k], min(edges[k + 1], horizon)
        euro = problem.power[kind] * _TICK * (price - cheapest) / JOULES_PER_MWH  # type: ignore[index]
        weight = round(weights.energy * euro / _TICK * _SCALE)
        if weight <= 0 or high <= low:
            continue
        first = model.new_int_var(0, horizon, f"{name}.from{k}")
        last = model.new_int_var(0, horizon, f"{name}.to{k}")
        inside = model.new_int_var(0, size, f"{name}.in{k}")
        model.add_max_equality(first, [start, low])
        model.add_min_equality(last, [end, high])
        # the objective presses it down onto max(0, last - first)
        model.add(inside >= last - first)
        terms.append(weight * inside)
    return terms
