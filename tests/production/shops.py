"""Shops for tests, and a judge and a search that share no code with the project."""

from __future__ import annotations

from itertools import product

import numpy as np
from hypothesis import strategies as st

from twincell.production.shop import Operation, Placed, Shop, ShopJob, ShopPlan

FT06 = """6 6
2 1 0 3 1 6 3 7 5 3 4 6
1 8 2 5 4 10 5 10 0 10 3 4
2 5 3 4 5 8 0 9 1 1 4 7
1 5 0 5 2 5 3 3 4 8 5 9
2 9 1 3 4 5 5 4 0 3 3 1
1 3 3 3 5 9 0 10 4 4 2 1
"""
"""Fisher and Thompson (1963), 6 jobs on 6 machines; its shortest makespan is 55."""


@st.composite
def shops(draw, jobs=3, operations=2, machines=3, longest=6, ready=True, setup=False):
    """Small flexible shops."""
    count = draw(st.integers(1, machines))
    mode = st.tuples(st.integers(0, count - 1), st.integers(1, longest))
    modes = st.lists(mode, min_size=1, max_size=2, unique_by=lambda m: m[0])
    chains = draw(
        st.lists(st.lists(modes, min_size=1, max_size=operations), min_size=1, max_size=jobs)
    )
    late = st.integers(0, 5) if ready else st.just(0)
    made = tuple(
        ShopJob(f"J{i + 1}", tuple(Operation(k, tuple(m)) for k, m in enumerate(chain)), draw(late))
        for i, chain in enumerate(chains)
    )
    waits = None
    if setup:
        size = (count, len(made), len(made))
        cells = st.lists(
            st.integers(0, 4), min_size=int(np.prod(size)), max_size=int(np.prod(size))
        )
        waits = np.array(draw(cells), np.int64).reshape(size)
    return Shop(count, made, tuple(draw(late) for _ in range(count)), waits)


def shortest_by_trying(shop: Shop) -> int:
    """Makespan over all sequences and modes, each operation as early as its sequence allows.

    Some semi-active schedule is a shortest one, and every one is built by some sequence.
    """
    best = [10**9]
    clocks = [j.ready for j in shop.jobs]
    free = [shop.free(m) for m in range(shop.machines)]
    last: list[int | None] = [None] * shop.machines

    def go(done: tuple[int, ...], clocks: list[int], free: list[int], last: list[int | None]):
        if max(clocks) >= best[0] and any(
            d < len(j.operations) for d, j in zip(done, shop.jobs, strict=True)
        ):
            return
        if all(d == len(j.operations) for d, j in zip(done, shop.jobs, strict=True)):
            best[0] = min(best[0], max(clocks))
            return
        for i, job in enumerate(shop.jobs):
            if done[i] == len(job.operations):
                continue
            for machine, duration in job.operations[done[i]].modes:
                before = last[machine]
                wait = 0
                if before is not None and shop.setup is not None:
                    wait = int(shop.setup[machine, before, i])
                end = max(clocks[i], free[machine] + wait) + duration
                go(
                    (*done[:i], done[i] + 1, *done[i + 1 :]),
                    [*clocks[:i], end, *clocks[i + 1 :]],
                    [*free[:machine], end, *free[machine + 1 :]],
                    [*last[:machine], i, *last[machine + 1 :]],
                )

    go((0,) * len(shop.jobs), clocks, free, last)
    return best[0]


def holds(shop: Shop, plan: ShopPlan) -> bool:
    """Whether a plan is valid, by looking at each tick of each machine."""
    taken: dict[tuple[int, int], tuple[str, int]] = {}
    for job in shop.jobs:
        clock = job.ready
        for op in job.operations:
            p = plan[job.name, op.number]
            if p.start < max(clock, shop.free(p.machine)) or (p.machine, p.end - p.start) not in (
                op.modes
            ):
                return False
            for tick in range(p.start, p.end):
                if taken.setdefault((p.machine, tick), p.key) != p.key:
                    return False
            clock = p.end
    return True


def steadiest_by_trying(shop: Shop, before: ShopPlan, latest: int) -> int | None:
    """Least shift (as `shop.nervousness` tells it) of any plan that ends by `latest`."""
    ops = [(j.name, o) for j in shop.jobs for o in j.operations]
    choices = [[(m, d, s) for m, d in o.modes for s in range(latest - d + 1)] for _, o in ops]
    best: int | None = None
    for chosen in product(*choices):
        plan = {
            (name, o.number): Placed(name, o.number, m, s, s + d)
            for (name, o), (m, d, s) in zip(ops, chosen, strict=True)
        }
        moved = sum(
            abs(p.start - before[k].start) + (p.end - p.start) * (p.machine != before[k].machine)
            for k, p in plan.items()
        )
        if (best is None or moved < best) and holds(shop, plan):
            best = moved
    return best


def flexible_text(shop: Shop, first: int = 1, mean: str = "") -> str:
    """A file in the standard format."""
    lines = [f"{len(shop.jobs)} {shop.machines}{mean}"]
    for job in shop.jobs:
        words = [str(len(job.operations))]
        for op in job.operations:
            words.append(str(len(op.modes)))
            words += [f"{m + first} {d}" for m, d in op.modes]
        lines.append("  ".join(words))
    return "\n".join(lines) + "\n"
