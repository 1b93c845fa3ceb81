"""How policies of a production line differ: change of each figure with its interval."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from twincell.report.style import INK, LINE, MUTED, colours, figure, look, png, tidy

__all__ = ["production_picture"]

Changes = Mapping[str, Mapping[str, tuple[float, float, float] | None]]


def production_picture(changes: Changes, targets: Mapping[str, float], title: str) -> bytes:
    """A PNG file of changes with their 95 % intervals, a row a figure, a mark a baseline.

    Args:
        changes: by baseline and figure: change, low, high; None where there is none.
        targets: by figure, against first in, first out.
        title: of the picture.
    """
    names = list(next(iter(changes.values())))
    colour = colours(changes)
    with look():
        drawing = figure(9.0, 0.75 * len(names) + 1.3)
        axes = drawing.subplots()
        for place, (baseline, rows) in enumerate(changes.items()):
            level = np.arange(len(names)) + 0.2 * (place - (len(changes) - 1) / 2)
            for y, name in zip(level, names, strict=True):
                row = rows[name]
                if row is None:
                    continue
                mean, low, high = (100 * value for value in row)
                axes.plot([low, high], [y, y], color=colour[baseline], linewidth=2.2)
                axes.plot(mean, y, "o", color=colour[baseline], markersize=5)
            axes.plot([], [], "o-", color=colour[baseline], label=f"ours against {baseline}")
        for name, target in targets.items():
            y = names.index(name)
            axes.plot([100 * target] * 2, [y - 0.35, y + 0.35], "--", color=INK, linewidth=1.2)
        if targets:
            axes.plot([], [], "--", color=INK, label="target against first in, first out")
        axes.axvline(0, color=MUTED, linewidth=1)
        for y in np.arange(len(names) - 1) + 0.5:
            axes.axhline(y, color=LINE, linewidth=0.5)
        axes.set_yticks(range(len(names)), names)
        axes.invert_yaxis()
        axes.set_xlabel("change of the mean [%], with its 95 % interval")
        axes.set_title(title, loc="left", parse_math=False)
        tidy(axes)
        drawing.legend(loc="outside lower center", ncols=2, frameon=False)
        return png(drawing)
