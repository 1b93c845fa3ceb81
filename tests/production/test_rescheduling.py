"""Events played against policies: what comes out is what a shop could have done."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.production.shops import shops
from twincell.production.rescheduling import POLICIES, hindsight_bound, play
from twincell.production.shop import Operation, Placed, Shop, ShopJob, makespan, nervousness
from twincell.production.shop_events import ShopEvent
from twincell.production.shop_rules import dispatch


def one(machine: int, *durations: int) -> tuple[Operation, ...]:
    return tuple(Operation(k, ((machine, d),)) for k, d in enumerate(durations))


def run(shop, events, policy, first=None):
    return play(shop, first or dispatch(shop), events, policy, 0.2, lambda: 0.0, workers=1)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_failure_interrupts_what_runs_and_delays_what_waits(policy) -> None:
    shop = Shop(1, (ShopJob("J1", one(0, 10)), ShopJob("J2", one(0, 5))))
    first = {("J1", 0): Placed("J1", 0, 0, 0, 10), ("J2", 0): Placed("J2", 0, 0, 10, 15)}
    done = run(shop, [ShopEvent("D1", 4, down=((0, 7),))], policy, first)
    assert done.plan["J1", 0] == Placed("J1", 0, 0, 0, 17)
    assert done.plan["J2", 0] == Placed("J2", 0, 0, 17, 22)
    assert done.makespan == 22
    # J1 had begun; J2 moved by 7
    assert done.nervousness == 7.0


def test_failures_that_overlap_last_until_the_later_end() -> None:
    shop = Shop(1, (ShopJob("J1", one(0, 10)),))
    events = [ShopEvent("D1", 2, down=((0, 6),)), ShopEvent("D2", 5, down=((0, 9),))]
    # down from 2 to 14, 8 left
    assert run(shop, events, "right_shift").makespan == 22


def test_a_changed_duration_adds_to_what_a_failure_has_added() -> None:
    shop = Shop(1, (ShopJob("J1", one(0, 10)),))
    events = [ShopEvent("D1", 2, down=((0, 6),)), ShopEvent("D2", 9, durations=(("J1", 0, 13),))]
    assert run(shop, events, "right_shift").makespan == 19
    shorter = [events[0], ShopEvent("D2", 12, durations=(("J1", 0, 3),))]
    assert run(shop, shorter, "right_shift").makespan == 12


@pytest.mark.parametrize("policy", POLICIES)
def test_a_cancelled_job_ends_what_it_has_begun_and_nothing_else(policy) -> None:
    shop = Shop(1, (ShopJob("J1", one(0, 4, 6)), ShopJob("J2", one(0, 5))))
    first = {
        ("J1", 0): Placed("J1", 0, 0, 0, 4),
        ("J1", 1): Placed("J1", 1, 0, 4, 10),
        ("J2", 0): Placed("J2", 0, 0, 10, 15),
    }
    done = run(shop, [ShopEvent("D1", 2, cancelled=("J1",))], policy, first)
    assert set(done.plan) == {("J1", 0), ("J2", 0)}
    assert done.plan["J1", 0].end == 4
    assert done.plan["J2", 0].start == (10 if policy == "right_shift" else 4)


def test_match_up_keeps_the_plan_where_a_search_would_shuffle_it() -> None:
    """A second machine is idle anyway: match-up has no reason to touch it."""
    jobs = (ShopJob("J1", one(0, 10, 10)), ShopJob("J2", one(1, 3)), ShopJob("J3", one(1, 4)))
    shop = Shop(2, jobs)
    first = {
        ("J1", 0): Placed("J1", 0, 0, 0, 10),
        ("J1", 1): Placed("J1", 1, 0, 10, 20),
        ("J2", 0): Placed("J2", 0, 1, 12, 15),
        ("J3", 0): Placed("J3", 0, 1, 8, 12),
    }
    done = run(shop, [ShopEvent("D1", 5, down=((0, 5),))], "match_up", first)
    assert done.makespan == 25
    assert {k: done.plan[k] for k in (("J2", 0), ("J3", 0))} == {
        k: first[k] for k in (("J2", 0), ("J3", 0))
    }


@st.composite
def played_shops(draw):
    shop = draw(shops(jobs=3, operations=3, longest=8, ready=False))
    shop = replace(shop, ready=())
    events, clock, jobs = [], 0, len(shop.jobs)
    for n in range(draw(st.integers(1, 4))):
        clock += draw(st.integers(0, 8))
        kind = draw(st.sampled_from(["down", "arrival", "cancel"]))
        if kind == "down":
            down = (draw(st.integers(0, shop.machines - 1)), draw(st.integers(1, 9)))
            events.append(ShopEvent(f"D{n}", clock, down=(down,)))
        elif kind == "arrival":
            jobs += 1
            steps = draw(
                st.lists(
                    st.tuples(st.integers(0, shop.machines - 1), st.integers(1, 8)),
                    min_size=1,
                    max_size=2,
                )
            )
            ops = tuple(Operation(k, (s,)) for k, s in enumerate(steps))
            events.append(ShopEvent(f"D{n}", clock, arrivals=(ShopJob(f"J{jobs}", ops, clock),)))
        else:
            events.append(ShopEvent(f"D{n}", clock, cancelled=(f"J{draw(st.integers(1, jobs))}",)))
    return shop, tuple(events)


@settings(max_examples=20, deadline=None)
@given(case=played_shops(), policy=st.sampled_from(POLICIES))
def test_what_was_done_could_have_been_done(case, policy) -> None:
    """Judged tick by tick from the events alone: machines that are down do nothing."""
    shop, events = case
    done = run(shop, events, policy)
    jobs = [*shop.jobs, *(j for e in events for j in e.arrivals)]
    down = {(m, t) for e in events for m, length in e.down for t in range(e.time, e.time + length)}
    busy = set()
    for job in jobs:
        clock = job.ready
        gone = min((e.time for e in events if job.name in e.cancelled), default=None)
        open_end = False
        for op in job.operations:
            placed = done.plan.get((job.name, op.number))
            if placed is None:
                assert gone is not None
                open_end = True
                continue
            assert not open_end, "work after a gap in the chain"
            assert gone is None or placed.start < gone
            assert placed.start >= clock
            assert (placed.machine, placed.start) not in down
            ticks = {(placed.machine, t) for t in range(placed.start, placed.end)} - down
            assert (placed.machine, len(ticks)) in op.modes
            assert not ticks & busy
            busy |= ticks
            clock = placed.end
    assert done.makespan == makespan(done.plan)
    assert done.makespan >= hindsight_bound(shop, events)


def test_nervousness_counts_starts_and_machines() -> None:
    old = {("a", 0): Placed("a", 0, 0, 5, 9), ("b", 0): Placed("b", 0, 1, 0, 2)}
    new = {("a", 0): Placed("a", 0, 1, 2, 8), ("c", 0): Placed("c", 0, 1, 0, 2)}
    # 3 earlier, and 6 long on another machine
    assert nervousness(old, new) == (9, 1)
