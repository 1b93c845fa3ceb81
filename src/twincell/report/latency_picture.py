"""Latencies stage by stage: a histogram of each, and how they add up."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

__all__ = ["latency_picture"]


def latency_picture(stages: Mapping[str, NDArray[np.float64]], path: Path) -> None:
    """Draw distributions of latencies.

    Args:
        stages: by name, each shape (n,) [ms].
        path: of the PNG file.
    """
    figure = Figure(figsize=(9.0, 4.0), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.6, 1.0))
    top = max(float(np.percentile(v, 99.9)) for v in stages.values())
    low = max(min(float(v.min()) for v in stages.values()), 1e-2)
    bins = np.geomspace(low, max(top * 1.5, low * 10), 80)
    for name, values in stages.items():
        left.hist(np.clip(values, bins[0], bins[-1]), bins=bins, histtype="step", label=name)
    left.set(xscale="log", yscale="log", xlabel="latency [ms]", ylabel="events")
    left.legend(fontsize=8)
    left.grid(alpha=0.3, which="both", linewidth=0.4)
    names = list(stages)
    for row, name in enumerate(names):
        p50, p99, p999 = np.percentile(stages[name], [50, 99, 99.9])
        right.barh(row, p999, color="0.88")
        right.barh(row, p99, color="0.7")
        right.barh(row, p50, color="tab:blue")
        right.text(p999, row, f" {p50:.2f} / {p99:.2f} / {p999:.2f}", va="center", fontsize=8)
    right.set_yticks(range(len(names)), names, fontsize=8)
    right.invert_yaxis()
    right.set(xlabel="50 / 99 / 99.9 % [ms]", xlim=(0, top * 1.8))
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
