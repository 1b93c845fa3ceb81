"""Job shops as arrays: sequences of operations on machines, their longest paths, compiled."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numba import njit
from numpy.typing import NDArray

from twincell.production.shop import Operation, Placed, Shop, ShopJob, ShopPlan

__all__ = ["Net", "Sequences", "links", "move", "times"]

Ints = NDArray[np.int64]


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
