"""Tabu search for flexible job shops after Mastrolilli and Gambardella (2000).

One operation of a critical path is taken out and put back where the longest path through it is
shortest, on any of its machines (neighbourhood N-pi). The longest paths without the operation are
known exactly, so every candidate's makespan is exact, too.

Mastrolilli, Gambardella: Effective neighbourhood functions for the flexible job shop problem.
Journal of Scheduling 3 (2000), 3-20.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
from numba import njit

from twincell.production.searches import side_by_side
from twincell.production.shop import Shop, ShopPlan, makespan
from twincell.production.shop_arrays import Sequences, links, move, times

__all__ = ["TabuSearch", "fits", "improved"]

_PATIENCE = 4000
"""Iterations without a better plan after which the search goes back to a good one and shakes it."""
_SHAKES = 12
"""Random moves of such a shake, at most."""
_SLICE = 500
"""Iterations between looks at whether time is up."""


def fits(shop: Shop) -> bool:
    """Whether the search can be used: no set-ups, nothing frozen, no empty operation."""
    durations = [d for j in shop.jobs for o in j.operations for _, d in o.modes]
    return shop.setup is None and not shop.frozen and min(durations, default=0) > 0


class TabuSearch:
    """A search that goes on where it stood, some iterations at a time.

    Args:
        shop: that `fits`.
        start: a valid plan to begin with.
        rng: chance.
    """

    def __init__(self, shop: Shop, start: ShopPlan, rng: np.random.Generator) -> None:
        self._at = Sequences.of(shop, start)
        self._best = self._at.copy()
        self._rng = rng
        self._tabu = np.zeros(len(self._at.net.machine), np.int64)
        # iteration, iteration of the best plan, makespan of the best plan
        ends = self._at.starts() + self._at.durations()
        self._count = np.array([0, 0, ends.max(initial=0)], np.int64)

    @property
    def makespan(self) -> int:
        """Of the best plan so far."""
        return int(self._count[2])

    @property
    def sequences(self) -> Sequences:
        """Of the best plan so far."""
        return self._best.copy()

    @property
    def plan(self) -> ShopPlan:
        """The best so far, each operation as early as its sequence allows."""
        return self._best.plan()

    def run(self, iterations: int, bound: int = 0) -> bool:
        """Go on.

        Args:
            iterations: at most.
            bound: a makespan at which the search ends.

        Returns:
            Whether there is anything left to look for.
        """
        at, best, net = self._at, self._best, self._at.net
        return bool(
            _run(
                net.before, net.after, net.head, net.first, net.machine, net.duration, net.ready,
                at.mode, at.row, at.size, self._tabu, self._count,
                best.mode, best.row, best.size,
                iterations, bound, _PATIENCE, _SHAKES, self._rng,
            )
        )  # fmt: skip


@njit(cache=True, nogil=True)
def _without(  # type: ignore[no-untyped-def]
    v, before, after, release, ready, on, took, left, right, order, place, head, tail, h, t
):
    """Heads `h` and tails `t` of all others when v is taken out; returns their makespan."""
    longest = 0
    a, b = left[v], right[v]
    for i in range(place[v]):
        w = order[i]
        h[w] = head[w]
        longest = max(longest, h[w] + took[w])
    for i in range(place[v] + 1, len(order)):
        w = order[i]
        x = max(release[w], ready[on[w]])
        p = before[w]
        # v itself stays in its job, without its machine
        if p == v:
            start = release[v]
            if before[v] >= 0:
                start = max(start, h[before[v]] + took[before[v]])
            x = max(x, start)
        elif p >= 0:
            x = max(x, h[p] + took[p])
        p = a if w == b else left[w]
        if p >= 0:
            x = max(x, h[p] + took[p])
        h[w] = x
        longest = max(longest, x + took[w])
    for i in range(len(order) - 1, place[v], -1):
        t[order[i]] = tail[order[i]]
    for i in range(place[v] - 1, -1, -1):
        w = order[i]
        x = 0
        s = after[w]
        if s == v:
            if after[v] >= 0:
                x = t[after[v]] + took[after[v]]
        elif s >= 0:
            x = t[s] + took[s]
        s = b if w == a else right[w]
        if s >= 0:
            x = max(x, t[s] + took[s])
        t[w] = x
    return longest


@njit(cache=True, nogil=True)
def _run(  # type: ignore[no-untyped-def]
    before, after, release, first, machine, duration, ready,
    mode, row, size, tabu, count, best_mode, best_row, best_size,
    iterations, bound, patience, shakes, rng,
):  # fmt: skip
    """Iterations of the search; the arrays of the second line and `best_*` are changed in place."""
    ops = len(mode)
    head, tail = np.zeros(ops, np.int64), np.zeros(ops, np.int64)
    h, t = np.zeros(ops, np.int64), np.zeros(ops, np.int64)
    order, place = np.zeros(ops, np.int64), np.zeros(ops, np.int64)
    path = np.zeros(ops, np.int64)
    took, on = np.zeros(ops, np.int64), np.zeros(ops, np.int64)
    shake = 0
    for _ in range(iterations):
        if count[2] <= bound:
            return False
        count[0] += 1
        for v in range(ops):
            took[v] = duration[first[v] + mode[v]]
            on[v] = machine[first[v] + mode[v]]
        left, right = links(row, size, ops)
        now = times(before, after, release, ready, on, took, left, right, order, head, tail)
        if now < count[2]:
            count[2], count[1] = now, count[0]
            best_mode[:], best_row[:], best_size[:] = mode, row, size
            if now <= bound:
                return False
        for i in range(ops):
            place[order[i]] = i
        # one critical path, from its end, by chance where it forks
        v, seen = -1, 0
        for w in range(ops):
            if head[w] + took[w] == now:
                seen += 1
                if rng.random() * seen < 1.0:
                    v = w
        length = 0
        while v >= 0:
            path[length] = v
            length += 1
            p, q = before[v], left[v]
            if p >= 0 and head[p] + took[p] != head[v]:
                p = -1
            if q >= 0 and head[q] + took[q] != head[v]:
                q = -1
            v = p if q < 0 or (p >= 0 and rng.random() < 0.5) else q
        if shake == 0 and count[0] - count[1] >= patience:
            count[1] = count[0]
            mode[:], row[:], size[:] = best_mode, best_row, best_size
            tabu[:] = 0
            shake = 1 + int(rng.random() * shakes)
            continue
        chosen, to, where = -1, 0, 0
        least, ties = np.int64(2**62), 0
        forced, forced_to, forced_where, options = -1, 0, 0, 0
        for i in range(length):
            v = path[i]
            rest = _without(
                v, before, after, release, ready, on, took, left, right, order, place,
                head, tail, h, t,
            )  # fmt: skip
            start, stay = release[v], 0
            if before[v] >= 0:
                start = max(start, h[before[v]] + took[before[v]])
            if after[v] >= 0:
                stay = t[after[v]] + took[after[v]]
            for k in range(first[v + 1] - first[v]):
                m = machine[first[v] + k]
                span = duration[first[v] + k]
                same = k == mode[v]
                # counted without v: `low` operations have to be before it, those from `high` after
                length_m, own, low, high = 0, -1, 0, -1
                for j in range(size[m]):
                    w = row[m, j]
                    if w == v:
                        own = length_m
                        continue
                    if t[w] + took[w] > stay:
                        low = length_m + 1
                    if high < 0 and h[w] + took[w] > start:
                        high = length_m
                    length_m += 1
                if high < 0:
                    high = length_m
                if low > high:
                    low, high = high, low
                for j in range(low, high + 1):
                    if same and j == own:
                        continue
                    x, y = max(start, ready[m]), stay
                    skip = 1 if same and own >= 0 else 0
                    if j > 0:
                        w = row[m, j - 1 + (1 if skip and j - 1 >= own else 0)]
                        x = max(x, h[w] + took[w])
                    if j < length_m:
                        w = row[m, j + (1 if skip and j >= own else 0)]
                        y = max(y, t[w] + took[w])
                    value = max(rest, x + span + y)
                    options += 1
                    if rng.random() * options < 1.0:
                        forced, forced_to, forced_where = v, k, j
                    if tabu[first[v] + k] > count[0] and value >= count[2]:
                        continue
                    if value < least:
                        least, ties = value, 0
                    if value == least:
                        ties += 1
                        if rng.random() * ties < 1.0:
                            chosen, to, where = v, k, j
        if options == 0:
            # a critical path of one mode each and nobody else on its machines
            return False
        if chosen < 0 or shake > 0:
            chosen, to, where = forced, forced_to, forced_where
        if shake > 0:
            shake -= 1
        tabu[first[chosen] + mode[chosen]] = count[0] + length + first[chosen + 1] - first[chosen]
        move(chosen, mode, to, first, machine, row, size, where)
    return True


def improved(
    shop: Shop, start: ShopPlan, seconds: float, bound: int, threads: int = 2, seed: int = 0
) -> ShopPlan:
    """The best plan of searches side by side, each with its own chance; never worse than `start`.

    Args:
        shop: that `fits`.
        start: a valid plan to begin with.
        seconds: limit on the clock [s].
        bound: a makespan at which the searches end.
        threads: how many searches.
        seed: of their chance.
    """

    def search(
        rng: np.random.Generator, over: threading.Event, give: Callable[[ShopPlan], None]
    ) -> bool:
        tabu = TabuSearch(shop, start, rng)
        least, on = makespan(start), True
        while on and not over.is_set():
            on = tabu.run(_SLICE, bound)
            if tabu.makespan < least:
                least = tabu.makespan
                give(tabu.plan)
        return tabu.makespan <= bound

    return min(side_by_side(search, start, seconds, threads, seed), key=makespan)
