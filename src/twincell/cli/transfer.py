"""`twincell transfer`: a policy in its environment and in the ROS cell, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from twincell.cli.output import Json, World, emit
from twincell.cli.progress import counted

__all__ = ["register"]


def register(app: typer.Typer, panel: str) -> None:
    """Add the command to `app`."""
    app.command(rich_help_panel=panel)(transfer)


def transfer(
    world: World = "led_cell",
    arm: Annotated[str, typer.Option(help="With a `policy` in the world file.")] = "inspector",
    episodes: Annotated[int, typer.Option(min=1, help="Goals under each condition.")] = 50,
    seed: Annotated[int, typer.Option(min=0, help="Of the first episode.")] = 2_000_000,
    rate: Annotated[float, typer.Option(min=1.0, help="Of the policy's loop [Hz].")] = 100.0,
    out: Annotated[Path, typer.Option(help="Folder of the run.")] = Path("out/transfer"),
    json: Json = False,
) -> None:
    """Lead an arm to the same goals in the environment and in the ROS cell, also disturbed."""
    from dataclasses import asdict

    from twincell.assets import world_path
    from twincell.stack.transfer import transfer as run

    path = world_path(world)
    with counted("goals") as hear:
        sides = run(path, arm, episodes, seed, out, hear, rate)
    if json:
        emit({"sides": [asdict(side) for side in sides]})
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{arm}: goals reached of {episodes}")
    for column in ("condition", "environment", "95 %", "ROS cell", "95 %", "only there, only here"):
        table.add_column(column)
    for side in sides:
        row = [side.condition]
        for told in (side.environment, side.cell):
            low, high = told.interval
            row += [f"{told.reached}", f"{low:.1%} to {high:.1%}"]
        table.add_row(*row, f"{side.only_environment}, {side.only_cell}")
    Console().print(table)
    for side in sides:
        there, here, loop = side.environment, side.cell, side.loop
        typer.echo(
            f"{side.condition}: left {1e3 * there.distance:.2f} mm there, "
            f"{1e3 * here.distance:.2f} mm here after {here.duration:.2f} s (medians); "
            f"loop {loop.steps} steps, every {1e3 * loop.period:.2f} ms, jitter "
            f"{1e3 * loop.jitter:.2f} ms at 99 %, answer {1e3 * loop.inference:.2f} ms, followed "
            f"{1e3 * loop.latency:.1f} ms of simulation after its joint state at 99 %"
        )
