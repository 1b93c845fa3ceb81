from __future__ import annotations

import heapq
import itertools

import numpy as np
import pytest

from twincell.errors import ProductionError
from twincell.production.problem import KINDS, Due, Job, Pace, Problem, Weights, cost
from twincell.production.tariff import Tariff
from twincell.twin.gate import TwinGate
from twincell.twin.rollouts import noise, roll

TARIFF = Tariff((0.0, 60.0, 120.0), (82.0, 140.0, 95.0))


PACES = {"load": Pace(0.5, 70.0), "inspect": Pace(0.3, 50.0), "unload": Pace(0.2, 60.0, 0.6, 90.0)}


def problem(running: bool = True, slow: bool = False) -> Problem:
    full = {"load": 9.0, "inspect": 14.0, "unload": 9.0}
    first = Job("b0", "a", full, running=2.0) if running else Job("b0", "a", full)
    late = Job("b4", "b", full, release=120.0)
    jobs = (first, *(Job(f"b{i}", "a" if i < 3 else "b", full) for i in (1, 2, 3)), late)
    dues = {"a": Due(150.0, 1.0), "b": Due(100.0, 5.0)}
    more = {"handle_from": 25.0, "paces": PACES} if slow else {}
    return Problem(5.0, jobs, dues, TARIFF, inspect_from=20.0, **more)


def worked(p: Problem, kind: str, start: float, seconds: float) -> float:
    """Where speed, integrated in pieces, has done the work."""
    pace = p.paces.get(kind)
    if pace is None:
        return start + seconds
    for share, until in ((pace.share, pace.until), (pace.then, pace.last)):
        slow = min(seconds, max(0.0, until - start) * share)
        start, seconds = start + slow / share, seconds - slow
    return start + seconds


def events(p: Problem, sequence: list[str], factors: np.ndarray) -> tuple[float, float]:
    """Event simulation with a heap and named resources: makespan and weighted tardiness."""
    jobs = {j.part: (i, j) for i, j in enumerate(p.jobs)}
    todo = [j.part for j in p.jobs if j.in_process] + list(sequence)
    free = {"handler": True, "inspector": True, "fixture": True}
    heap: list[tuple[float, int, str, str]] = [(p.now, 0, "", "wake")]
    heap += [
        (t, 0, "", "wake")
        for t in {p.inspect_from, p.handle_from, *(j.release for j in p.jobs)}
        if t > p.now
    ]
    heapq.heapify(heap)
    waiting = [(todo[0], kind) for kind in KINDS if kind in jobs[todo[0]][1].durations]
    for part in todo[1:]:
        waiting += [(part, kind) for kind in KINDS]
    active, ends, now = "", {}, p.now
    while heap:
        now, _, part, kind = heapq.heappop(heap)
        if kind != "wake":
            active = ""
            free["inspector" if kind == "inspect" else "handler"] = True
            if kind == "unload":
                free["fixture"], ends[part] = True, now
        if active or not waiting:
            continue
        part, kind = waiting[0]
        i, job = jobs[part]
        begun = job.running is not None and kind == next(iter(job.durations))
        gate = p.inspect_from if kind == "inspect" else p.handle_from
        gate = max(gate, job.release) if kind == "load" else gate
        if not begun and now < gate:
            continue
        resource = "inspector" if kind == "inspect" else "handler"
        assert free[resource]
        assert kind != "load" or free["fixture"]
        free[resource] = False
        if kind == "load":
            free["fixture"] = False
        waiting.pop(0)
        active = part
        length = job.durations[kind] * factors[i, KINDS.index(kind)]
        end = max(p.now, worked(p, kind, job.running, length) if begun else 0.0)
        end = end if begun else worked(p, kind, now, length)
        heapq.heappush(heap, (end, 1, part, kind))
    late = 0.0
    for name, due in p.orders.items():
        last = max(ends[j.part] for j in p.jobs if j.order == name)
        late += due.priority * max(0.0, last - due.due)
    return max(ends.values()), late


@pytest.mark.parametrize("slow", [False, True])
@pytest.mark.parametrize("running", [True, False])
def test_rollouts_are_those_of_an_event_simulation(running: bool, slow: bool) -> None:
    p = problem(running, slow)
    names = [j.part for j in p.waiting]
    candidates = [names, names[::-1]]
    factors = noise(p, 100, 0.2, np.random.default_rng(0))
    played = roll(p, candidates, factors)
    for c, sequence in enumerate(candidates):
        for r in range(100):
            makespan, late = events(p, sequence, factors[r])
            assert played.makespan[c, r] == pytest.approx(makespan)
            assert played.tardiness[c, r] == pytest.approx(late)


@pytest.mark.parametrize("slow", [False, True])
def test_without_noise_a_rollout_is_the_plan(slow: bool) -> None:
    p = problem(slow=slow)
    names = [j.part for j in p.waiting]
    played = roll(p, [names[::-1]], np.ones((1, len(p.jobs), 3)))
    assert played.cost[0, 0] == pytest.approx(cost(p, names[::-1], Weights()))


def test_noise_has_mean_one() -> None:
    factors = noise(problem(), 20_000, 0.3, np.random.default_rng(1))
    assert factors.mean() == pytest.approx(1.0, abs=0.005)


def test_the_gate_accepts_what_is_better_and_says_by_how_much() -> None:
    p = problem(running=False)
    keep, change = ["b0", "b1", "b2", "b3", "b4"], ["b3", "b0", "b1", "b2", "b4"]
    gate = TwinGate(seed=3)
    same = gate.judge(p, keep, {"the same": keep})
    assert same.chosen is None
    assert "course kept" in same.text
    jobs = tuple(Job(j.part, j.order, j.durations) for j in p.jobs)
    rush = Problem(5.0, jobs, {"a": Due(400.0, 1.0), "b": Due(80.0, 5.0)}, TARIFF)
    better = gate.judge(rush, keep, {"worse": change, "rush": ["b3", "b4", "b0", "b1", "b2"]})
    assert better.chosen == "rush"
    assert "rollouts" in better.text
    assert gate.judge(rush, keep, {"x": change}) == gate.judge(rush, keep, {"x": change})
    worse = gate.judge(rush, ["b3", "b4", "b0", "b1", "b2"], {"back": keep})
    assert worse.chosen is None


def test_a_gate_whose_time_is_over_keeps_course() -> None:
    jobs = tuple(Job(j.part, j.order, j.durations) for j in problem(running=False).jobs)
    rush = Problem(5.0, jobs, {"a": Due(400.0, 1.0), "b": Due(80.0, 5.0)}, TARIFF)
    keep, change = ["b0", "b1", "b2", "b3", "b4"], ["b3", "b4", "b0", "b1", "b2"]
    now, then = TwinGate(seed=3).judge(rush, keep, {"rush": change}).alternatives
    # what is asked for is about what is gained: no single look can tell
    margin = 1 - then.cost / now.cost
    asked = TwinGate(seed=3, margin=margin).judge(rush, keep, {"rush": change})
    assert sum(asked.alternatives[0].counts) > 250
    ticks = itertools.count()
    limit = {"budget": 0.5, "clock": lambda: float(next(ticks))}
    ruled = TwinGate(seed=3, margin=margin, **limit).judge(rush, keep, {"rush": change})
    assert ruled.chosen is None
    assert "the time is over" in ruled.text
    assert sum(ruled.alternatives[0].counts) == 250
    # what takes all rollouts is decided by all of them
    ticks = itertools.count()
    all_ = TwinGate(seed=3, margin=margin, rollouts=250, **limit).judge(rush, keep, {"r": change})
    assert "all rollouts are played" in all_.text
    with pytest.raises(ProductionError, match="budget 0"):
        TwinGate(budget=0.0)


def test_histograms_hold_every_rollout_and_their_means() -> None:
    p = problem(running=False)
    keep, change = ["b0", "b1", "b2", "b3", "b4"], ["b3", "b0", "b1", "b2", "b4"]
    told = TwinGate(seed=3).judge(p, keep, {"other": change}).alternatives
    assert [a.name for a in told] == ["keep course", "other"]
    assert [a.chosen for a in told].count(True) == 1
    assert told[0].edges == told[1].edges
    assert sum(told[0].counts) == sum(told[1].counts) >= 250
    for a in told:
        # a histogram's mean is that of its rollouts to within a bin
        middles = (np.array(a.edges[1:]) + np.array(a.edges[:-1])) / 2
        width = a.edges[1] - a.edges[0]
        assert np.average(middles, weights=a.counts) == pytest.approx(a.cost, abs=width / 2)
    alone = TwinGate().judge(p, keep, {})
    assert alone.chosen is None
    assert sum(alone.alternatives[0].counts) == 250


def test_senseless_candidates_are_refused() -> None:
    p = problem()
    with pytest.raises(ProductionError, match="valid: each of"):
        roll(p, [["b1"]], np.ones((1, 5, 3)))
    with pytest.raises(ProductionError, match="factors of shape"):
        roll(p, [[j.part for j in p.waiting]], np.ones((1, 4, 3)))
    with pytest.raises(ProductionError, match="confidence"):
        TwinGate(confidence=1.0)
