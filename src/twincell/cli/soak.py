"""`twincell soak`: hours of random faults, and what grew."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from twincell.cli.output import Json, World, emit, say

__all__ = ["register"]


def register(app: typer.Typer, panel: str) -> None:
    """Add the command to `app`."""
    app.command(rich_help_panel=panel)(soak)


def soak(
    world: World = "blade_cell",
    hours: Annotated[
        str, typer.Option(metavar="H", help="How long: '2', '1/2', '30 min', '90 s'.")
    ] = "1/2",
    growth: Annotated[
        float, typer.Option(min=0.0, help="Most that a process may grow after its warm-up [MB].")
    ] = 50.0,
    seed: Annotated[int, typer.Option(min=0, help="Root of all chance.")] = 0,
    out: Annotated[Path, typer.Option(help="Folder for logs, record and picture.")] = Path(
        "out/soak"
    ),
    json: Json = False,
) -> None:
    """Run the ROS cell with random faults; plot memory, latencies and counters.

    Exit code 1 where a stop was missed or a process grew beyond the bound.
    """
    from twincell.assets import world_path
    from twincell.report.soak_picture import soak_picture
    from twincell.stack.soak import run_soak, seconds_of, summary

    duration = seconds_of(hours)
    path = world_path(world)
    record = run_soak(path, seed, duration, out, lambda _spec, line: say(line))
    picture = out / "soak.png"
    soak_picture(record, picture)
    found = summary(record, growth) | {"picture": str(picture)}
    if json:
        emit(found)
    else:
        _show(found)
    raise typer.Exit(0 if found["ok"] else 1)


def _show(found: dict[str, object]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"Soak of {found['minutes']:.0f} minutes", show_header=False)
    for key in ("cases", "unsafe", "not_begun", "stops", "restarts"):
        table.add_row(key.replace("_", " "), str(found[key]))
    latencies = found["accepted_ms"]
    if isinstance(latencies, dict):
        for percent, value in latencies.items():
            shown = "-" if value is None else f"{value:.2f} ms"
            table.add_row(f"stop asked to accepted, {percent}", shown)
    grown = found["growth_mb"]
    if isinstance(grown, dict):
        for name, size in grown.items():
            table.add_row(f"{name} grew by", f"{size:.1f} MB (at most {found['bound_mb']:g})")
    console = Console()
    console.print(table)
    console.print(f"picture: {found['picture']}")
    why = found["why"]
    if isinstance(why, list):
        for reason in why:
            console.print(f"FAILED: {reason}")
