"""The line as a discrete-event simulation, compiled by numba: one plan, one rollout.

Between two events nothing changes; events are ends of work, arrivals and the edges of the windows
in which a resource stands or is slow. Work that a window interrupts goes on after it.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from twincell.twin.line_draws import (
    BRANCH,
    DURATION,
    RESUME,
    factor,
    longer,
    mean_longer,
    uniform,
)

__all__ = ["paid", "play", "resume", "speed_at"]

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
_LOOKS = 3


@njit(cache=True)
def paid(t: float, starts: F64, prices: F64, sums: F64) -> float:
    """Integral of the price from 0 to t [EUR s/MWh]; `sums` is that up to each start."""
    k = len(starts) - 1
    while k > 0 and starts[k] > t:
        k -= 1
    return float(sums[k] + prices[k] * (t - starts[k]))


@njit(cache=True)
def speed_at(windows: F64, count: int, t: float) -> tuple[float, float]:
    """Speed from `t` on, and until when it holds [s]."""
    speed, until = 1.0, np.inf
    for i in range(count):
        if windows[i, 0] <= t < windows[i, 1]:
            speed *= windows[i, 2]
            until = min(until, windows[i, 1])
        elif windows[i, 0] > t:
            until = min(until, windows[i, 0])
    return speed, until


@njit(cache=True)
def _work(start, work, windows, count, power, starts, prices, sums, spent):  # type: ignore[no-untyped-def]
    """End of `work` [s at full speed] begun at `start`; adds energy and cost to `spent`."""
    t = start
    left = work
    while True:
        speed, until = speed_at(windows, count, t)
        if speed > 0 and left <= speed * (until - t):
            end = t + left / speed
        elif until == np.inf:
            return np.inf
        else:
            end = until
        if speed > 0:
            spent[0] += power * (end - t)
            cost = paid(end, starts, prices, sums) - paid(t, starts, prices, sums)
            spent[1] += power * cost / 3.6e9
            if left <= speed * (until - t):
                return end
            left -= speed * (end - t)
        t = end


@njit(cache=True)
def _done(start: float, now: float, windows: F64, count: int) -> float:
    """Work done from `start` to `now` [s at full speed]."""
    t, done = start, 0.0
    while t < now:
        speed, until = speed_at(windows, count, t)
        until = min(until, now)
        done += speed * (until - t)
        t = until
    return done


@njit(cache=True)
def resume(  # type: ignore[no-untyped-def]
    key, mean, now, durations, spread, starts, prices, sums, windows, count, step,
    job, began, until, fitting,
):  # fmt: skip
    """Draw how long what runs will take, given that it has not ended yet."""
    dummy = np.zeros(2)
    for r in range(len(job)):
        j = job[r]
        if j < 0:
            continue
        k = step[j]
        least = (_done(began[r], now, windows[r], count[r]) - fitting[r]) / durations[j, k, r]
        scale = mean_longer(spread, least) if mean else longer(key, RESUME, j, spread, least)
        work = fitting[r] + durations[j, k, r] * scale
        ends = _work(began[r], work, windows[r], count[r], 0.0, starts, prices, sums, dummy)
        until[r] = max(now, ends)


@njit(cache=True)
def play(  # type: ignore[no-untyped-def]  # noqa: D417
    key, mean, now, stop, rule, weight, rank, assigned, earliest, sequence, durations, spread,
    inspects, chances, family, setup, busy, idle, cap, starts, prices, sums, windows, count,
    step, back, looks, status, ready, end, job, began, until, fitting,
    set_for, first, where, spent, pointer,
):  # fmt: skip
    """Play until `stop`, or until all is done; the state's arrays are changed in place.

    Args:
        key: of the rollout's chance.
        mean: every duration is its mean and every part is accepted.
        now: [s].
        stop: events after it are left [s].
        rule: see `Rule`.
        weight: of a set-up, in ranks; see `LinePlan`.
        sequence: of each resource, flat numbers of steps by rank, -1 after the last, shape
            (m, n o + 1).
        pointer: into it, shape (m,).

    The others are as in `Line`, `LinePlan`, `LineState`.

    Returns:
        Time of the last event [s].
    """
    n, m, o = len(step), len(job), len(inspects)
    limit = cap * (1 + 1e-9)  # sums leave a residue, by which what just fits would never start
    load = 0.0
    last = now
    up = np.zeros(m, np.bool_)
    # bits of the resources that have the skill: most waiting jobs are passed over by them
    able = np.zeros((n, o + 1), np.int64)
    for j in range(n):
        for k in range(o + 1):
            for r in range(m):
                if not np.isnan(durations[j, k, r]):
                    able[j, k] |= 1 << r
    for r in range(m):
        if job[r] >= 0:
            load += busy[step[job[r]], r]
    while True:
        free = 0
        for r in range(m):
            up[r] = job[r] < 0 and speed_at(windows[r], count[r], now)[0] > 0
            free |= up[r] << r
        # whatever can start at this moment does
        while free > 0:
            best_key, best_job, best_resource, best_time = np.inf, -1, -1, np.inf
            for j in range(n):
                if status[j] != 0 or ready[j] > now:
                    continue
                k = step[j]
                if able[j, k] & free == 0:
                    continue
                extra = k == o or looks[j] > 0
                if extra:
                    place = ready[j] - 1e9
                else:
                    if earliest[j, k] > now:
                        continue
                    place = ready[j] if rule == 2 else rank[j, k]
                if place >= best_key:
                    continue
                fixed = -1 if extra else assigned[j, k]
                found, quickest = -1, np.inf
                low, high = (0, m) if fixed < 0 else (fixed, fixed + 1)
                for r in range(low, high):
                    if not up[r]:
                        continue
                    length = durations[j, k, r]
                    if np.isnan(length) or load + busy[k, r] > limit:
                        continue
                    if rule == 1 and not extra:
                        while sequence[r, pointer[r]] >= 0:
                            a, b = divmod(sequence[r, pointer[r]], o)
                            if status[a] >= 2 or not np.isnan(first[a, b]):
                                pointer[r] += 1
                            else:
                                break
                        if sequence[r, pointer[r]] != j * o + k:
                            continue
                    if set_for[r] >= 0:
                        length += setup[r, set_for[r], family[j]]
                    if length < quickest:
                        found, quickest = r, length
                if found >= 0 and weight > 0.0 and not extra:
                    place += weight * (quickest - durations[j, k, found])
                    if place >= best_key:
                        continue
                if found >= 0:
                    best_key, best_job, best_resource, best_time = place, j, found, quickest
            if best_job < 0:
                break
            j, r = best_job, best_resource
            up[r] = False
            free &= ~(1 << r)
            k = step[j]
            if k < o and np.isnan(first[j, k]):
                first[j, k], where[j, k] = now, r
            work = best_time
            fitting[r] = best_time - durations[j, k, r]
            if not mean:
                # rework after one inspection is another work than after the next
                which = k if k < o else o + back[j]
                scale = factor(key, DURATION, j, which, looks[j], spread)
                work += durations[j, k, r] * (scale - 1.0)
            job[r], began[r], status[j], set_for[r] = j, now, 1, family[j]
            load += busy[k, r]
            until[r] = _work(
                now, work, windows[r], count[r], busy[k, r] - idle[r], starts, prices, sums, spent
            )
        # the next event
        following = np.inf
        waiting = False
        for r in range(m):
            if job[r] >= 0:
                following = min(following, until[r])
        for j in range(n):
            if status[j] == 0:
                waiting = True
                when = ready[j]
                if step[j] < o and looks[j] == 0:
                    when = max(when, earliest[j, step[j]])
                if when > now:
                    following = min(following, when)
        if waiting:
            for r in range(m):
                if job[r] < 0:
                    speed, edge = speed_at(windows[r], count[r], now)
                    if speed == 0:
                        following = min(following, edge)
        if following == np.inf or following > stop:
            return last
        now = following
        for r in range(m):
            j = job[r]
            if j < 0 or until[r] > now:
                continue
            k = step[j]
            load -= busy[k, r]
            job[r], status[j], ready[j] = -1, 0, now
            last = now
            if k == o:
                step[j] = back[j]
                continue
            if inspects[k]:
                looks[j] += 1
                if not mean:
                    u = uniform(key, BRANCH, j, k, looks[j])
                    a, b, c = chances[j, k, 0], chances[j, k, 1], chances[j, k, 2]
                    again = u < a or (a + b <= u < a + b + c)
                    if a <= u < a + b or (again and looks[j] >= _LOOKS):
                        status[j], end[j] = 3, now
                        continue
                    if again:
                        if u < a:
                            back[j], step[j] = k, o
                        continue
            looks[j] = 0
            step[j] = k + 1
            if k + 1 == o:
                status[j], end[j] = 2, now
