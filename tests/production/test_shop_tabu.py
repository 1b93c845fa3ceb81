"""Tabu search: valid, never worse, and as good as trying everything where that is possible."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.production.shops import FT06, holds, shops, shortest_by_trying
from twincell.production.shop import Operation, Placed, Shop, ShopJob, makespan
from twincell.production.shop_check import faults
from twincell.production.shop_files import read_job_shop
from twincell.production.shop_rules import dispatch, load_bound, shift_right
from twincell.production.shop_tabu import TabuSearch, fits, improved


@settings(max_examples=60, deadline=None)
@given(shop=shops(jobs=3, operations=3, machines=3), seed=st.integers(0, 9))
def test_it_finds_the_shortest_plan_of_small_shops(shop, seed) -> None:
    search = TabuSearch(shop, dispatch(shop), np.random.default_rng(seed))
    search.run(3000, load_bound(shop))
    plan = search.plan
    assert holds(shop, plan)
    assert faults(shop, plan) == []
    assert search.makespan == makespan(plan) == shortest_by_trying(shop)


@settings(max_examples=60, deadline=None)
@given(
    shop=shops(jobs=8, operations=6, machines=4, longest=9),
    seed=st.integers(0, 9),
    steps=st.integers(1, 40),
)
def test_it_is_valid_wherever_it_stops_and_never_worse(shop, seed, steps) -> None:
    start = dispatch(shop)
    # a plan with idle time in it is pulled to the left, not taken as it is
    late = shift_right(replace(shop, ready=tuple(r + 5 for r in shop.ready)), start)
    search = TabuSearch(shop, late, np.random.default_rng(seed))
    last = makespan(late)
    for _ in range(steps):
        search.run(3)
        assert search.makespan <= last
        last = search.makespan
        assert holds(shop, search.plan)
        assert makespan(search.plan) == last


def test_the_same_chance_gives_the_same_plan_and_slices_do_not_matter(tmp_path) -> None:
    path = tmp_path / "ft06.txt"
    path.write_text(FT06)
    shop = read_job_shop(path)
    once = TabuSearch(shop, dispatch(shop), np.random.default_rng(3))
    once.run(1500)
    again = TabuSearch(shop, dispatch(shop), np.random.default_rng(3))
    again.run(1500)
    assert once.plan == again.plan
    assert once.makespan < makespan(dispatch(shop))
    again.run(20000, 55)
    # the published optimum, from which nothing can go on
    assert again.makespan == 55
    assert not again.run(1, 55)


def test_side_by_side_it_ends_at_the_bound(tmp_path) -> None:
    path = tmp_path / "ft06.txt"
    path.write_text(FT06)
    shop = read_job_shop(path)
    plan = improved(shop, dispatch(shop), 60.0, 55, threads=2)
    assert makespan(plan) == 55
    assert faults(shop, plan) == []


def test_what_it_cannot_do_is_left_to_others() -> None:
    shop = Shop(1, (ShopJob("a", (Operation(0, ((0, 2),)),)),))
    assert fits(shop)
    assert not fits(Shop(1, ()))
    assert not fits(replace(shop, setup=np.zeros((1, 1, 1), np.int64)))
    assert not fits(replace(shop, frozen={("a", 0): Placed("a", 0, 0, 0, 2)}))
    assert not fits(Shop(1, (ShopJob("a", (Operation(0, ((0, 0),)),)),)))
