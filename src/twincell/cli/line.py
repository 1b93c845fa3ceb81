"""`twincell line`: a production line of one's own, planned and played ten thousand times."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twincell.cli.output import Json, emit, say

if TYPE_CHECKING:
    from twincell.production.line import Line
    from twincell.twin.line_study import LineStudy

__all__ = ["register"]

_FIGURES = {
    "cost": (1.0, "EUR"),
    "lateness": (1.0, "EUR"),
    "turnaround": (3600.0, "h"),
    "makespan": (3600.0, "h"),
    "energy": (3.6e6, "kWh"),
    "energy_cost": (1.0, "EUR"),
    "margin": (1.0, "EUR"),
    "in_shift": (1.0, "trays"),
}


def register(app: typer.Typer, panel: str) -> None:
    """Add the command to `app`."""
    app.command(rich_help_panel=panel)(line)


def line(
    file: Annotated[
        str, typer.Argument(metavar="LINE", help="Line file, or a shipped name.")
    ] = "blade_line",
    rollouts: Annotated[
        int, typer.Option(min=2, max=1_000_000, help="Shifts that a plan is played in.")
    ] = 10_000,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Root of all chance.")] = 1,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the plan's starts and a picture.")
    ] = None,
    json: Json = False,
) -> None:
    """Plan a shift of a line, and tell what first in, first out and other plans would bring.

    The file says which stations there are, what a tray takes on each, set-ups, breaks, orders and
    prices (docs/production.md). The plan to work by is the gate's choice.
    """
    from twincell.cli.files import write_whole
    from twincell.production.line_read import line_of
    from twincell.report.line_picture import line_picture
    from twincell.twin.line_study import study
    from twincell.world.load import load_line

    given = load_line(file)
    made = line_of(given)
    found = study(made, seed, rollouts)
    told = _told(found)
    names = [plan.name for plan in found.plans]
    if out is not None:
        values = {
            name: {key: getattr(found.rollouts, key)[i] for key in ("cost", "turnaround")}
            for i, name in enumerate(names)
        }
        title = f"{given.name}: {rollouts} shifts of {len(made.jobs)} trays"
        picture = line_picture(values, names[found.chosen], title)
        rows = "\n".join(_starts(made, found)) + "\n"
        write_whole({out / "plan.csv": rows.encode(), out / "plans.png": picture})
    report: dict[str, Any] = {
        "name": given.name, "trays": len(made.jobs), "rollouts": rollouts, "seed": seed,
        "chosen": names[found.chosen], "ruling": found.ruling.reason, "plans": told,
    }  # fmt: skip
    if json:
        emit(report)
    else:
        _show(report)
    if out is not None:
        say(f"wrote {out / 'plan.csv'} and {out / 'plans.png'}")


def _told(found: LineStudy) -> dict[str, Any]:
    """Mean and 95 % quantile of each figure of each plan."""
    import numpy as np

    return {
        plan.name: {
            key: {
                "mean": float(getattr(found.rollouts, key)[i].mean()),
                "p95": float(np.quantile(getattr(found.rollouts, key)[i], 0.95)),
            }
            for key in _FIGURES
        }
        for i, plan in enumerate(found.plans)
    }


def _starts(line: Line, found: LineStudy) -> list[str]:
    """The plan on expected durations: station and start of each step, by start."""
    from twincell.production.line import LineState
    from twincell.twin.line_rollouts import project

    state = project(line, LineState.initial(line), found.plans[found.chosen]).state
    rows = sorted(
        (float(state.starts[j, k]), job, step, line.resources[state.where[j, k]])
        for j, job in enumerate(line.jobs)
        for k, step in enumerate(line.operations)
    )
    return ["tray,step,station,start_s", *(f"{j},{s},{r},{t:.1f}" for t, j, s, r in rows)]


def _show(report: dict[str, Any]) -> None:
    """The table, and the gate's words."""
    from rich.console import Console
    from rich.table import Table

    title = f"{report['name']}: {report['trays']} trays, mean (95 %) of {report['rollouts']} shifts"
    table = Table(title=title)
    table.add_column("figure")
    for name in report["plans"]:
        table.add_column(f"{name}: to work by" if name == report["chosen"] else name)
    for key, (scale, unit) in _FIGURES.items():
        cells = [
            f"{row[key]['mean'] / scale:,.1f} ({row[key]['p95'] / scale:,.1f})"
            for row in report["plans"].values()
        ]
        table.add_row(f"{key.replace('_', ' ')}, {unit}", *cells)
    console = Console(width=None if Console().is_terminal else 130)
    console.print(table)
    console.print(report["ruling"])
