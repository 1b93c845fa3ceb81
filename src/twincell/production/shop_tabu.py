"""Tabu search for flexible job shops after Mastrolilli and Gambardella (2000).

One operation of a critical path is taken out and put back where the longest path through it is
shortest, on any of its machines (neighbourhood N-pi). The longest paths without the operation are
known exactly, so every candidate's makespan is exact, too.

Mastrolilli, Gambardella: Effective neighbourhood functions for the flexible job shop problem.
Journal of Scheduling 3 (2000), 3-20.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

import numpy as np
from numba import njit
from numpy.typing import NDArray

from twincell.production.shop import Operation, Placed, Shop, ShopJob, ShopPlan, makespan

__all__ = ["Sequences", "TabuSearch", "fits", "improved", "links", "move", "times"]

Ints = NDArray[np.int64]

_PATIENCE = 4000
"""Iterations without a better plan after which the search goes back to a good one and shakes it."""
_SHAKES = 12
"""Random moves of such a shake, at most."""
_SLICE = 500
"""Iterations between looks at whether time is up."""
_PATIENCE_AT_END = 0.2
"""A search that has not ended its slice by then is left alone [s]."""


def fits(shop: Shop) -> bool:
    """Whether the search can be used: no set-ups, nothing frozen, no empty operation."""
    durations = [d for j in shop.jobs for o in j.operations for _, d in o.modes]
    return shop.setup is None and not shop.frozen and min(durations, default=0) > 0


@dataclass(frozen=True)
class Net:
    """The shop as arrays, shapes (operations,), (modes,), (machines,).

    Attributes:
        before: operation of the job before this one, -1 where there is none.
        after: operation of the job after this one, -1 where there is none.
        head: start of an operation not before.
        first: of its modes; one longer than there are operations.
        machine: of each mode.
        duration: of each mode.
        ready: machine not before.
    """

    before: Ints
    after: Ints
    head: Ints
    first: Ints
    machine: Ints
    duration: Ints
    ready: Ints


@dataclass
class Sequences:
    """The modes of all operations and their sequence on each machine.

    Attributes:
        shop: that is planned.
        net: the same as arrays.
        operations: with their jobs, by number.
        mode: of each operation.
        row: operations of a machine in sequence, shape (machines, operations + 1).
        size: how many of a row count.
    """

    shop: Shop
    net: Net
    operations: list[tuple[ShopJob, Operation]]
    mode: Ints
    row: Ints
    size: Ints

    @classmethod
    def of(cls, shop: Shop, plan: ShopPlan) -> Sequences:
        """Those of a plan."""
        operations = [(j, o) for j in shop.jobs for o in j.operations]
        count = len(operations)
        mode = np.zeros(count, np.int64)
        rows: list[list[tuple[int, int]]] = [[] for _ in range(shop.machines)]
        for v, (job, op) in enumerate(operations):
            placed = plan[job.name, op.number]
            mode[v] = next(k for k, (m, _) in enumerate(op.modes) if m == placed.machine)
            rows[placed.machine].append((placed.start, v))
        row = np.full((shop.machines, count + 1), -1, np.int64)
        for m, items in enumerate(rows):
            row[m, : len(items)] = [v for _, v in sorted(items)]
        size = np.array([len(items) for items in rows], np.int64)
        return cls(shop, _net(shop), operations, mode, row, size)

    def copy(self) -> Sequences:
        """The same, to be changed apart."""
        return replace(self, mode=self.mode.copy(), row=self.row.copy(), size=self.size.copy())

    def take(self, other: Sequences) -> None:
        """Become as another of the same shop."""
        self.mode[:], self.row[:], self.size[:] = other.mode, other.row, other.size

    def starts(self) -> Ints:
        """Of each operation, as early as its sequence allows."""
        net, count = self.net, len(self.mode)
        took, on = self.durations(), net.machine[net.first[:-1] + self.mode]
        left, right = links(self.row, self.size, count)
        head, tail, order = (np.empty(count, np.int64) for _ in range(3))
        times(net.before, net.after, net.head, net.ready, on, took, left, right, order, head, tail)
        return head

    def durations(self) -> Ints:
        """Of each operation in its mode."""
        took: Ints = self.net.duration[self.net.first[:-1] + self.mode]
        return took

    def plan(self) -> ShopPlan:
        """Each operation as early as its sequence allows."""
        made = {}
        for v, (at, (job, op)) in enumerate(zip(self.starts(), self.operations, strict=True)):
            machine, took = op.modes[self.mode[v]]
            key = job.name, op.number
            made[key] = Placed(*key, machine, int(at), int(at) + took)
        return made


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


def _net(shop: Shop) -> Net:
    before: list[int] = []
    after: list[int] = []
    head: list[int] = []
    first, machine, duration = [0], list[int](), list[int]()
    for job in shop.jobs:
        for k, op in enumerate(job.operations):
            v = len(before)
            before.append(v - 1 if k else -1)
            after.append(v + 1 if k + 1 < len(job.operations) else -1)
            head.append(0 if k else job.ready)
            machine += [m for m, _ in op.modes]
            duration += [d for _, d in op.modes]
            first.append(len(machine))
    ready = [shop.free(m) for m in range(shop.machines)]
    columns = (before, after, head, first, machine, duration, ready)
    return Net(*(np.array(c, np.int64) for c in columns))


@njit(cache=True, nogil=True)
def links(row, size, count):  # type: ignore[no-untyped-def]
    """Neighbours of each operation on its machine, -1 where there is none."""
    left, right = np.full(count, -1, np.int64), np.full(count, -1, np.int64)
    for m in range(len(size)):
        for i in range(1, size[m]):
            left[row[m, i]] = row[m, i - 1]
            right[row[m, i - 1]] = row[m, i]
    return left, right


@njit(cache=True, nogil=True)
def times(  # type: ignore[no-untyped-def]
    before, after, release, ready, on, took, left, right, order, head, tail
):
    """Longest paths from the start to and after each operation; -1 where the sequence is a cycle.

    Returns:
        The makespan; `order` is topological.
    """
    count = len(on)
    waits = np.zeros(count, np.int64)
    end = 0
    for v in range(count):
        waits[v] = (before[v] >= 0) + (left[v] >= 0)
        if waits[v] == 0:
            order[end] = v
            end += 1
    at, longest = 0, 0
    while at < end:
        v = order[at]
        at += 1
        t = max(release[v], ready[on[v]])
        if before[v] >= 0:
            t = max(t, head[before[v]] + took[before[v]])
        if left[v] >= 0:
            t = max(t, head[left[v]] + took[left[v]])
        head[v] = t
        longest = max(longest, t + took[v])
        for w in (after[v], right[v]):
            if w >= 0:
                waits[w] -= 1
                if waits[w] == 0:
                    order[end] = w
                    end += 1
    if end < count:
        return -1
    for i in range(count - 1, -1, -1):
        v = order[i]
        t = 0
        if after[v] >= 0:
            t = max(t, tail[after[v]] + took[after[v]])
        if right[v] >= 0:
            t = max(t, tail[right[v]] + took[right[v]])
        tail[v] = t
    return longest


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
def move(v, mode, to, first, machine, row, size, at):  # type: ignore[no-untyped-def]
    """Put v on its mode `to`, at a place that is counted without it."""
    m = machine[first[v] + mode[v]]
    i = 0
    while row[m, i] != v:
        i += 1
    for k in range(i, size[m] - 1):
        row[m, k] = row[m, k + 1]
    size[m] -= 1
    m = machine[first[v] + to]
    for k in range(size[m], at, -1):
        row[m, k] = row[m, k - 1]
    row[m, at] = v
    size[m] += 1
    mode[v] = to


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
    over, found = threading.Event(), [start] * threads
    left = [threads]

    def search(number: int, rng: np.random.Generator) -> None:
        tabu = TabuSearch(shop, start, rng)
        while not over.is_set() and tabu.run(_SLICE, bound):
            pass
        found[number] = min(start, tabu.plan, key=makespan)
        left[0] -= 1
        if tabu.makespan <= bound or not left[0]:
            over.set()

    # a daemon: on the first call of all it compiles, and the limit holds all the same
    chances = np.random.default_rng(seed).spawn(threads)
    running = [
        threading.Thread(target=search, args=(k, rng), daemon=True) for k, rng in enumerate(chances)
    ]
    for thread in running:
        thread.start()
    over.wait(seconds)
    over.set()
    for thread in running:
        thread.join(_PATIENCE_AT_END)
    return min(found, key=makespan)
