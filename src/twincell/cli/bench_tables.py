"""What a benchmark of policies came to: means, changes with their intervals, pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["TITLES", "Sheet"]

TITLES = {
    "ours": "ours",
    "fifo": "first in, first out",
    "right_shift": "static plan, right shift",
    "rescheduling": "complete rescheduling",
    "rescheduling_lists": "rescheduling, lists",
    "ours_without_gate": "ours without gate",
    "ours_on_expected": "ours on expected durations",
}
"""Policies as they are shown."""


@dataclass(frozen=True)
class Sheet:
    """How the figures of a benchmark are told.

    Attributes:
        units: of each figure: what it is divided by, and the unit in words; in their order.
        names: of the policies, ours first.
        alone: figures of which no change is told.
        targets: change against first in, first out that is wanted.
        causes: policies that are pictured apart, to tell causes apart.
    """

    units: Mapping[str, tuple[float, str]]
    names: tuple[str, ...]
    alone: tuple[str, ...] = ()
    targets: Mapping[str, float] | None = None
    causes: tuple[str, ...] = ()

    @property
    def figures(self) -> tuple[str, ...]:
        """In the order of the table's last axis."""
        return tuple(self.units)

    @property
    def compared(self) -> tuple[str, ...]:
        """Of which changes are told."""
        return tuple(figure for figure in self.units if figure not in self.alone)

    def told(self, table: NDArray[np.float64], seed: int) -> dict[str, Any]:
        """Means, changes against each policy, and targets, with their intervals.

        Args:
            table: shape (scenarios, policies, figures).
            seed: of the bootstrap.
        """
        from twincell.twin.line_compare import change, mean_interval

        told: dict[str, Any] = {"policies": {}}
        for p, name in enumerate(self.names):
            told["policies"][name] = {}
            for i, figure in enumerate(self.figures):
                got = mean_interval(table[:, p, i], seed)
                row = {"mean": got.change, "low": got.low, "high": got.high}
                told["policies"][name][figure] = row
        for p, name in enumerate(self.names[1:], 1):
            rows: dict[str, Any] = {}
            for i, figure in enumerate(self.figures):
                if figure in self.alone:
                    continue
                rel = change(table[:, 0, i], table[:, p, i], seed)
                rows[figure] = (
                    {"change": rel.change, "low": rel.low, "high": rel.high} if rel else None
                )
            told[f"against_{name}"] = rows
        told["targets"] = {
            name: {
                "target": target,
                "reached": (row := told["against_fifo"][name]) is not None
                and (row["change"] >= target if target > 0 else row["change"] <= target),
            }
            for name, target in (self.targets or {}).items()
        }
        return told

    def show(self, told: dict[str, Any], title: str) -> None:
        """Means, and changes with their intervals."""
        from rich.console import Console
        from rich.table import Table

        table = Table(title=f"{title}: means")
        table.add_column("figure")
        for name in self.names:
            table.add_column(TITLES[name], justify="right")
        for figure, (scale, unit) in self.units.items():
            cells = [f"{told['policies'][n][figure]['mean'] / scale:.2f}" for n in self.names]
            table.add_row(f"{figure.replace('_', ' ')}, {unit}", *cells)
        second = Table(title="ours against each: change of the mean, 95 % interval")
        second.add_column("figure")
        for name in self.names[1:]:
            second.add_column(TITLES[name], justify="right")
        if self.targets:
            second.add_column("target against FIFO", justify="right")
        for figure in self.compared:
            cells = []
            for name in self.names[1:]:
                row = told[f"against_{name}"][figure]
                cells.append(
                    f"{row['change']:+.1%} ({row['low']:+.1%} to {row['high']:+.1%})"
                    if row
                    else "-"
                )
            if self.targets:
                goal = self.targets.get(figure)
                reached = goal is not None and told["targets"][figure]["reached"]
                word = "reached" if reached else "missed"
                cells.append("" if goal is None else f"{goal:+.0%} {word}")
            second.add_row(figure.replace("_", " "), *cells)
        width = None if Console().is_terminal else 60 + 26 * (len(self.names) - 1)
        console = Console(width=width)
        console.print(table)
        console.print(second)

    def rows(self, table: NDArray[np.float64], before: tuple[str, ...] = ()) -> list[str]:
        """Lines of CSV, a scenario and policy each; `before` begins each line."""
        lines = []
        for i, scenario in enumerate(table):
            for name, row in zip(self.names, scenario, strict=True):
                values = (repr(float(v)) for v in row)
                lines.append(",".join((*before, str(i), name, *values)))
        return lines

    def pictures(self, told: dict[str, Any], out: Path, tail: str, title: str) -> dict[Path, bytes]:
        """Pictures of the changes, by file, with that of the causes where there are any."""
        from twincell.report.production_picture import production_picture

        targets = {k.replace("_", " "): v for k, v in (self.targets or {}).items()}
        baselines = [n for n in self.names[1:] if n not in self.causes]
        causes = [n for n in self.names[1:] if n in self.causes]
        files = {}
        for file, group, goals in (("changes", baselines, targets), ("causes", causes, {})):
            if not group:
                continue
            plain = {
                TITLES[name]: {
                    k.replace("_", " "): (v["change"], v["low"], v["high"]) if v else None
                    for k, v in told[f"against_{name}"].items()
                }
                for name in group
            }
            files[out / f"{file}{tail}.png"] = production_picture(plain, goals, title)
        return files
