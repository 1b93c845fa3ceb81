"""Scenarios of a benchmark, played here, in processes or on a cluster, each kept as it ends."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed

import numpy as np
from numpy.typing import NDArray

from twincell.twin.line_ray import Cluster, each

__all__ = ["play_scenarios"]

F64 = NDArray[np.float64]


def play_scenarios(
    play: Callable[[int], F64],
    count: int,
    workers: int,
    tell: Callable[[int, int], None],
    known: Mapping[int, F64] | None,
    keep: Callable[[int, F64], None],
    cluster: Cluster | None = None,
) -> F64:
    """Figures of all scenarios, shape (count, ...); the same on any number of workers.

    Args:
        play: from the number of a scenario to its figures; picklable.
        count: of scenarios.
        workers: processes.
        tell: takes how many scenarios are done, and of how many.
        known: figures of scenarios that an earlier run has played, by number.
        keep: takes number and figures of each scenario as soon as it is played.
        cluster: plays in place of the workers.
    """
    done = {i: figures for i, figures in (known or {}).items() if i < count}
    left = [i for i in range(count) if i not in done]
    tell(len(done), count)
    for number, figures in _played(play, left, workers, cluster):
        done[number] = figures
        keep(number, figures)
        tell(len(done), count)
    return np.stack([done[i] for i in range(count)])


def _played(
    play: Callable[[int], F64], numbers: Sequence[int], workers: int, cluster: Cluster | None
) -> Iterator[tuple[int, F64]]:
    """Number and figures of each scenario as it ends."""
    if cluster is not None:
        yield from each(cluster, play, numbers)
    elif workers <= 1:
        for number in numbers:
            yield number, play(number)
    else:
        # compiled code keeps threads, which do not survive a fork
        with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
            waiting = {pool.submit(play, number): number for number in numbers}
            for future in as_completed(waiting):
                yield waiting[future], future.result()
