"""`twincell kills`: kill the orchestrator at random moments, and see whether its shift goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from twincell.cli.output import Json, World, emit, say

__all__ = ["register"]


def register(app: typer.Typer, panel: str) -> None:
    """Add the command to `app`."""
    app.command(rich_help_panel=panel)(kills)


def kills(
    world: World = "blade_cell",
    count: Annotated[int, typer.Option(min=1, help="Kills, over as many shifts as it takes.")] = 50,
    seed: Annotated[int, typer.Option(min=0, help="Root of all chance.")] = 0,
    out: Annotated[Path, typer.Option(help="Folder for logs, journals and kills.")] = Path(
        "out/kills"
    ),
    json: Json = False,
) -> None:
    """Kill -9 the orchestrator at random moments of its work; nothing may be lost or done twice.

    Shifts that --out has are not run again: what was cut short goes on with the same command.

    Exit code 1 where something was lost or done twice.
    """
    from twincell.assets import world_path
    from twincell.stack.kills import run_kills, summary

    path = world_path(world)
    shifts = run_kills(path, seed, count, out, say)
    found = summary(shifts)
    if json:
        emit(found)
    else:
        _show(shifts, found)
    raise typer.Exit(1 if found["wrong"] else 0)


def _show(shifts: list[dict[str, Any]], found: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="Kills of the orchestrator")
    for name, side in (
        ("shift", "right"), ("at [s]", "right"), ("at work on", "left"), ("since [s]", "right"),
        ("found", "left"), ("what was seen", "left"), ("back after [s]", "right"),
    ):  # fmt: skip
        table.add_column(name, justify=side)  # type: ignore[arg-type]
    for shift in shifts:
        for row in shift["kills"]:
            into = "" if row["into"] is None else f"{row['into']:.1f}"
            back = "-" if row["back"] is None else f"{row['back']:.1f}"
            work = row["task"] or "between tasks"
            cells = (str(shift["shift"]), f"{row['at']:.1f}", work, into, row["found"])
            table.add_row(*cells, row["text"], back)
    console = Console()
    console.print(table)
    restarts, back = found["restarts"], found["back_s"]
    console.print(f"{found['kills']} kills in {found['shifts']} shifts, {restarts} taken up")
    if back is not None:
        times = f"{back['median']:.1f} s (median), {back['slowest']:.1f} s (slowest)"
        console.print(f"back at work after {times} of wall time")
    for words in found["wrong"]:
        console.print(f"[red]{words}[/red]")
    if not found["wrong"]:
        console.print("nothing lost, nothing done twice")
