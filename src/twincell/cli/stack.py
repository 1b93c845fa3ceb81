"""`twincell up`: the ROS stack without `ros2 launch`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from twincell.cli.checked import checked_world
from twincell.cli.output import Json, World, emit, say

__all__ = ["register"]


def register(app: typer.Typer, panel: str) -> None:
    """Add the commands to `app`."""
    app.command(rich_help_panel=panel)(up)


def up(
    world: World,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Root of all chance; the world's own without it.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="New folder of this run: logs, bag, rates; out/up/<time> without it."),
    ] = None,
    rate: Annotated[
        float, typer.Option(min=0, help="Simulated seconds a second; 0 as fast as it can.")
    ] = 1.0,
    record: Annotated[bool, typer.Option(help="Record an MCAP bag.")] = True,
    namespace: Annotated[str, typer.Option(help="Put everything in this ROS namespace.")] = "",
    console: Annotated[
        int | None,
        typer.Option(help="Show the cell in a browser, at this port of this machine; 0 for any."),
    ] = None,
    max_time: Annotated[
        float | None, typer.Option(min=0.001, help="End everything after so much wall time [s].")
    ] = None,
    list_only: Annotated[bool, typer.Option("--list", help="Show the nodes, start none.")] = False,
    json: Json = False,
) -> None:
    """Start every node of the cell, merge their logs, end them together."""
    import time
    from dataclasses import asdict

    from twincell.console.ports import free_port
    from twincell.errors import AssetError
    from twincell.stack.environment import ready_environment
    from twincell.stack.specs import node_specs
    from twincell.stack.up import up as start

    cell, path = checked_world(world)
    out = out or Path(time.strftime("out/up/%Y-%m-%d_%H-%M-%S"))
    specs = node_specs(
        cell,
        path,
        seed=cell.seed if seed is None else seed,
        out=out.resolve(),
        real_time_factor=rate,
        record=record,
        namespace=namespace,
        console=None if console is None else free_port(console),
    )
    if list_only:
        if json:
            emit({"nodes": [asdict(spec) for spec in specs]})
        else:
            for spec in specs:
                typer.echo(f"{spec.group:<14} {spec.name:<20} {spec.package}/{spec.executable}")
        return
    if (out / "journal.mcap").exists():
        # its simulator would begin anew, and the blades would not be where the journal has them
        raise AssetError(
            f"'{out / 'journal.mcap'}' is the journal of an earlier shift, and its cell is gone; "
            "give another folder by --out"
        )
    environment = ready_environment(specs)
    out.mkdir(parents=True, exist_ok=True)
    say(f"{len(specs)} nodes; logs in {out / 'logs'}; Ctrl-C ends them all")
    code = start(specs, out=out, environment=environment, timeout=max_time)
    if json:
        emit({"exit_code": code, "out": str(out), "nodes": [spec.name for spec in specs]})
    raise typer.Exit(code)
