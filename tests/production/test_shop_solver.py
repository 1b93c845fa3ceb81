"""Plans against trying everything, and against what is published."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.production.shops import FT06, holds, shops, shortest_by_trying, steadiest_by_trying
from twincell.errors import ProductionError
from twincell.production.shop import Operation, Placed, Shop, ShopJob, makespan, nervousness
from twincell.production.shop_check import faults
from twincell.production.shop_files import read_job_shop
from twincell.production.shop_rules import dispatch, insert, load_bound, shift_right
from twincell.production.shop_solver import shortest, steadiest

quick = settings(max_examples=40, deadline=None)


@quick
@given(shop=shops(jobs=3, operations=3, machines=2))
def test_the_search_ends_at_the_shortest_plan_there_is(shop) -> None:
    best = shortest_by_trying(shop)
    found = shortest(shop, 5.0, workers=1)
    assert found.makespan == makespan(found.plan) == found.bound == best
    assert found.gap == 0.0
    assert faults(shop, found.plan) == []
    assert holds(shop, found.plan)


@settings(max_examples=15, deadline=None)
@given(shop=shops(setup=True))
def test_set_ups_lie_between_jobs(shop) -> None:
    found = shortest(shop, 5.0, workers=1)
    assert found.makespan == found.bound == shortest_by_trying(shop)
    assert faults(shop, found.plan) == []


@quick
@given(shop=shops())
def test_rules_give_valid_plans_above_the_bound(shop) -> None:
    plan = dispatch(shop)
    assert holds(shop, plan)
    best = shortest_by_trying(shop)
    assert load_bound(shop) <= best <= makespan(plan)
    later = replace(shop, ready=tuple(r + 3 for r in shop.ready))
    for repaired in (shift_right(later, plan), insert(later, plan)):
        assert faults(later, repaired) == []
        assert holds(later, repaired)
    moved = shift_right(later, plan)
    assert all(moved[k].machine == p.machine and moved[k].start >= p.start for k, p in plan.items())


LATER = Shop(
    1,
    (
        ShopJob("J1", (Operation(0, ((0, 3),)),)),
        ShopJob("J2", (Operation(0, ((0, 1),)), Operation(1, ((0, 1),)))),
    ),
)
"""What moves least would end after the time that is given."""


@settings(max_examples=12, deadline=None)
@example(shop=LATER)
@given(shop=shops(jobs=2, operations=2, machines=2, longest=3, ready=False))
def test_the_steadiest_plan_moves_least_of_all(shop) -> None:
    before = dispatch(shop)
    harmed = replace(shop, ready=(2,) * shop.machines)
    start = shift_right(harmed, before)
    latest = makespan(start)
    made = steadiest(harmed, before, latest, 5.0, start, workers=1)
    assert made is not None
    assert holds(harmed, made)
    assert makespan(made) <= latest
    moved = nervousness(before, made)[0]
    assert moved == steadiest_by_trying(harmed, before, latest)
    assert moved <= nervousness(before, start)[0]


@settings(max_examples=12, deadline=None)
@given(shop=shops(jobs=2, operations=2, machines=2, longest=3, ready=False))
def test_the_steadiest_plan_begins_earlier_where_it_has_to(shop) -> None:
    """Machines that were to come back later are there at once."""
    before = dispatch(replace(shop, ready=(2,) * shop.machines))
    start = dispatch(shop)
    latest = makespan(start)
    made = steadiest(shop, before, latest, 5.0, start, workers=1)
    assert made is not None
    assert holds(shop, made)
    assert nervousness(before, made)[0] == steadiest_by_trying(shop, before, latest)


def test_the_published_optimum_of_ft06_is_proven(tmp_path) -> None:
    path = tmp_path / "ft06.txt"
    path.write_text(FT06)
    shop = read_job_shop(path)
    found = shortest(shop, 20.0)
    assert (found.makespan, found.bound, found.method) == (55, 55, "cp_sat")
    assert faults(shop, found.plan) == []


def test_what_is_frozen_stays_and_the_rest_goes_around_it() -> None:
    jobs = tuple(
        ShopJob(name, (Operation(0, ((0, 3),)), Operation(1, ((1, 2), (0, 1))))) for name in "ab"
    )
    stays = Placed("b", 0, 0, 1, 4)
    shop = Shop(2, jobs, frozen={("b", 0): stays})
    for plan in (dispatch(shop), shortest(shop, 5.0, workers=1).plan):
        assert plan["b", 0] == stays
        assert faults(shop, plan) == []
    # job a waits for machine 0 until 4, ends there at 7, and needs one more
    assert shortest(shop, 5.0, workers=1).makespan == 8


def test_frozen_operations_that_contradict_each_other_are_told() -> None:
    jobs = tuple(ShopJob(name, (Operation(0, ((0, 3),)), Operation(1, ((0, 4),)))) for name in "ab")
    frozen = {(n, 0): Placed(n, 0, 0, 0, 3) for n in "ab"}
    with pytest.raises(ProductionError, match="on machine 0 at once; valid"):
        Shop(1, jobs, frozen=frozen)
    for gap in ({("a", 1): Placed("a", 1, 0, 3, 7)}, {**frozen, ("a", 1): Placed("a", 1, 0, 2, 6)}):
        with pytest.raises(ProductionError, match="the first operations of a job, in sequence"):
            Shop(1, jobs, frozen=gap)


@quick
@given(shop=shops(ready=False), data=st.data())
def test_the_judge_sees_what_is_wrong(shop, data) -> None:
    plan = dict(dispatch(shop))
    key = data.draw(st.sampled_from(sorted(plan)))
    placed = plan[key]
    harm = data.draw(st.sampled_from(["lost", "moved", "longer", "unknown", "renamed"]))
    if harm == "lost":
        del plan[key]
    elif harm == "moved":
        by = data.draw(st.integers(-4, 4))
        plan[key] = replace(placed, start=placed.start + by, end=placed.end + by)
        # most shifts break the plan, some do not: the tick-by-tick judge knows which
        assert bool(faults(shop, plan)) is not holds(shop, plan)
        return
    elif harm == "longer":
        plan[key] = replace(placed, end=placed.end + 10)
    elif harm == "unknown":
        plan["J99", 0] = replace(placed, job="J99")
    else:
        plan[key] = replace(placed, number=77)
    assert faults(shop, plan)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"machines": 1}, "unknown machine 1; valid: 0 to 0"),
        ({"ready": (1,)}, "1 values; valid: 2"),
        ({"frozen": {("c", 0): Placed("c", 0, 0, 0, 1)}}, "not in the shop"),
        ({"jobs": (ShopJob("a", ()), ShopJob("a", ()))}, "a job is there twice"),
        ({"jobs": (ShopJob("a", (Operation(0, ()),)),)}, "no machine; valid: at least one"),
        ({"jobs": (ShopJob("a", (Operation(0, ((0, -1),)),)),)}, "takes -1; valid: >= 0"),
    ],
)
def test_an_impossible_shop_is_refused(change, said) -> None:
    shop = Shop(2, (ShopJob("a", (Operation(0, ((1, 2),)),)),))
    with pytest.raises(ProductionError, match=said):
        replace(shop, **change)


def test_a_late_machine_that_is_given_nothing_holds_nothing_up() -> None:
    """Else there was no plan, or one that ends later was called the best."""
    modes = ((0, 3), (1, 1))
    jobs = tuple(ShopJob(n, (Operation(0, modes),)) for n in "ab")
    shop = Shop(2, jobs, ready=(0, 10))
    made = shortest(shop, 5.0)
    assert (made.makespan, made.bound) == (6, 6)
    forced = Shop(2, (*jobs, ShopJob("c", (Operation(0, ((1, 2),)),))), ready=(0, 10))
    assert shortest(forced, 5.0).makespan == 12
