"""The line's twin: 10,000 rollouts of a shift, against SimPy on the same draws, and a decision.

Before anything is timed, every shift that SimPy plays is held against ours.
"""

from __future__ import annotations

import sys
import time

import numpy as np
from figures import figure, median_time, report
from simpy_line import SimpyLine

from twincell.production.line import LinePlan, LineState, Rule, sorted_plan
from twincell.production.line_shift import example_shift
from twincell.production.tariff import Tariff
from twincell.twin.line_gate import LineGate
from twincell.twin.line_rollouts import METRICS, keys_of, project, roll_line

_TARIFF = Tariff(tuple(3600.0 * i for i in range(8)), (95, 115, 120, 105, 90, 75, 65, 60))


def main(seed: int = 1, peers: int = 100, decisions: int = 20) -> None:
    """Compare, time, report."""
    line = example_shift(np.random.default_rng(seed), _TARIFF)
    state = LineState.initial(line)
    due = LinePlan.by_job(line, line.due, "by due time")
    played = project(line, state, due).state
    plan = sorted_plan(line, played.starts, played.where, Rule.STRICT, "sequence")
    ours = roll_line(line, state, [plan], seed, peers)
    worst, start = 0.0, time.perf_counter()
    shifts = [SimpyLine(line, plan, int(key)).run() for key in keys_of(seed, 0, peers)]
    theirs = (time.perf_counter() - start) * 10_000 / peers
    for i, shift in enumerate(shifts):
        for name in METRICS:
            value = getattr(ours, name)[0, i]
            worst = max(worst, float(abs(value - shift[name]) / max(1.0, abs(value))))
    if worst > 1e-9:
        sys.exit(f"SimPy plays another shift: relative difference {worst:.2g}")
    one = roll_line(line, state, [plan], seed, 10_000, threads=1)
    many = roll_line(line, state, [plan], seed, 10_000)
    same = all(np.array_equal(getattr(one, m), getattr(many, m)) for m in METRICS)
    spent = median_time(lambda: roll_line(line, state, [plan], seed, 10_000), 9)
    single = median_time(lambda: roll_line(line, state, [plan], seed, 10_000, threads=1), 5)
    first, rest = _decisions(decisions)
    peer = f"SimPy, {peers} rollouts on the same draws"
    report(
        "twin",
        [
            figure("10,000 rollouts, 20 x 5 x 6, all cores", spent, "s", peer, theirs, 0.25),
            figure("10,000 rollouts, one thread", single, "s", peer, theirs, 0.5),
            figure("times as fast as SimPy", theirs / spent, "", "", None, 100,
                   less_is_better=False),
            figure("largest difference from SimPy, relative", worst, "", "", None, 1e-9),
            figure("figures that threads change", float(not same), "count", "", None, 0),
            figure("decision, 8 plans x 10,000, p95", first, "s", "", None, 3),
            figure("decision, gate stops early, p95", rest, "s", "", None, 3),
        ],
    )  # fmt: skip


def _decisions(count: int) -> tuple[float, float]:
    """95 % quantiles of the time of a decision [s]: all rollouts, and the gate's."""
    whole, gated = [], []
    for seed in range(count):
        line = example_shift(np.random.default_rng(seed), _TARIFF)
        state = LineState.initial(line)
        scores = (line.due, -line.penalty, line.due - 3600 * line.penalty, line.arrival,
                  line.family.astype(float), -line.margin, line.due - line.arrival)  # fmt: skip
        rivals = [LinePlan.by_job(line, s, f"rule {i}") for i, s in enumerate(scores)]
        start = time.perf_counter()
        roll_line(line, state, [LinePlan.fifo(line), *rivals], seed, 10_000)
        whole.append(time.perf_counter() - start)
        start = time.perf_counter()
        LineGate(seed=seed).judge(line, state, LinePlan.fifo(line), rivals)
        gated.append(time.perf_counter() - start)
    return float(np.quantile(whole, 0.95)), float(np.quantile(gated, 0.95))


if __name__ == "__main__":
    main(*(int(a) for a in sys.argv[1:]))
