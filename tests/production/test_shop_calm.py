"""Annealing towards the running plan, against all semi-active plans of small shops."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.production.shops import FT06, holds, shops
from twincell.production.shop import Placed, Shop, ShopPlan, makespan, nervousness
from twincell.production.shop_calm import calmer
from twincell.production.shop_files import read_job_shop
from twincell.production.shop_rules import dispatch, insert, shift_right
from twincell.production.shop_solver import steadiest
from twincell.production.shop_tabu import TabuSearch


def semi_active(shop: Shop):
    """Every plan in which each operation starts as early as its sequence allows."""

    def go(done, clocks, free, plan):
        if all(d == len(j.operations) for d, j in zip(done, shop.jobs, strict=True)):
            yield dict(plan)
            return
        for i, job in enumerate(shop.jobs):
            if done[i] == len(job.operations):
                continue
            for machine, took in job.operations[done[i]].modes:
                at = max(clocks[i], free[machine])
                key = job.name, done[i]
                yield from go(
                    (*done[:i], done[i] + 1, *done[i + 1 :]),
                    (*clocks[:i], at + took, *clocks[i + 1 :]),
                    (*free[:machine], at + took, *free[machine + 1 :]),
                    {**plan, key: Placed(*key, machine, at, at + took)},
                )

    ready = tuple(shop.free(m) for m in range(shop.machines))
    yield from go((0,) * len(shop.jobs), tuple(j.ready for j in shop.jobs), ready, {})


def disturbed(shop: Shop, late: int) -> tuple[Shop, ShopPlan, ShopPlan]:
    """A shop whose first machine fails, its running plan, and a plan to begin with."""
    before = dispatch(shop)
    harmed = replace(shop, ready=(shop.free(0) + late, *shop.ready[1:]))
    return harmed, before, insert(harmed, before)


@settings(max_examples=8, deadline=None)
@given(shop=shops(jobs=3, operations=2, machines=2), late=st.integers(1, 8))
def test_it_finds_the_calmest_of_all_semi_active_plans(shop, late) -> None:
    harmed, before, start = disturbed(shop, late)
    latest = makespan(start)
    made = calmer(harmed, before, start, latest, 60.0, threads=1, rounds=6)
    assert holds(harmed, made)
    least = min(nervousness(before, p)[0] for p in semi_active(harmed) if makespan(p) <= latest)
    assert nervousness(before, made)[0] == least


@settings(max_examples=8, deadline=None)
@given(
    shop=shops(jobs=9, operations=6, machines=4, longest=9),
    late=st.integers(1, 30),
    seed=st.integers(0, 9),
)
def test_it_is_valid_in_time_and_never_less_calm(shop, late, seed) -> None:
    harmed, before, start = disturbed(shop, late)
    for begin in (start, shift_right(harmed, before)):
        made = calmer(harmed, before, begin, makespan(begin), 60.0, 2, seed, rounds=3)
        assert holds(harmed, made)
        assert makespan(made) <= makespan(begin)
        assert nervousness(before, made)[0] <= nervousness(before, begin)[0]


@pytest.mark.parametrize(("machine", "late"), [(1, 10), (2, 20), (3, 20), (5, 30)])
def test_it_comes_close_to_what_cp_sat_proves(tmp_path, machine, late) -> None:
    """Ways that begin at the running sequence find what annealing from the shortest plan misses."""
    (tmp_path / "ft06.txt").write_text(FT06, encoding="utf-8")
    shop = read_job_shop(tmp_path / "ft06.txt")
    before = searched(shop)
    harmed = replace(shop, ready=tuple(late if m == machine else 0 for m in range(6)))
    start = searched(harmed)
    latest = makespan(start)
    made = calmer(harmed, before, start, latest, 60.0, threads=1, rounds=16)
    # its plans may leave idle time in, ours may not
    least = steadiest(harmed, before, latest, 30.0, start)
    assert least is not None
    low, moved = (nervousness(before, p)[0] for p in (least, made))
    assert low <= moved <= 1.1 * low


def searched(shop: Shop) -> ShopPlan:
    """A short plan, by a search that begins with nothing."""
    search = TabuSearch(shop, dispatch(shop), np.random.default_rng(2))
    search.run(20_000)
    return search.plan
