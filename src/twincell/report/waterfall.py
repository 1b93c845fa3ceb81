"""From the light to standstill: each stop of a run stage by stage, and how stages spread."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from matplotlib.patches import Patch

from twincell.cell.result import RunResult
from twincell.report.charts import stop_marks
from twincell.report.style import INK, colours, figure, look, png, tidy
from twincell.safety.chains import ChainBook
from twincell.safety.ledger import STAGES, LatencyLedger

__all__ = ["ledger_of", "waterfall"]

_MOST = 24
"""Rows of the waterfall; of more stops the slowest are shown."""
_WORDS = {
    "sensed": "until the sensor was done",
    "detected": "detected",
    "requested": "asked",
    "accepted": "taken",
    "first_deceleration": "slower",
    "standstill": "stands",
}
"""Of each stage, what it ends with."""


def ledger_of(result: RunResult) -> LatencyLedger:
    """The chains of a run, from its stops and anomalies; movers that stood make none."""
    book = ChainBook()
    for blade in result.blades:
        for anomaly in blade.anomalies:
            book.saw(anomaly.light, math.nan, anomaly.detected)
    for stop in result.stops:
        book.stopped(stop.report)
    return book.simulated


def waterfall(result: RunResult) -> bytes | None:
    """Draw it.

    Returns:
        A PNG picture; None where no mover had to come to rest.
    """
    chains = ledger_of(result).chains
    if not chains:
        return None
    spans = [{k: 1e3 * (v - min(c.stamps.values())) for k, v in c.stamps.items()} for c in chains]
    order = sorted(range(len(chains)), key=lambda i: -max(spans[i].values()))[:_MOST]
    order.sort(key=lambda i: min(chains[i].stamps.values()))
    marks = stop_marks(result.stops)
    shade = colours(STAGES[1:])
    with look():
        drawing = figure(11.0, 1.6 + 0.3 * max(len(order), 4))
        left, right = drawing.subplots(1, 2, width_ratios=(1.9, 1.0))
        tidy(left)
        tidy(right)
        for row, i in enumerate(order):
            known = [s for s in STAGES if s in spans[i]]
            for before, after in pairwise(known):
                width = spans[i][after] - spans[i][before]
                left.barh(row, width, 0.62, spans[i][before], color=shade[after], lw=0)
            left.text(spans[i][known[-1]], row, f"  {spans[i][known[-1]]:.0f}", va="center")
        names = [f"{marks[chains[i].id][0]}  {chains[i].mover}" for i in order]
        left.set_yticks(range(len(order)), names, color=INK)
        left.set_ylim(max(len(order), 4) - 0.5, -0.5)  # the first on top, bars of one height
        left.set(
            xlabel="from the light on [ms]", xlim=(0, 1.1 * max(max(s.values()) for s in spans))
        )
        ends = {
            stage: np.sort([s[stage] for s in spans if stage in s])
            for stage in STAGES[1:]
            if any(stage in s for s in spans)
        }
        for stage, values in ends.items():
            # a cumulated histogram: each step is one stop
            share = np.arange(1, len(values) + 1) / len(values)
            right.step([0.0, *values], [0.0, *share], where="post", color=shade[stage], lw=1.6)
        right.set(xlabel="from the light on [ms]", ylim=(0, 1.02), xlim=(0, None))
        right.set_ylabel("share of the stops")
        used = [s for s in STAGES[1:] if s in ends]
        drawing.legend(
            handles=[Patch(color=shade[s], label=_WORDS[s]) for s in used],
            loc="outside lower center", ncols=len(used), frameon=False, fontsize=8.5,
        )  # fmt: skip
        return png(drawing)
