"""Rollouts of the rest of the shift under noisy durations, compiled by numba.

All candidates meet the same noise (common random numbers), so that differences between them are
much less noisy than the candidates themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from twincell.errors import ProductionError
from twincell.production.problem import KINDS, Pace, Problem, Weights, inversions
from twincell.twin.durations import Calibration

__all__ = ["Rollouts", "noise", "roll"]

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


@dataclass(frozen=True)
class Rollouts:
    """What came of each candidate in each rollout.

    Attributes:
        cost: seconds of weighted lateness as in `problem.cost`, shape (candidates, rollouts).
        makespan: end of the last task [s], same shape.
        tardiness: weighted, over orders [s], same shape.
        energy: cost of the tasks' energy [EUR], same shape.
    """

    cost: F64
    makespan: F64
    tardiness: F64
    energy: F64


def noise(
    problem: Problem, count: int, spread: float | Calibration, rng: np.random.Generator
) -> F64:
    """Factors on durations with mean 1, shape (count, jobs, 3).

    Args:
        problem: the rest of the shift.
        count: rollouts.
        spread: as measured, or the standard deviation of the logarithm of a lognormal.
        rng: of the noise.
    """
    z = rng.standard_normal((count, len(problem.jobs), len(KINDS)))
    if isinstance(spread, Calibration):
        return spread.factors(z)
    return np.exp(spread * z - spread**2 / 2)


def roll(
    problem: Problem,
    candidates: Sequence[Sequence[str]],
    factors: F64,
    weights: Weights | None = None,
) -> Rollouts:
    """Play every candidate against every draw of the noise.

    Args:
        problem: the rest of the shift.
        candidates: sequences of the waiting blades.
        factors: see `noise`, shape (rollouts, jobs, 3).
        weights: of the cost.

    Raises:
        ProductionError: a candidate does not hold every waiting blade once, or wrong factors.
    """
    weights = weights or Weights()
    index = {j.part: i for i, j in enumerate(problem.jobs)}
    waiting = sorted(j.part for j in problem.waiting)
    inside = [index[j.part] for j in problem.jobs if j.in_process]
    if factors.ndim != 3 or factors.shape[1:] != (len(problem.jobs), len(KINDS)):
        raise ProductionError(
            f"factors of shape {factors.shape}; valid: (n, {len(problem.jobs)}, {len(KINDS)})"
        )
    for candidate in candidates:
        if sorted(candidate) != waiting:
            raise ProductionError(
                f"candidate {', '.join(candidate)}; valid: each of {', '.join(waiting)} once"
            )
    orders = list(problem.orders)
    durations = np.array([[j.durations.get(k, -1.0) for k in KINDS] for j in problem.jobs])
    swaps = np.array([float(inversions(problem.course, c)) for c in candidates])
    makespan, tardiness, energy = _play(
        np.array([[*inside, *(index[p] for p in c)] for c in candidates], np.int64),
        np.ascontiguousarray(factors),
        durations.reshape(-1, len(KINDS)),
        np.array([j.release for j in problem.jobs]),
        np.array([np.nan if j.running is None else j.running for j in problem.jobs]),
        np.array(
            [-1 if j.order is None else orders.index(j.order) for j in problem.jobs], np.int64
        ),
        np.array([[o.due, o.priority, o.done] for o in problem.orders.values()]).reshape(-1, 3),
        np.array([problem.now, problem.inspect_from, problem.handle_from]),
        np.array([_pieces(problem.paces.get(k, Pace())) for k in KINDS]),
        np.array([problem.power[k] for k in KINDS]),
        np.array(problem.tariff.starts),
        np.array(problem.tariff.prices),
    )
    cost = (
        weights.tardiness * tardiness
        + weights.makespan * makespan
        + weights.energy * energy
        + weights.stability * swaps[:, None]
    )
    return Rollouts(cost, makespan, tardiness, energy)


@njit(cache=True)
def _paid(t: float, starts: F64, prices: F64) -> float:
    """Integral of the price from 0 to t [EUR s/MWh]."""
    total = 0.0
    for k in range(len(starts)):
        end = starts[k + 1] if k + 1 < len(starts) else np.inf
        if t > starts[k]:
            total += prices[k] * (min(t, end) - starts[k])
    return total


def _pieces(pace: Pace) -> tuple[float, ...]:
    """Share and end of each piece."""
    return (pace.share, pace.until, pace.then, pace.last)


@njit(cache=True)
def _end(start: float, seconds: float, pace: F64) -> float:
    """As `problem.Pace.end`, by `_pieces`."""
    for k in range(0, 4, 2):
        share, until = pace[k], pace[k + 1]
        if share < 1.0 and until > start:
            done = (until - start) * share
            if seconds <= done:
                return float(start + seconds / share)
            start, seconds = until, seconds - done
    return start + seconds


@njit(cache=True)
def _play(
    sequences: I64,
    factors: F64,
    durations: F64,
    release: F64,
    running: F64,
    order: I64,
    dues: F64,
    clock: F64,
    paces: F64,
    power: F64,
    starts: F64,
    prices: F64,
) -> tuple[F64, F64, F64]:
    """Makespan, weighted tardiness and energy cost, each of shape (candidates, rollouts)."""
    shape = (sequences.shape[0], factors.shape[0])
    makespan, tardiness, energy = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    ends = np.zeros(len(dues))
    for c in range(shape[0]):
        for r in range(shape[1]):
            now = clock[0]
            ends[:] = dues[:, 2]
            paid = 0.0
            for job in sequences[c]:
                first = True
                for kind in range(3):
                    planned = durations[job, kind]
                    if planned < 0:
                        continue
                    length = planned * factors[r, job, kind]
                    start = now
                    if first and not np.isnan(running[job]):
                        start = running[job]
                    elif kind == 0:
                        start = max(now, release[job], clock[2])
                    else:
                        start = max(now, clock[kind])
                    end = max(clock[0], _end(start, length, paces[kind]))
                    spent = _paid(end, starts, prices) - _paid(start, starts, prices)
                    drawn = power[kind]
                    if paces[kind, 0] != 1.0 and end > start:
                        drawn *= min(1.0, length / (end - start))
                    paid += drawn * spent / 3.6e9
                    now, first = end, False
                if order[job] >= 0:
                    ends[order[job]] = max(ends[order[job]], now)
            late = 0.0
            for o in range(len(dues)):
                late += dues[o, 1] * max(0.0, ends[o] - dues[o, 0])
            makespan[c, r], tardiness[c, r], energy[c, r] = now, late, paid
    return makespan, tardiness, energy
