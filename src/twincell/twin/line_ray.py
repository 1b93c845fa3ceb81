"""The same rollouts and scenarios on a Ray cluster: an existing one, or a local one for a run.

What is drawn depends on seed and number alone (`line_draws.py`), so a cluster changes who computes
and not what comes out.
"""

from __future__ import annotations

import pickle
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np

from twincell.errors import ProductionError
from twincell.production.line import Line, LinePlan, LineState
from twincell.twin.line_rollouts import METRICS, LineRollouts, roll_line

__all__ = ["Cluster", "cluster_at", "each", "roll_line_on"]

T = TypeVar("T")
_PATIENCE = 5.0
"""How long an address may take to answer [s]."""


@dataclass(frozen=True)
class Cluster:
    """A cluster that is connected.

    Attributes:
        address: as it was given.
        cpus: that it has.
    """

    address: str
    cpus: int


def _answers(address: str) -> None:
    """Raise ProductionError where the address is none, or nobody listens there."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise ProductionError(
            f"ray: address: given: '{address}'; valid: 'local', or HOST:PORT as '127.0.0.1:6379'"
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), _PATIENCE).close()
    except OSError as error:
        raise ProductionError(
            f"ray: no cluster answers at '{address}': {error.strerror or error}; valid: the "
            "address that 'ray start --head' tells, or 'local'"
        ) from None


@contextmanager
def cluster_at(address: str, cpus: int = 2) -> Iterator[Cluster]:
    """Connect to a cluster, and leave it at the end; a local one ends with that.

    Args:
        address: 'local', or HOST:PORT of a cluster.
        cpus: of a local one.

    Raises:
        ProductionError: no cluster answers.
    """
    import ray

    common: dict[str, Any] = {
        "include_dashboard": False if address == "local" else None,
        "log_to_driver": False,
        "logging_level": "error",
    }
    if address == "local":
        ray.init(address="local", num_cpus=cpus, _node_ip_address="127.0.0.1", **common)
    else:
        _answers(address)
        try:
            ray.init(address=address, **common)
        except (ConnectionError, RuntimeError, ValueError) as error:
            first = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ProductionError(f"ray: no cluster answers at '{address}': {first}") from None
    try:
        resources: Any = ray.cluster_resources
        yield Cluster(address, max(1, int(resources().get("CPU", 1))))
    finally:
        ray.shutdown()


def each(
    cluster: Cluster, call: Callable[[int], T], numbers: Sequence[int]
) -> Iterator[tuple[int, T]]:
    """Number and result of each call, as it ends; twice as many wait as the cluster has CPUs."""
    import ray

    remote: Any = ray.remote(num_cpus=1)(_run)
    # as bytes: arrays of Ray's own are read-only, for which the twin would be compiled anew
    shared = ray.put(pickle.dumps(call))
    left = list(reversed(numbers))
    running: dict[Any, int] = {}
    while left or running:
        while left and len(running) < 2 * cluster.cpus:
            number = left.pop()
            running[remote.remote(shared, number)] = number
        ready, _ = ray.wait(list(running), num_returns=1)
        for one in ready:
            yield running.pop(one), ray.get(one)


def _run(call: bytes, number: int) -> Any:
    """On the cluster."""
    return pickle.loads(call)(number)  # noqa: S301 - our own bytes


def _piece(
    line: Line, state: LineState, plans: tuple[LinePlan, ...], seed: int, size: int, count: int,
    number: int,
) -> LineRollouts:  # fmt: skip
    """Rollouts of one piece, on one thread."""
    first = number * size
    return roll_line(line, state, plans, seed, min(size, count - first), first, threads=1)


def roll_line_on(
    cluster: Cluster,
    line: Line,
    state: LineState,
    plans: Sequence[LinePlan],
    seed: int,
    count: int,
    size: int = 1000,
) -> LineRollouts:
    """`roll_line` on a cluster, in pieces of `size` rollouts: the same figures to the bit.

    Raises:
        ProductionError: as `roll_line`.
    """
    if count < 1 or size < 1 or not plans:
        raise ProductionError(
            f"rollouts: {count} of {len(plans)} plans in pieces of {size}; valid: at least 1 each"
        )
    for plan in plans:
        plan.check(line)
    call = partial(_piece, line, state, tuple(plans), seed, size, count)
    got = dict(each(cluster, call, range(-(-count // size))))
    return LineRollouts(
        *(np.concatenate([getattr(got[i], m) for i in sorted(got)], axis=1) for m in METRICS)
    )
