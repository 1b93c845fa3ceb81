"""Learning curves as a picture: success against steps, a line a seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.ticker import EngFormatter, MaxNLocator, PercentFormatter

from twincell.report.style import LINE, colours, figure, look, png

__all__ = ["training_picture"]


def training_picture(results: Sequence[dict[str, Any]], title: str) -> bytes:
    """Success and mean return of the checks on the way.

    Args:
        results: of `training.trainer.train_seed`, at least one.
        title: over the picture.

    Returns:
        A PNG picture.
    """
    shade = colours([f"seed {r['seed']}" for r in results])
    with look():
        drawing = figure(8.2, 3.2)
        success, reward = drawing.subplots(1, 2, sharex=True)
        for result in results:
            name = f"seed {result['seed']}"
            steps, share, mean = zip(*result["curve"], strict=True)
            label = f"{name}: {result['success_rate']:.1%} of {result['episodes']}"
            success.plot(steps, share, color=shade[name], lw=1.5, marker="o", ms=2.5, label=label)
            reward.plot(steps, mean, color=shade[name], lw=1.5)
        for axes in (success, reward):
            axes.spines[["top", "right"]].set_visible(False)
            axes.grid(color=LINE, linewidth=0.6)
            axes.set_xlabel("steps of the environment")
            axes.xaxis.set_major_locator(MaxNLocator(6))
            axes.xaxis.set_major_formatter(EngFormatter(sep=""))
        success.set_ylim(-0.03, 1.03)
        success.yaxis.set_major_formatter(PercentFormatter(1.0))
        success.set_title("episodes that end at the goal (20 a point)", loc="left")
        reward.set_title("sum of rewards, mean", loc="left")
        success.legend(frameon=False, fontsize=8, loc="best", title="judged at the end")
        drawing.suptitle(title, x=0.01, ha="left", parse_math=False)
        return png(drawing)
