"""Searches that a test writes, with plans that it can tell apart."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np

from twincell.production.searches import side_by_side
from twincell.production.shop import Placed, ShopPlan

Give = Callable[[ShopPlan], None]


def plan(end: int) -> ShopPlan:
    return {("a", 0): Placed("a", 0, 0, 0, end)}


def test_what_was_found_by_the_limit_counts_though_the_search_goes_on() -> None:
    """A slice that takes long loses nothing that was found before it, and nobody waits for it."""
    ended = threading.Event()

    def slow(_rng: np.random.Generator, _over: threading.Event, give: Give) -> bool:
        give(plan(9))
        give(plan(8))
        ended.wait(20.0)
        give(plan(7))
        return False

    began = time.monotonic()
    found = side_by_side(slow, plan(10), 0.05, 2, 0)
    assert time.monotonic() - began < 10.0
    ended.set()
    assert found == [plan(8), plan(8)]


def test_all_end_when_one_can_be_no_better() -> None:
    def search(rng: np.random.Generator, over: threading.Event, give: Give) -> bool:
        if rng.random() < 0.5:
            give(plan(1))
            return True
        return not over.wait(20.0)

    chances = [rng.random() for rng in np.random.default_rng(3).spawn(4)]
    assert min(chances) < 0.5 < max(chances)
    found = side_by_side(search, plan(10), 60.0, 4, 3)
    assert found == [plan(1) if c < 0.5 else plan(10) for c in chances]
