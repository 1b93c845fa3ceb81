"""Simulated annealing towards the running plan: the least shift of starts within a makespan.

One annealing gets stuck near the sequences that it begins with. So every other one begins with a
way of its own from the running sequence into the limit, by tabu search.

Every plan on the way is semi-active: each operation starts as early as its sequence allows, so that
no time of a machine is given away that work which is yet to arrive will need.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable

import numpy as np
from numba import njit

from twincell.production.searches import side_by_side
from twincell.production.shop import Shop, ShopPlan, makespan, nervousness
from twincell.production.shop_arrays import Sequences, links, move, times
from twincell.production.shop_rules import insert
from twincell.production.shop_tabu import TabuSearch

__all__ = ["calmer"]

_SLICE = 4000
"""Moves of one annealing, between looks at whether time is up."""
_WARM, _COOLED = 4.0, 0.001
"""Temperature at its beginning, in mean durations, and at its end, as a share of that."""
_STEPS, _PIECE = 2000, 100
"""Iterations of a way from the running sequence into the limit, at most, and between two looks at
whether time is up."""


def calmer(
    shop: Shop,
    before: ShopPlan,
    start: ShopPlan,
    latest: int,
    seconds: float,
    threads: int = 2,
    seed: int = 0,
    rounds: int | None = None,
) -> ShopPlan:
    """A plan that moves less than `start` against the running plan, or `start` itself.

    Args:
        shop: that `shop_tabu.fits`.
        before: the running plan.
        start: a valid plan to begin with.
        latest: end of the last operation, no earlier than that of `start`.
        seconds: limit on the clock [s].
        threads: how many searches side by side.
        seed: of their chance.
        rounds: annealings of each search at most; without a limit until time is up.
    """
    running = insert(shop, before)

    def search(
        rng: np.random.Generator, over: threading.Event, give: Callable[[ShopPlan], None]
    ) -> bool:
        best = Sequences.of(shop, start)
        at = best.copy()
        olds = [before.get((j.name, o.number)) for j, o in at.operations]
        old_start = np.array([-1 if p is None else p.start for p in olds], np.int64)
        old_machine = np.array([-1 if p is None else p.machine for p in olds], np.int64)
        cost = np.full(1, np.iinfo(np.int64).max, np.int64)
        net = at.net
        warm = _WARM * float(np.mean(net.duration))
        done = 0
        while cost[0] > 0 and done != rounds and not over.is_set():
            at.take(best)
            if done % 2:
                way = TabuSearch(shop, running, rng)
                left = _STEPS
                while left > 0 and not over.is_set() and way.run(_PIECE, latest):
                    left -= _PIECE
                if over.is_set():
                    break
                if way.makespan <= latest:
                    at.take(way.sequences)
            done += 1
            least = cost[0]
            _anneal(
                net.before, net.after, net.head, net.first, net.machine, net.duration, net.ready,
                at.mode, at.row, at.size, best.mode, best.row, best.size, cost,
                old_start, old_machine, latest, _SLICE, warm, _COOLED, rng,
            )  # fmt: skip
            if cost[0] < least:
                give(best.plan())
        return bool(cost[0] == 0)

    found = side_by_side(search, start, seconds, threads, seed)
    ends = [p for p in (start, *found) if makespan(p) <= latest]
    return min(ends, key=lambda p: (nervousness(before, p)[0], makespan(p)), default=start)


@njit(cache=True, nogil=True)
def _cost(head, took, on, old_start, old_machine, now, latest):  # type: ignore[no-untyped-def]
    """Shift of starts and changes of machines; what is too late outweighs them."""
    moved = 0
    for v in range(len(head)):
        if old_start[v] >= 0:
            moved += abs(head[v] - old_start[v])
            if on[v] != old_machine[v]:
                moved += took[v]
    return moved + max(0, now - latest) * len(head)


@njit(cache=True, nogil=True)
def _anneal(  # type: ignore[no-untyped-def]
    before, after, release, first, machine, duration, ready,
    mode, row, size, best_mode, best_row, best_size, best, old_start, old_machine,
    latest, moves, warm, cooled, rng,
):  # fmt: skip
    """One annealing; the arrays of the second line are changed in place, `best` [cost] too."""
    ops = len(mode)
    head, tail = np.zeros(ops, np.int64), np.zeros(ops, np.int64)
    order = np.zeros(ops, np.int64)
    took, on = np.zeros(ops, np.int64), np.zeros(ops, np.int64)
    for v in range(ops):
        took[v] = duration[first[v] + mode[v]]
        on[v] = machine[first[v] + mode[v]]
    left, right = links(row, size, ops)
    now = times(before, after, release, ready, on, took, left, right, order, head, tail)
    cost = _cost(head, took, on, old_start, old_machine, now, latest)
    if now <= latest and cost < best[0]:
        best[0] = cost
        best_mode[:], best_row[:], best_size[:] = mode, row, size
    starts = head.copy()
    for i in range(moves):
        temperature = warm * cooled ** (i / moves)
        # of three by chance the one that is moved most: there is most to gain
        v, most = -1, -1
        for _ in range(3):
            w = int(rng.random() * ops)
            shift = abs(starts[w] - old_start[w]) if old_start[w] >= 0 else 0
            if shift > most:
                v, most = w, shift
        m, own = on[v], 0
        while row[m, own] != v:
            own += 1
        was, to, at = mode[v], mode[v], own
        modes = first[v + 1] - first[v]
        if modes > 1 and rng.random() < 0.3:
            to = int(rng.random() * modes)
            if old_machine[v] >= 0 and rng.random() < 0.7:
                for k in range(modes):
                    if machine[first[v] + k] == old_machine[v]:
                        to = k
        if to == was:
            step = 1 + int(rng.random() * 3)
            late = old_start[v] >= 0 and starts[v] > old_start[v]
            if rng.random() < 0.2:
                late = not late
            at = own - step if late else own + step
            at = min(max(at, 0), size[m] - 1)
            if at == own:
                continue
        else:
            other = machine[first[v] + to]
            at = 0
            while at < size[other] and starts[row[other, at]] < starts[v]:
                at += 1
        move(v, mode, to, first, machine, row, size, at)
        took[v], on[v] = duration[first[v] + to], machine[first[v] + to]
        left, right = links(row, size, ops)
        then = times(before, after, release, ready, on, took, left, right, order, head, tail)
        if then >= 0:
            tried = _cost(head, took, on, old_start, old_machine, then, latest)
            if tried <= cost or rng.random() < math.exp((cost - tried) / temperature):
                cost = tried
                starts[:] = head
                if then <= latest and cost < best[0]:
                    best[0] = cost
                    best_mode[:], best_row[:], best_size[:] = mode, row, size
                continue
        move(v, mode, was, first, machine, row, size, own)
        took[v], on[v] = duration[first[v] + was], machine[first[v] + was]
