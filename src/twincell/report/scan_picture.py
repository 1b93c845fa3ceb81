"""A scan's deviation from its CAD as a picture: seen from both sides of its thinnest extent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.lines import Line2D
from matplotlib.patches import Circle
from numpy.typing import NDArray

from twincell.inspection.cloud_truth import TrueCrack
from twincell.inspection.whole_cloud import CloudVerdict
from twincell.report.blade_map import raster
from twincell.report.style import INK, MUTED, STOP, figure, look, png

__all__ = ["colours_of", "scan_picture"]

Array = NDArray[np.float64]

SCALE = 100.0
"""Deviation at the ends of the colour scale [µm]."""
TRUE = "#0b7a4b"
NORMAL_CELLS = 200
"""Cells along the longest extent, for telling front from back."""


def colours_of(deviation: Array) -> Array:
    """Red inside of the CAD, blue outside, as in the picture; shape (n, 3), 0 to 1."""
    share = np.clip(1e6 * deviation / SCALE, -1, 1) / 2 + 0.5
    return np.asarray(colormaps["RdBu"](share)[:, :3], float)


def scan_picture(
    verdict: CloudVerdict, title: str, truth: Sequence[TrueCrack], found: Sequence[bool]
) -> bytes:
    """Front and back, candidates circled, true cracks framed by whether they were found.

    Args:
        verdict: of the cloud.
        title: over the picture.
        truth: cracks that are really there, where known.
        found: whether each was found.

    Returns:
        A PNG picture.
    """
    order = np.argsort(-np.ptp(verdict.points, axis=0))
    across, up = sorted(order[:2].tolist())
    out = int(order[2])
    mm = 1e3 * verdict.points
    low, high = mm[:, [across, up]].min(axis=0) - 1, mm[:, [across, up]].max(axis=0) + 1
    middle = _middle(mm[:, [across, up]], mm[:, out], low, high)
    front = middle(mm[:, [across, up]], mm[:, out])
    names = "xyz"
    with look():
        wide, tall = (high - low) * (6.0 / max(high - low))
        drawing = figure(2 * max(wide, 2.2) + 1.6, max(tall, 2.4) + 1.2)
        panels = drawing.subplots(1, 2, sharey=True)
        image: Any = None
        for axes, side, mask in zip(
            panels, (f"from +{names[out]}", f"from -{names[out]}"), (front, ~front), strict=True
        ):
            grid = raster(
                mm[mask][:, [across, up]], 1e6 * np.asarray(verdict.deviation)[mask], low, high
            )
            image = axes.imshow(
                np.ma.masked_invalid(grid),
                origin="lower",
                cmap=colormaps["RdBu"].with_extremes(bad="#e9ecf0"),
                vmin=-SCALE,
                vmax=SCALE,
                extent=(low[0], high[0], low[1], high[1]),
            )
            for crack, seen in zip(truth, found, strict=True):
                path = 1e3 * crack.path
                above = bool(middle(path[:, [across, up]], path[:, out]).mean() > 0.5)
                if above == (side[5] == "+"):
                    axes.plot(
                        path[:, across],
                        path[:, up],
                        color=TRUE if seen else STOP,
                        linewidth=1.6,
                        linestyle=(0, (3, 2)),
                    )
            for candidate in verdict.candidates:
                size = candidate.size
                at = 1e3 * size.center
                there = middle(at[None, [across, up]], at[None, out])[0]
                if there != (side[5] == "+"):
                    continue
                radius = 500 * size.length + 0.8
                axes.add_patch(
                    Circle((at[across], at[up]), radius, fill=False, color=INK, linewidth=1.1)
                )
                axes.annotate(
                    f"{size.kind} {1e3 * size.length:.1f} mm",
                    (at[across], at[up] + radius),
                    ha="center",
                    va="bottom",
                    color=INK,
                    fontsize=8,
                )
            axes.set_title(side, color=MUTED)
            axes.set_xlabel(f"{names[across]} [mm]")
        panels[0].set_ylabel(f"{names[up]} [mm]")
        drawing.colorbar(image, ax=panels, label="deviation from CAD [µm]", shrink=0.8)
        drawing.suptitle(title, color=INK, parse_math=False)
        circle = Line2D([], [], marker="o", fillstyle="none", color=INK, linestyle="")
        circle.set_label("candidate")
        handles = [circle]
        if truth:
            for colour, label in ((TRUE, "true crack, found"), (STOP, "true crack, missed")):
                handles.append(Line2D([], [], color=colour, linestyle="--", label=label))
        drawing.legend(
            handles=handles, loc="outside lower center", ncols=3, frameon=False, fontsize=8
        )
        return png(drawing)


def _middle(flat: Array, height: Array, low: Array, high: Array) -> Any:
    """A function that tells whether points lie above the middle of the part there."""
    cell = float(max(high - low)) / NORMAL_CELLS * 4
    shape = np.ceil((high - low) / cell).astype(int) + 1
    lowest, highest = np.full(shape, np.inf), np.full(shape, -np.inf)

    def index(xy: Array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        i = np.clip(np.floor((xy - low) / cell).astype(int), 0, shape - 1)
        return i[:, 0], i[:, 1]

    np.minimum.at(lowest, index(flat), height)
    np.maximum.at(highest, index(flat), height)
    empty = ~np.isfinite(lowest)
    lowest[empty], highest[empty] = 0.0, 0.0
    return lambda xy, z: z >= (lowest[index(xy)] + highest[index(xy)]) / 2
