"""POD curves as a picture: model, bounds, groups of cracks with exact intervals, a90/95."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.ticker import FixedLocator, NullLocator, PercentFormatter

from twincell.report.style import INK, LINE, MUTED, colours, figure, look, png
from twincell.study.curve import Curve
from twincell.study.rates import share_interval

__all__ = ["pod_picture"]

_TICKS = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0, 20.0, 30.0)


def pod_picture(curves: Sequence[Curve], opening: float, title: str) -> bytes:
    """One panel a case, in rows of three.

    Args:
        curves: at least one.
        opening: of the cracks [m].
        title: over the picture.

    Returns:
        A PNG picture.
    """
    shade = colours([c.case for c in curves])
    columns = min(len(curves), 3)
    rows = -(-len(curves) // columns)
    with look():
        drawing = figure(4.3 * columns + 0.6, 3.4 * rows + 0.8)
        panels = np.atleast_1d(drawing.subplots(rows, columns, sharex=True, sharey=True)).ravel()
        for axes in panels[len(curves) :]:
            axes.axis("off")
        for axes, each in zip(panels, curves, strict=False):
            colour, mm = shade[each.case], 1e3 * each.sizes
            axes.spines[["top", "right"]].set_visible(False)
            axes.grid(color=LINE, linewidth=0.6)
            axes.set_axisbelow(True)
            if each.model is not None:
                axes.fill_between(mm, each.low, each.high, color=colour, alpha=0.18, lw=0)
                axes.plot(mm, each.pod, color=colour, lw=1.8)
            for low, high, found, number in each.bins:
                share = found / number
                bounds = share_interval(found, number)
                axes.errorbar(
                    1e3 * np.sqrt(low * high),
                    share,
                    yerr=[[share - bounds[0]], [bounds[1] - share]],
                    fmt="o",
                    ms=3.5,
                    lw=0.9,
                    color=INK,
                )
            for flaw in each.flaws:
                axes.plot(
                    1e3 * flaw.length,
                    1.06 if flaw.found else -0.06,
                    "|",
                    color=MUTED,
                    ms=4,
                    mew=0.5,
                )
            figures = each.to_dict()
            text = [f"{figures['found']} of {figures['flaws']} found"]
            if figures["a90_95"] is not None:
                upper = 1e3 * figures["a90_95"]
                if upper <= mm.max():
                    axes.plot([upper, upper], [-0.1, 0.9], color=INK, lw=1.0, ls=(0, (4, 3)))
                half = "" if figures["a50"] is None else f"   (a50 {1e3 * figures['a50']:.2f} mm)"
                text.append(f"a90/95 {upper:.2f} mm{half}")
            else:
                text.append("no a90/95 within these sizes")
            text.append(f"{each.calls} false calls on {each.blades} blades")
            axes.set_title(f"{each.case}\n" + "\n".join(text), fontsize=8.5, color=INK, loc="left")
            axes.set_xscale("log")
            axes.xaxis.set_major_locator(FixedLocator(_TICKS))
            axes.xaxis.set_minor_locator(NullLocator())
            axes.xaxis.set_major_formatter(lambda v, _: f"{v:g}")
            axes.yaxis.set_major_formatter(PercentFormatter(1.0))
            axes.set(ylim=(-0.1, 1.1), xlim=(0.95 * mm.min(), 1.05 * mm.max()))
        for axes in panels[max(len(curves) - columns, 0) : len(curves)]:
            axes.set_xlabel(f"crack length [mm], opening {1e3 * opening:g} mm")
            axes.tick_params(labelbottom=True)
        panels[0].set_ylabel("probability of detection")
        drawing.suptitle(title, color=INK, fontsize=11, parse_math=False)
        drawing.supxlabel(
            "line and band: log-odds model with one-sided 95 % likelihood-ratio bounds; points: "
            "groups of cracks with exact 95 % intervals; ticks: each crack",
            fontsize=7.5,
            color=MUTED,
        )
        return png(drawing)
