"""A blade's surface as pictures: both sides seen square on, deviation from the CAD in colour."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch
from matplotlib.transforms import Affine2D
from numpy.typing import NDArray

from twincell.cell.extras import DeviationMap
from twincell.cell.result import BladeResult
from twincell.inspection.anomaly import Anomaly
from twincell.report.style import INK, MUTED, STOP, figure, look, png

__all__ = ["blade_picture", "raster", "side_of"]

Array = NDArray[np.float64]

CELL = 0.25
"""Edge of a picture cell on the blade [mm]."""
SCALE = 100.0
"""Deviation at the ends of the colour scale [µm]; farther ones keep the end's colour."""
FRAME = "#0b7a4b"


def blade_picture(blade: BladeResult, measured: DeviationMap) -> bytes:
    """Suction and pressure side, anomalies framed, true flaws as dashed lines.

    Returns:
        A PNG picture.
    """
    points = 1e3 * np.asarray(measured.points, float)
    microns = 1e6 * np.asarray(measured.deviation, float)
    suction = measured.suction
    low, high = points[:, [0, 2]].min(axis=0) - 1, points[:, [0, 2]].max(axis=0) + 1
    with look():
        wide, tall = (high - low) * (6.2 / max(high[1] - low[1], 1.0))
        drawing = figure(max(2 * wide * 0.8, 4.6) + 1.5, max(tall * 0.75, 3.4) + 1.0)
        panels = drawing.subplots(1, 2, sharey=True)
        image: Any = None
        for axes, side, mask in zip(
            panels, ("suction", "pressure"), (suction, ~suction), strict=True
        ):
            grid = raster(points[mask][:, [0, 2]], microns[mask], low, high)
            colour = colormaps["RdBu"].with_extremes(bad="#e9ecf0")
            image = axes.imshow(
                np.ma.masked_invalid(grid),
                origin="lower",
                cmap=colour,
                vmin=-SCALE,
                vmax=SCALE,
                extent=(low[0], high[0], low[1], high[1]),
                interpolation="nearest",
            )
            _outlines(axes, blade, side, points, suction)
            axes.set_title(f"{side} side", color=INK)
            axes.set_xlabel("x, along the chord [mm]")
            axes.spines[:].set_visible(False)
            if side == "pressure":  # seen from -y, where +x runs the other way
                axes.invert_xaxis()
        panels[0].set_ylabel("z, along the span [mm]")
        bar = drawing.colorbar(image, ax=list(panels), extend="both", shrink=0.85, pad=0.02)
        bar.set_label("deviation from CAD [µm], cracks are negative", color=MUTED)
        bar.outline.set_visible(False)
        drawing.legend(handles=_legend(), loc="outside lower center", ncols=3, frameon=False)
        return png(drawing)


def raster(points: Array, values: Array, low: Array, high: Array) -> Array:
    """The value of largest size in each cell, NaN where no point fell.

    Args:
        points: shape (n, 2) [mm].
        values: shape (n,).
        low: lower corner, shape (2,) [mm].
        high: upper corner, shape (2,) [mm].

    Returns:
        Shape (rows along the second axis, columns along the first).
    """
    columns, rows = np.maximum(np.ceil((high - low) / CELL).astype(int), 1)
    grid = np.full((rows, columns), np.nan)
    if not len(points):
        return grid
    order = np.argsort(np.abs(values), kind="stable")  # the largest is written last
    index: NDArray[np.int64] = np.clip(
        ((points[order] - low) / CELL).astype(int), 0, [columns - 1, rows - 1]
    )
    grid[index[:, 1], index[:, 0]] = values[order]
    return grid


def side_of(center: Array, points: Array, suction: NDArray[np.bool_]) -> str:
    """The side of the scanned point nearest to a centre: a scan cut short has not both sides."""
    nearest = int(((points - center) ** 2).sum(axis=1).argmin())
    return "suction" if suction[nearest] else "pressure"


def _outlines(
    axes: Axes, blade: BladeResult, side: str, points: Array, suction: NDArray[np.bool_]
) -> None:
    for flaw in blade.truth:
        if flaw.side == side:
            path = 1e3 * np.asarray(flaw.path, float)
            axes.plot(path[:, 0], path[:, 2], color=INK, linestyle=(0, (2, 2)), linewidth=0.9)
    for anomaly in blade.anomalies:
        center = 1e3 * np.asarray(anomaly.center, float)
        if side_of(center, points, suction) == side:
            _frame(axes, anomaly, center)


def _frame(axes: Axes, anomaly: Anomaly, center: Array) -> None:
    """A rounded box along the indication, 1.5 mm outside it, with its length written on it."""
    run = np.array([anomaly.direction[0], anomaly.direction[2]], float)
    share = float(np.linalg.norm(run))
    length, width = 1e3 * anomaly.length * max(share, 0.2) + 3.0, 3.5
    angle = float(np.degrees(np.arctan2(run[1], run[0]))) if share > 1e-9 else 0.0
    box = FancyBboxPatch(
        (-length / 2, -width / 2),
        length,
        width,
        boxstyle="round,pad=0,rounding_size=1.2",
        fill=False,
        edgecolor=STOP if anomaly.severity == "critical" else FRAME,
        linewidth=1.8,
    )
    place = Affine2D().rotate_deg(angle).translate(center[0], center[2])
    box.set_transform(place + axes.transData)
    axes.add_patch(box)
    # beyond the box's upper end, so that the words cover nothing of the crack
    reach = abs(np.sin(np.radians(angle))) * length / 2 + width / 2
    axes.annotate(
        f"{1e3 * anomaly.length:.1f} mm {anomaly.kind}",
        (center[0], center[2] + reach + 0.6),
        ha="center",
        va="bottom",
        fontsize=8,
        color=INK,
        bbox={"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": "none", "alpha": 0.9},
    )


def _legend() -> list[Line2D]:
    return [
        Line2D([], [], color=STOP, linewidth=1.8, label="critical anomaly"),
        Line2D([], [], color=FRAME, linewidth=1.8, label="other anomaly"),
        Line2D([], [], color=INK, linestyle=(0, (2, 1.5)), label="true flaw"),
    ]
