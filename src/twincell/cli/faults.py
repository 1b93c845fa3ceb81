"""`twincell faults`: break the running stack on purpose, and see whether it stops."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from twincell.cli.output import Json, World, emit
from twincell.cli.progress import counted

__all__ = ["register"]


def register(app: typer.Typer, panel: str) -> None:
    """Add the command to `app`."""
    app.command(rich_help_panel=panel)(faults)


def faults(
    world: World = "blade_cell",
    runs: Annotated[int, typer.Option(min=1, help="Of the whole matrix.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Root of all chance.")] = 0,
    out: Annotated[Path, typer.Option(help="Folder for logs and cases.")] = Path("out/faults"),
    faults: Annotated[str, typer.Option(help="Only these, with commas.")] = "",
    phases: Annotated[str, typer.Option(help="Only these, with commas.")] = "",
    json: Json = False,
) -> None:
    """Kill, pause and flood real processes in each phase of work; nothing may move after its stop.

    A campaign that was cut short goes on where it was, with the same --out.

    Exit code 1 where a case was unsafe.
    """
    from twincell.assets import world_path
    from twincell.stack.faults import matrix, run_faults

    path = world_path(world)
    with counted("cases") as hear:
        cases = run_faults(path, seed, runs, out, hear, faults, phases)
    table = matrix(cases)
    unsafe = [case for case in cases if not case["safe"]]
    if json:
        emit(
            {
                "cases": len(cases),
                "unsafe": len(unsafe),
                "slowest_ms": max(case["simulated_ms"] for case in cases),
                "matrix": table,
            }
        )
    else:
        _show(table, len(cases), len(unsafe))
    raise typer.Exit(1 if unsafe else 0)


def _show(table: dict[str, dict[str, dict[str, float]]], cases: int, unsafe: int) -> None:
    from rich.console import Console
    from rich.table import Table

    phases = list(dict.fromkeys(p for row in table.values() for p in row))
    shown = Table(title="Slowest time from fault to standstill [ms of simulated time]")
    shown.add_column("fault")
    for phase in phases:
        shown.add_column(phase, justify="right", overflow="fold")
    for fault, row in table.items():
        cells = [
            "-"
            if p not in row
            else f"[red]UNSAFE {row[p]['unsafe']}/{row[p]['runs']}[/red]"
            if row[p]["unsafe"]
            else f"{row[p]['simulated_ms']:.0f}"
            for p in phases
        ]
        shown.add_row(fault.replace("_", " "), *cells)  # words may wrap on a narrow terminal
    console = Console()
    console.print(shown)
    console.print(f"{cases} cases, {unsafe} unsafe")
