"""What plans of a line come to: the distribution of cost and of turnaround of each."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from twincell.report.style import MUTED, colours, figure, look, png, tidy

__all__ = ["line_picture"]

F64 = NDArray[np.float64]
_AXES = (
    ("cost", 1.0, "penalties, energy and holding [EUR]"),
    ("turnaround", 3600.0, "turnaround [h]"),
)


def line_picture(plans: Mapping[str, Mapping[str, F64]], chosen: str, title: str) -> bytes:
    """A PNG file of histograms, a line a plan, with its mean.

    Args:
        plans: by name: `cost` [EUR] and `turnaround` [s], each shape (rollouts,).
        chosen: the plan to work by; its line is thick.
        title: of the picture.
    """
    colour = colours(plans)
    with look():
        drawing = figure(9.0, 3.6)
        for axes, (key, scale, label) in zip(drawing.subplots(1, 2), _AXES, strict=True):
            values = {name: rows[key] / scale for name, rows in plans.items()}
            every = np.concatenate(list(values.values()))
            low, high = np.quantile(every, [0.0, 0.995])
            edges = np.linspace(low, max(high, low + 1e-9), 61)
            for name, row in values.items():
                thick = 2.4 if name == chosen else 1.1
                axes.hist(row, edges, histtype="step", color=colour[name], linewidth=thick)
                axes.axvline(float(row.mean()), color=colour[name], linestyle=":", linewidth=1.2)
            axes.set_xlabel(label)
            axes.set_ylabel("shifts", color=MUTED)
            tidy(axes)
        for name in plans:
            said = f"{name}: to work by" if name == chosen else name
            axes.plot([], [], color=colour[name], linewidth=2.4, label=said)
        drawing.suptitle(title, x=0.01, ha="left", parse_math=False)
        drawing.legend(loc="outside lower center", ncols=4, frameon=False)
        return png(drawing)
