"""Thousands of seeded shifts of a line for each of several plans, and single ones to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numba import config, get_num_threads, njit, prange, set_num_threads
from numpy.typing import NDArray

from twincell.errors import ProductionError
from twincell.production.line import Line, LinePlan, LineState, Rule
from twincell.twin.line_draws import MOST_FAILURES, mix, windows_of
from twincell.twin.line_kernel import paid, play, resume

__all__ = ["METRICS", "LineRollouts", "Shift", "measure", "project", "roll_line"]

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

# other libraries bring a TBB that is too old for numba, which warns of it at the first call
config.THREADING_LAYER_PRIORITY = ["omp", "workqueue", "tbb"]  # type: ignore[attr-defined]

METRICS = ("makespan", "tardiness", "lateness", "energy", "energy_cost", "margin", "turnaround",
           "accepted", "in_shift", "cost")  # fmt: skip


@dataclass(frozen=True)
class LineRollouts:
    """What came of each plan in each rollout; each array has the shape (plans, rollouts).

    Attributes:
        makespan: end of the last work [s].
        tardiness: sum over jobs [s].
        lateness: its penalties [EUR].
        energy: of work and idling [J].
        energy_cost: [EUR].
        margin: of accepted jobs, less scrap, penalties and energy [EUR].
        turnaround: mean time from arrival to end, over jobs that were not cancelled [s].
        accepted: jobs.
        in_shift: jobs accepted before the shift's end.
        cost: penalties, energy and holding [EUR]; what the gate compares.
    """

    makespan: F64
    tardiness: F64
    lateness: F64
    energy: F64
    energy_cost: F64
    margin: F64
    turnaround: F64
    accepted: F64
    in_shift: F64
    cost: F64

    @classmethod
    def of(cls, table: F64) -> LineRollouts:
        """From a table of the shape (plans, rollouts, metrics)."""
        return cls(*(np.ascontiguousarray(table[..., i]) for i in range(len(METRICS))))


@dataclass(frozen=True)
class Shift:
    """One played shift: state at its end and time of its last event [s]."""

    state: LineState
    last: float


@njit(cache=True)
def _judge(  # type: ignore[no-untyped-def]
    last, status, end, arrival, due, penalty, margin, scrap, holding, idle, length, spent,
    starts, prices, sums, out,
):  # fmt: skip
    """Fill `out` with the metrics of a shift that is over."""
    late = lateness = earned = turn = held = accepted = within = 0.0
    number = 0
    for j in range(len(status)):
        if status[j] == 4:
            continue
        number += 1
        stop = end[j] if status[j] >= 2 else np.inf
        turn += stop - arrival[j]
        held += holding * (stop - arrival[j])
        over = max(0.0, stop - due[j])
        if status[j] == 2:
            late += over
            lateness += penalty[j] * over
            earned += margin[j]
            accepted += 1
            within += stop <= length
        else:
            earned -= scrap[j]
            # a part that is never delivered is late until the shift's last event
            late += max(0.0, last - due[j])
            lateness += penalty[j] * max(0.0, last - due[j])
    quiet = idle.sum()
    energy = spent[0] + quiet * last
    bill = spent[1] + quiet * paid(last, starts, prices, sums) / 3.6e9
    out[0], out[1], out[2], out[3], out[4] = last, late, lateness, energy, bill
    out[5] = earned - lateness - bill
    out[6] = turn / max(number, 1)
    out[7], out[8] = accepted, within
    out[9] = lateness + bill + held


@njit(cache=True, parallel=True)
def _roll(  # type: ignore[no-untyped-def]
    keys, mean, now, stop, rules, weights, ranks, assigned, earliest, sequences, durations, spread,
    inspects,
    chances, family, setup, busy, idle, cap, starts, prices, sums, known, uptime, repair, slow,
    slow_speed, arrival, due, penalty, margin, scrap, holding, length,
    step0, back0, looks0, status0, ready0, end0, job0, began0, until0, fitting0, set_for0, first0,
    where0, spent0,
):  # fmt: skip
    plans, number, m = len(rules), len(keys), len(job0)
    table = np.empty((plans, number, 10))
    for i in prange(number):
        windows = np.empty((m, len(known) + MOST_FAILURES, 3))
        count = np.empty(m, np.int64)
        chance = -1.0 if mean else slow
        windows_of(keys[i], now, known, uptime, repair, chance, slow_speed, windows, count)
        base = until0.copy()
        resume(keys[i], mean, now, durations, spread, starts, prices, sums, windows, count, step0,
               job0, began0, base, fitting0)  # fmt: skip
        for p in range(plans):
            status, end, spent = status0.copy(), end0.copy(), spent0.copy()
            last = play(
                keys[i], mean, now, stop, rules[p], weights[p], ranks[p], assigned[p],
                earliest[p], sequences[p], durations, spread, inspects, chances, family, setup,
                busy, idle, cap, starts, prices, sums, windows, count, step0.copy(), back0.copy(),
                looks0.copy(), status, ready0.copy(), end, job0.copy(), began0.copy(), base.copy(),
                fitting0.copy(), set_for0.copy(), first0.copy(), where0.copy(), spent,
                np.zeros(m, np.int64),
            )  # fmt: skip
            last = max(last, end.max())
            _judge(last, status, end, arrival, due, penalty, margin, scrap, holding, idle, length,
                   spent, starts, prices, sums, table[p, i])  # fmt: skip
    return table


@njit(cache=True)
def _keys(seed: int, first: int, out: NDArray[np.uint64]) -> None:
    for i in range(len(out)):
        out[i] = mix(mix(np.uint64(seed)) ^ np.uint64(first + i))


def keys_of(seed: int, first: int, count: int) -> NDArray[np.uint64]:
    """Keys of rollouts first to first + count - 1, shape (count,)."""
    out = np.empty(count, np.uint64)
    _keys(seed, first, out)
    return out


def roll_line(
    line: Line,
    state: LineState,
    plans: Sequence[LinePlan],
    seed: int,
    count: int,
    first: int = 0,
    threads: int | None = None,
) -> LineRollouts:
    """Play every plan against the same shifts, from the state on to the end.

    Args:
        line: as it is believed to be.
        state: at which the plans take over.
        plans: at least one.
        seed: of the shifts; the same on any number of threads.
        count: shifts a plan.
        first: number of the first shift, to go on where an earlier call ended.
        threads: all that numba has without it.

    Raises:
        ProductionError: a plan that does not fit, or that locks up.
    """
    if count < 1 or not plans:
        raise ProductionError(f"rollouts: {count} of {len(plans)} plans; valid: at least 1 each")
    return _table(line, state, plans, keys_of(seed, first, count), False, threads)


def measure(line: Line, state: LineState, plans: Sequence[LinePlan]) -> LineRollouts:
    """The same with mean durations, no failures, every part accepted: one rollout a plan."""
    return _table(line, state, plans, np.zeros(1, np.uint64), True, 1)


def _table(
    line: Line,
    state: LineState,
    plans: Sequence[LinePlan],
    keys: NDArray[np.uint64],
    mean: bool,
    threads: int | None,
) -> LineRollouts:
    """Checked plans through the kernel."""
    kernel: Any = _roll
    for plan in plans:
        plan.check(line)
    before = get_num_threads()
    if threads is not None:
        set_num_threads(threads)
    try:
        table = kernel(
            keys, mean, state.now, np.inf, np.array([p.rule for p in plans]),
            np.array([float(p.setup_weight) for p in plans]),
            np.stack([p.rank for p in plans]), np.stack([p.resource for p in plans]),
            np.stack([p.earliest for p in plans]), np.stack([sequence(line, p) for p in plans]),
            *_arguments(line), line.windows, line.uptime, line.repair, line.slow, line.slow_speed,
            line.arrival, line.due, line.penalty, line.margin, line.scrap, line.holding,
            line.length, *state.arrays,
        )  # fmt: skip
    finally:
        set_num_threads(before)
    stuck = ~np.isfinite(table[..., 6])
    if stuck.any():
        plan = plans[int(np.nonzero(stuck)[0][0])]
        raise ProductionError(
            f"plan '{plan.name}': a job never ends; valid: a resource that comes back, no deadlock"
        )
    return LineRollouts.of(table)


def _arguments(line: Line) -> tuple[object, ...]:
    starts, prices = np.array(line.tariff.starts), np.array(line.tariff.prices)
    sums = np.concatenate([[0.0], np.cumsum(np.diff(starts) * prices[:-1])])
    return (
        np.nan_to_num(line.durations, nan=np.nan), line.spread, line.inspects, line.chances,
        line.family, line.setup, line.busy, line.idle, line.cap, starts, prices, sums,
    )  # fmt: skip


def sequence(line: Line, plan: LinePlan) -> I64:
    """Each resource's steps by rank, -1 after the last, shape (m, n o + 1)."""
    n, m = len(line.jobs), len(line.resources)
    table = np.full((m, n * line.steps + 1), -1, np.int64)
    if plan.rule == Rule.STRICT:
        order = np.argsort(plan.rank.ravel(), kind="stable")
        owner = plan.resource.ravel()[order]
        for r in range(m):
            mine = order[owner == r]
            table[r, : len(mine)] = mine
    return table


def project(
    line: Line, state: LineState, plan: LinePlan, stop: float = np.inf, key: int | None = None
) -> Shift:
    """Play one shift and keep its state.

    Args:
        line: with the windows that are to come.
        state: left as it is.
        plan: in force.
        stop: what comes later is left [s].
        key: of the shift's chance; means, no failures and accepted parts without it. With a key,
            ends of running work stay as they are, failures are those of `line.windows`.
    """
    plan.check(line)
    run: Any = play
    draw: Any = resume
    fill: Any = windows_of
    at = state.copy()
    windows = np.empty((len(line.resources), len(line.windows) + MOST_FAILURES, 3))
    count = np.empty(len(line.resources), np.int64)
    fill(np.uint64(0), state.now, line.windows, line.uptime, line.repair, -1.0, 0.5, windows,
               count)  # fmt: skip
    values: Any = _arguments(line)
    mean = key is None
    word = np.uint64(key or 0)
    if mean:
        draw(word, True, state.now, values[0], line.spread, *values[-3:], windows, count, at.step,
               at.job, at.began, at.until, at.fitting)  # fmt: skip
    last = run(
        word, mean, state.now, stop, plan.rule, float(plan.setup_weight), plan.rank, plan.resource,
        plan.earliest, sequence(line, plan), *values, windows, count, *at.arrays,
        np.zeros(len(line.resources), np.int64),
    )  # fmt: skip
    now = max(state.now, last) if stop == np.inf else stop
    return Shift(replace(at, now=now), last)
