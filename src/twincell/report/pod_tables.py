"""A POD study as tables: on the terminal, and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from twincell.study.curve import Curve, misses_by
from twincell.study.trial import Trial

__all__ = ["print_pod", "write_curves", "write_flaws"]


def print_pod(curves: Sequence[Curve]) -> None:
    """The figures of every case, and where long cracks were missed."""
    console = Console()
    console.width = max(console.width, 100)  # a file has no width
    table = Table(title="Probability of detection, by crack length", title_justify="left")
    for name in ("case", "found", "a50", "a90", "a90/95", "false calls", "at most", "bias"):
        table.add_column(
            name, justify="left" if name == "case" else "right", no_wrap=name != "case"
        )
    for each in curves:
        d = each.to_dict()
        table.add_row(
            each.case,
            f"{d['found']}/{d['flaws']}",
            *(_mm(d[key]) for key in ("a50", "a90", "a90_95")),
            f"{d['false_calls']}/{d['blades']}",
            f"{d['false_calls_per_blade_95'][1]:.4f}",
            _mm(d["length_bias"]),
        )
    console.print(table)
    console.print(
        "false calls: on how many blades; at most: calls a blade, upper end of the exact 95 % "
        "interval; bias: mean of measured less true length",
        style="dim",
    )
    for each in curves:
        if each.reason:
            console.print(f"{each.case}: {each.reason}", style="yellow")
    for each in curves:
        longer = each.to_dict()["a90"] or 0.001
        groups = [g for g in misses_by(each.flaws, longer) if g["of"] > g["found"]]
        if groups:
            table = Table(
                title=f"{each.case}: where cracks of {_mm(longer)} and more were missed",
                title_justify="left",
            )
            for name in ("what", "from", "to", "found"):
                table.add_column(name, justify="left" if name == "what" else "right")
            for g in groups:
                table.add_row(
                    g["what"], f"{g['from']:g}", f"{g['to']:g}", f"{g['found']}/{g['of']}"
                )
            console.print(table)


def write_curves(curves: Sequence[Curve], path: Path) -> Path:
    """Curves with bounds, sizes in mm, a row a size."""
    rows = [
        [each.case, f"{1e3 * a:.5f}", *(f"{v:.5f}" for v in values)]
        for each in curves
        for a, *values in zip(each.sizes, each.pod, each.low, each.high, strict=True)
    ]
    return _write(path, ["case", "length_mm", "pod", "lower_95", "upper_95"], rows)


def write_flaws(trials: Iterable[Trial], path: Path) -> Path:
    """Every crack with what became of it: SI units, radians."""
    rows: list[list[Any]] = []
    head: list[str] = []
    for trial in trials:
        for flaw in trial.flaws:
            data = asdict(flaw)
            head = ["case", "blade", *data]
            rows.append(
                [trial.case, trial.blade]
                + [f"{v:.6g}" if isinstance(v, float) else v for v in data.values()]
            )
    return _write(path, head, rows)


def _write(path: Path, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Path:
    """All or nothing."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    part = path.with_suffix(".part")
    part.write_text(text.getvalue(), encoding="utf-8")
    part.replace(path)
    return path


def _mm(length: float | None) -> str:
    """A length for people."""
    return "-" if length is None else f"{1e3 * length:.2f} mm"
