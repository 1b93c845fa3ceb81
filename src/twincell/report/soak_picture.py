"""A soak over time: memory of each process, latencies, counters."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from twincell.report.style import INK, LINE, MUTED, STOP, colours, figure, look
from twincell.stack.soak import Record

__all__ = ["soak_picture"]


def soak_picture(record: Record, path: Path) -> None:
    """Draw a soak.

    Args:
        record: what it wrote down.
        path: of the PNG file.
    """
    samples = record.samples
    minutes = np.array([s["t"] for s in samples]) / 60.0
    with look():
        canvas = figure(9.0, 8.0)
        memory, latency, counters = canvas.subplots(3, 1, sharex=True, height_ratios=(1.3, 1, 1))
        names = sorted({name for s in samples for name in s["memory"]})
        for name, colour in colours(names).items():
            sizes = [s["memory"].get(name, (0, np.nan))[1] / 1e6 for s in samples]
            memory.plot(minutes, sizes, color=colour, label=name, linewidth=1.2)
        memory.set(ylabel="memory [MB]", title="Memory of each process; a gap is a killed one")
        memory.legend(fontsize=7, ncols=4, loc="upper center", bbox_to_anchor=(0.5, -0.04))
        stops = [(s["t"] / 60.0, x) for s in samples for x in s["accepted_ms"]]
        if stops:
            t, x = np.array(stops).T
            latency.scatter(t, np.maximum(x, 1e-2), s=5, color=MUTED, label="stop asked → accepted")
        gaps = np.array([s["gap_ms"] for s in samples])
        latency.plot(minutes, np.maximum(gaps, 1e-2), color=STOP, linewidth=0.9,
                     label="longest gap between safety states, faults among them")  # fmt: skip
        latency.set(ylabel="wall time [ms]", yscale="log", title="Latencies")
        latency.legend(fontsize=7, loc="upper right")
        for key, colour in (("stops", INK), ("restarts", STOP)):
            counters.step(minutes, [s[key] for s in samples], color=colour, label=key)
        done = np.sort([c["t"] / 60.0 for c in record.cases])
        counters.step(done, np.arange(1, len(done) + 1), color="#1f5fa8", label="faults")
        counters.set(xlabel="wall time [min]", ylabel="count", ylim=(0, None), title="Counters")
        counters.legend(fontsize=7, loc="upper left")
        load = counters.twinx()
        load.plot(minutes, [s["load"] for s in samples], color=MUTED, linewidth=0.8)
        load.set(ylabel="load of the machine", ylim=(0, None))
        for axes in (memory, latency, counters):
            axes.grid(color=LINE, linewidth=0.5)
            axes.set_xlim(0, max(float(minutes[-1]) if len(minutes) else 1.0, 0.1))
        path.parent.mkdir(parents=True, exist_ok=True)
        canvas.savefig(path, dpi=100)
