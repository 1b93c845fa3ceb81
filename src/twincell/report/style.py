"""One look for all figures: colours that colour-blind readers tell apart, type, PNG out."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

__all__ = ["INK", "LINE", "MUTED", "PLAN", "STOP", "colours", "figure", "look", "png", "tidy"]

INK, MUTED, LINE = "#1c2430", "#5d6978", "#d5dbe3"
STOP, PLAN = "#b3261e", "#1f5fa8"
_PALETTE = (
    "#4477aa",
    "#ee7733",
    "#228833",
    "#aa3377",
    "#66ccee",
    "#ccbb44",
    "#997755",
    "#7788cc",
    "#44aa99",
    "#dd8899",
)
"""After Paul Tol's colour schemes (SRON/EPS/TN/09-002)."""


def colours(names: Iterable[str]) -> dict[str, str]:
    """One colour a name, always the same for the same names."""
    return {name: _PALETTE[i % len(_PALETTE)] for i, name in enumerate(dict.fromkeys(names))}


@contextmanager
def look() -> Iterator[None]:
    """Type and lines of all figures, without touching what the caller has set."""
    with rc_context(
        {
            "font.family": "DejaVu Sans",
            "font.size": 9.5,
            "text.color": INK,
            "axes.edgecolor": LINE,
            "axes.labelcolor": MUTED,
            "axes.titlesize": 10,
            "xtick.color": MUTED,
            "ytick.color": MUTED,
        }
    ):
        yield


def figure(width: float, height: float) -> Figure:
    """An empty figure [inch] that needs no display."""
    drawing = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    FigureCanvasAgg(drawing)
    return drawing


def tidy(axes: Axes) -> None:
    """No frame above and on the right, a quiet grid behind."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", color=LINE, linewidth=0.7)
    axes.set_axisbelow(True)


def png(drawing: Figure, dpi: int = 150) -> bytes:
    """The figure as a PNG file."""
    # the layout gives titles their room only when it knows what a fixed aspect has left of the axes
    drawing.draw_without_rendering()
    buffer = io.BytesIO()
    drawing.savefig(buffer, format="png", dpi=dpi)
    return buffer.getvalue()
