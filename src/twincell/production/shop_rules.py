"""Plans without a search: dispatch, right shift, repair by insertion, and a bound from loads."""

from __future__ import annotations

from collections.abc import Iterable

from twincell.production.shop import Key, Operation, Placed, Shop, ShopJob, ShopPlan

__all__ = ["dispatch", "insert", "load_bound", "shift_right"]


class _Board:
    """Machines with what is on them already, kept by start."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.place = {j.name: i for i, j in enumerate(shop.jobs)}
        self.rows: list[list[Placed]] = [[] for _ in range(shop.machines)]
        self.plan: dict[Key, Placed] = {}
        for placed in shop.frozen.values():
            self.put(placed)

    def put(self, placed: Placed) -> None:
        row = self.rows[placed.machine]
        at = len(row)
        while at and (row[at - 1].start, row[at - 1].end) > (placed.start, placed.end):
            at -= 1
        row.insert(at, placed)
        self.plan[placed.key] = placed

    def wait(self, machine: int, first: str, second: str) -> int:
        if self.shop.setup is None:
            return 0
        return int(self.shop.setup[machine, self.place[first], self.place[second]])

    def gap(self, job: str, machine: int, duration: int, earliest: int) -> int:
        """Earliest start in a gap that is wide enough, set-ups included."""
        row = self.rows[machine]
        start = max(earliest, self.shop.free(machine))
        at = len(row)
        while at and row[at - 1].end > start:
            at -= 1
        if at:
            start = max(start, row[at - 1].end + self.wait(machine, row[at - 1].job, job))
        for after in row[at:]:
            # strict for empty operations: they may not stand inside of another
            if start + duration + self.wait(machine, job, after.job) <= after.start:
                return start
            start = max(start, after.end + self.wait(machine, after.job, job))
        return start

    def best(self, job: ShopJob, op: Operation, earliest: int) -> Placed:
        """The mode that ends first."""
        options = []
        for machine, duration in op.modes:
            start = self.gap(job.name, machine, duration, earliest)
            options.append((start + duration, duration, machine))
        end, duration, machine = min(options)
        return Placed(job.name, op.number, machine, end - duration, end)


def dispatch(shop: Shop) -> ShopPlan:
    """Whatever can start first is next; among those, the job with the most work left (MWKR)."""
    board = _Board(shop)
    left = {
        j.name: sum(min(d for _, d in o.modes) for o in j.operations if _open(shop, j, o))
        for j in shop.jobs
    }
    waiting = {j.name: (j, list(j.operations), j.ready) for j in shop.jobs}
    cached: dict[str, Placed] = {}
    while True:
        chosen: tuple[tuple[int, int, str], Placed] | None = None
        for name, (job, ops, clock) in list(waiting.items()):
            while ops and (name, ops[0].number) in shop.frozen:
                clock = max(clock, shop.frozen[name, ops.pop(0).number].end)
                waiting[name] = (job, ops, clock)
            if not ops:
                del waiting[name]
                continue
            if name not in cached:
                cached[name] = board.best(job, ops[0], clock)
            placed = cached[name]
            rank = (placed.start, -left[name], name)
            if chosen is None or rank < chosen[0]:
                chosen = (rank, placed)
        if chosen is None:
            return board.plan
        placed = chosen[1]
        board.put(placed)
        job, ops, _ = waiting[placed.job]
        left[placed.job] -= min(d for _, d in ops.pop(0).modes)
        waiting[placed.job] = (job, ops, placed.end)
        cached = {
            name: slot
            for name, slot in cached.items()
            if name != placed.job and all(m != placed.machine for m, _ in waiting[name][1][0].modes)
        }


def _open(shop: Shop, job: ShopJob, op: Operation) -> bool:
    return (job.name, op.number) not in shop.frozen


def _in_order(shop: Shop, before: ShopPlan) -> Iterable[tuple[ShopJob, Operation]]:
    """Known operations by their old start, then those of new jobs, job by job."""
    known = []
    fresh = []
    for place, job in enumerate(shop.jobs):
        clock = -1
        for op in job.operations:
            old = before.get((job.name, op.number))
            if old is None:
                fresh.append((job, op))
            else:
                # a chain stays a chain where empty operations share a start
                clock = max(clock, old.start)
                known.append((clock, old.end, place, op.number, job, op))
    known.sort(key=lambda item: item[:4])
    return [*((item[4], item[5]) for item in known), *fresh]


def shift_right(shop: Shop, before: ShopPlan) -> ShopPlan:
    """Every operation keeps its machine and sequence, and starts as planned or later.

    New jobs go into the gaps that are left, where they move nobody.
    """
    board = _Board(shop)
    ends: dict[str, int] = {j.name: j.ready for j in shop.jobs}
    tails: dict[int, Placed] = {}
    for job, op in _in_order(shop, before):
        key = (job.name, op.number)
        old = before.get(key)
        frozen = shop.frozen.get(key)
        if frozen is not None:
            ends[job.name] = max(ends[job.name], frozen.end)
            continue
        if old is None:
            placed = board.best(job, op, ends[job.name])
        else:
            durations = dict(reversed(op.modes))
            machine = old.machine if old.machine in durations else op.modes[0][0]
            tail = tails.get(machine)
            earliest = max(old.start, ends[job.name])
            if tail is not None:
                earliest = max(earliest, tail.end)
            start = board.gap(job.name, machine, durations[machine], earliest)
            placed = Placed(job.name, op.number, machine, start, start + durations[machine])
            tails[machine] = placed
        board.put(placed)
        ends[job.name] = placed.end
    return board.plan


def insert(shop: Shop, before: ShopPlan) -> ShopPlan:
    """Each operation as early as it goes, in the sequence of the old starts; new jobs last."""
    board = _Board(shop)
    ends: dict[str, int] = {j.name: j.ready for j in shop.jobs}
    for job, op in _in_order(shop, before):
        frozen = shop.frozen.get((job.name, op.number))
        placed = frozen or board.best(job, op, ends[job.name])
        if frozen is None:
            board.put(placed)
        ends[job.name] = max(ends[job.name], placed.end)
    return board.plan


def load_bound(shop: Shop) -> int:
    """No plan ends earlier: the longest job, and the load of each machine between head and tail.

    The bound of one machine is that of Carlier (1982): earliest head, work, shortest tail. Only
    operations without a choice of machine count as load.
    """
    bound = max((p.end for p in shop.frozen.values()), default=0)
    loads: dict[int, list[tuple[int, int, int]]] = {}
    for job in shop.jobs:
        least = [
            0 if not _open(shop, job, o) else min(d for _, d in o.modes) for o in job.operations
        ]
        clock = job.ready
        for i, op in enumerate(job.operations):
            frozen = shop.frozen.get((job.name, op.number))
            if frozen is not None:
                clock = max(clock, frozen.end)
                continue
            if len(op.modes) == 1:
                machine = op.modes[0][0]
                head = max(clock, shop.free(machine))
                loads.setdefault(machine, []).append((head, least[i], sum(least[i + 1 :])))
            clock = max(clock, min(shop.free(m) for m, _ in op.modes)) + least[i]
        bound = max(bound, clock if job.operations else 0)
    for items in loads.values():
        first, last = min(i[0] for i in items), min(i[2] for i in items)
        bound = max(bound, first + sum(i[1] for i in items) + last)
    return bound
