"""A plan of a job shop as a Gantt chart: a row a machine, a colour a job."""

from __future__ import annotations

import matplotlib

from twincell.production.shop import ShopPlan, makespan
from twincell.report.style import INK, LINE, figure, look, png

__all__ = ["gantt"]

_TALLEST = 60.0
"""Of a picture [inch]."""


def _ink(fill: tuple[float, float, float, float]) -> str:
    """White on dark bars: by the relative luminance of WCAG 2, without its gamma."""
    red, green, blue, _ = fill
    return INK if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.42 else "white"


def gantt(plan: ShopPlan, title: str) -> bytes:
    """One bar an operation; jobs are named where the bar is wide enough.

    Args:
        plan: not empty; a row each machine that has work in it.
        title: over the picture.

    Returns:
        A PNG picture.
    """
    names = sorted({p.job for p in plan.values()}, key=lambda n: (len(n), n))
    shades = matplotlib.colormaps["tab20"]
    shade = {name: shades(i % 20) for i, name in enumerate(names)}
    end = max(makespan(plan), 1)
    row = {m: i for i, m in enumerate(sorted({p.machine for p in plan.values()}), 1)}
    with look():
        drawing = figure(11.0, min(0.42 * len(row) + 1.5, _TALLEST))
        axes = drawing.subplots()
        axes.grid(axis="x", color=LINE, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        for placed in plan.values():
            width = placed.end - placed.start
            axes.barh(
                row[placed.machine],
                width,
                left=placed.start,
                height=0.78,
                color=shade[placed.job],
                edgecolor="white",
                linewidth=0.4,
            )
            if width > 0.011 * end * len(placed.job):
                axes.text(
                    placed.start + width / 2,
                    row[placed.machine],
                    placed.job,
                    ha="center",
                    va="center",
                    fontsize=6.5,
                    color=_ink(shade[placed.job]),
                )
        axes.set_yticks(list(row.values()), [f"M{m + 1}" for m in row])
        axes.invert_yaxis()
        axes.set_xlim(0, end * 1.01)
        axes.set_xlabel("time, in the unit of the file")
        axes.set_title(title, loc="left", parse_math=False)
        return png(drawing)
