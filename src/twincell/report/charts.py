"""The shift as charts: who did what when, against the first plan, and the power it drew."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from numpy.typing import NDArray

from twincell.cell.result import RunResult, Stop
from twincell.production.messages import PlannedTask
from twincell.report.style import INK, LINE, MUTED, PLAN, STOP, colours, figure, look, png, tidy

__all__ = ["gantt", "power_curve", "stop_marks"]


def stop_marks(stops: Sequence[Stop]) -> dict[str, tuple[str, float]]:
    """Label (`S1`, `S2`, ...) and time of request [s] by request id, in order of time."""
    first: dict[str, float] = {}
    for stop in sorted(stops, key=lambda s: s.report.requested):
        first.setdefault(stop.request.id, stop.report.requested)
    return {key: (f"S{i}", time) for i, (key, time) in enumerate(first.items(), start=1)}


def gantt(result: RunResult) -> bytes:
    """Executed tasks as bars, the first plan as outlines under them, stops and new plans marked.

    Returns:
        A PNG picture.
    """
    planned = result.plans[0].tasks if result.plans else ()
    resources = list(dict.fromkeys(task.resource for task in (*result.tasks, *planned)))
    blades = [blade.name for blade in result.blades]
    shade = colours([*blades, *(task.part for task in result.tasks)])
    with look():
        drawing = figure(11.0, 1.9 + 0.95 * max(len(resources), 1))
        axes = drawing.add_subplot()
        tidy(axes)
        end = _extent(result)
        for task in planned:
            y = resources.index(task.resource)
            width = max(task.end - task.start, 0.1)
            axes.barh(
                y + 0.36, width, 0.16, task.start, color="white", edgecolor=shade[task.part], lw=1.3
            )
        for task in result.tasks:
            _bar(axes, task, resources.index(task.resource), shade[task.part], end)
        top = _marks(axes, result)
        axes.set(ylim=(len(resources) - 0.4, top), xlim=(0, end), xlabel="time [s]")
        axes.set_yticks(range(len(resources)), resources, color=INK, fontsize=10)
        axes.tick_params(axis="y", length=0)
        handles = [Patch(color=shade[name], label=name) for name in shade]
        handles.append(Patch(facecolor="white", edgecolor=MUTED, label="first plan"))
        if any(task.status == "aborted" for task in result.tasks):
            handles.append(Patch(facecolor="white", edgecolor=MUTED, hatch="////", label="aborted"))
        drawing.legend(
            handles=handles, loc="outside lower center", ncols=8, frameon=False, fontsize=8.5
        )
        return png(drawing)


def _extent(result: RunResult) -> float:
    ends = [task.end for task in result.tasks]
    ends += [task.end for plan in result.plans[:1] for task in plan.tasks]
    return 1.02 * max([result.duration, *ends, 1.0])


def _bar(axes: Axes, task: PlannedTask, y: float, color: str, end: float) -> None:
    width = max(task.end - task.start, 0.1)
    aborted = task.status == "aborted"
    axes.barh(
        y,
        width,
        0.5,
        task.start,
        color="white" if aborted else color,
        edgecolor=color if aborted else "white",
        hatch="////" if aborted else None,
    )
    # a word fits only where the bar is wide enough: about 0.6 % of the axis a letter
    if width > 0.006 * len(task.kind) * end:
        middle = task.start + width / 2
        axes.text(
            middle,
            y,
            task.kind,
            ha="center",
            va="center",
            fontsize=7.5,
            color=_readable(color) if not aborted else INK,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1} if aborted else None,
        )


def _readable(color: str) -> str:
    """Black or white, whichever stands out from the bar (relative luminance of WCAG 2.2)."""
    channels = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return "white" if float(linear @ [0.2126, 0.7152, 0.0722]) < 0.25 else INK


def _marks(axes: Axes, result: RunResult) -> float:
    """Lines with labels, in as many rows as it takes that none covers another; the upper end."""
    labels = [(time, label, STOP, "-") for label, time in stop_marks(result.stops).values()]
    labels += [(plan.stamp, f"P{plan.revision}", PLAN, ":") for plan in result.plans[1:]]
    lasts: list[float] = []  # time of the last label of each row
    rows = []
    for time, *_ in sorted(labels):
        free = (i for i, last in enumerate(lasts) if time - last >= 0.03 * _extent(result))
        row = next(free, len(lasts))
        lasts[row : row + 1] = [time]
        rows.append(row)
    top = -0.42 - 0.2 * (max(len(lasts), 2) - 1)
    for (time, label, color, style), row in zip(sorted(labels), rows, strict=True):
        axes.axvline(time, color=color, linestyle=style, linewidth=1.3, zorder=3)
        axes.text(
            time,
            top + 0.2 * row,
            label,
            color="white",
            fontsize=8,
            fontweight="bold",
            ha="center",
            va="center",
            zorder=4,
            bbox={"boxstyle": "round,pad=0.25", "facecolor": color, "edgecolor": "none"},
        )
    return top - 0.13


def power_curve(
    power: NDArray[np.floating], tariff: Sequence[tuple[float, float]], result: RunResult
) -> bytes:
    """Power of the cell and the energy used so far, above the price of energy.

    Args:
        power: rows (time [s], power [W]), shape (n, 2).
        tariff: steps (start [s], price [EUR/MWh]).
        result: gives the stops and the shift's end.

    Returns:
        A PNG picture.
    """
    rows = np.asarray(power, float)
    t, watts = rows[:, 0], rows[:, 1]
    used = np.concatenate([[0.0], np.cumsum(np.diff(t) * (watts[1:] + watts[:-1]) / 2)]) / 1e3
    with look():
        drawing = figure(11.0, 4.0)
        upper, lower = drawing.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        tidy(upper)
        upper.fill_between(t, watts, color="#9db7d5", linewidth=0)
        upper.plot(t, watts, color=PLAN, linewidth=0.9)
        upper.set(ylim=(0, 1.12 * max(float(watts.max(initial=0.0)), 1.0)))
        upper.set_ylabel("power [W]", color=PLAN)
        right = upper.twinx()
        right.plot(t, used, color="#b25a00", linewidth=1.8)
        right.set_ylabel("energy [kJ]", color="#b25a00")
        right.set_ylim(0, 1.08 * max(float(used.max(initial=0.0)), 1e-3))
        right.spines[["top", "left"]].set_visible(False)
        for label, time in stop_marks(result.stops).values():
            upper.axvline(time, color=STOP, linewidth=1.2)
            upper.annotate(
                label,
                (time, 1.0),
                xycoords=("data", "axes fraction"),
                ha="center",
                va="bottom",
                color=STOP,
                fontsize=8,
                fontweight="bold",
            )
        tidy(lower)
        end = float(max(t.max(initial=0.0), result.duration))
        steps = list(tariff) or [(0.0, 0.0)]
        times = [start for start, _ in steps] + [end]
        prices = [price for _, price in steps]
        lower.stairs(prices, np.maximum.accumulate(times), fill=True, color=LINE)
        lower.stairs(prices, np.maximum.accumulate(times), color=MUTED, linewidth=1.2)
        lower.set(xlabel="time [s]", ylabel="EUR/MWh", xlim=(0, end), ylim=(0, None))
        return png(drawing)
