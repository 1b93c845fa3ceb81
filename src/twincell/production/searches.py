"""Searches side by side in threads, within a limit on the clock."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

import numpy as np

from twincell.production.shop import ShopPlan

__all__ = ["Search", "side_by_side"]

_PATIENCE = 0.2
"""A search that has not ended its slice by then is left alone [s]."""

Search = Callable[[np.random.Generator, threading.Event, Callable[[ShopPlan], None]], bool]
"""Looks for a plan with its own chance until the event is set, and gives each that is better than
those before; whether none can be better."""


def side_by_side(
    search: Search, start: ShopPlan, seconds: float, threads: int, seed: int
) -> list[ShopPlan]:
    """The best plan that each search has found until time was up; `start` for one without.

    Args:
        search: releases the interpreter's lock most of its time; ends soon once the event is set,
            and what it gives later than that is left out.
        start: a valid plan.
        seconds: limit on the clock [s].
        threads: how many searches.
        seed: of their chance.
    """
    over, found, left = threading.Event(), [start] * threads, [threads]

    def run(number: int, rng: np.random.Generator) -> None:
        best = search(rng, over, partial(found.__setitem__, number))
        left[0] -= 1
        if best or not left[0]:
            over.set()

    # a daemon: on the first call of all it compiles, and the limit holds all the same
    chances = np.random.default_rng(seed).spawn(threads)
    running = [
        threading.Thread(target=run, args=(k, rng), daemon=True) for k, rng in enumerate(chances)
    ]
    for thread in running:
        thread.start()
    over.wait(seconds)
    over.set()
    for thread in running:
        thread.join(_PATIENCE)
    return list(found)
