"""The twin on Ray: who computes does not change what comes out."""

from __future__ import annotations

import socket
from time import perf_counter

import numpy as np
import pytest

from twincell.errors import ProductionError
from twincell.production.line import LinePlan, LineState
from twincell.production.line_shift import example_shift
from twincell.production.prices import example_tariff
from twincell.twin.line_campaign import campaign
from twincell.twin.line_ray import cluster_at, roll_line_on
from twincell.twin.line_rollouts import METRICS, roll_line


@pytest.mark.timeout(240)
def test_a_cluster_gives_the_same_bits_and_ends() -> None:
    import ray

    line = example_shift(np.random.default_rng(1), example_tariff(), 6)
    state = LineState.initial(line)
    plans = [LinePlan.fifo(line), LinePlan.by_job(line, line.due, "due")]
    here = roll_line(line, state, plans, 3, 130)
    shifts = campaign(5, [example_tariff()] * 2, perf_counter, 1, 4, ("fifo", "right_shift"))
    with cluster_at("local", 2) as cluster:
        assert cluster.cpus == 2
        there = roll_line_on(cluster, line, state, plans, 3, 130, size=50)
        again = campaign(
            5, [example_tariff()] * 2, perf_counter, 1, 4, ("fifo", "right_shift"), cluster=cluster
        )
    assert not ray.is_initialized()
    for name in METRICS:
        assert np.array_equal(getattr(here, name), getattr(there, name)), name
    assert np.array_equal(shifts[..., :-1], again[..., :-1])


def test_an_address_where_nobody_answers_is_told() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (
        pytest.raises(ProductionError, match=f"no cluster answers at '127.0.0.1:{port}'"),
        cluster_at(f"127.0.0.1:{port}"),
    ):
        pass
    with pytest.raises(ProductionError, match="given: 'head'; valid: 'local', or HOST:PORT"):
        cluster_at("head").__enter__()
