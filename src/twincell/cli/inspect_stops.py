"""`twincell inspect stops`: the stops of a recorded run beside predictions and limits."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from twincell.cli.output import Json, emit, fail

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(stops)


def stops(
    bag: Annotated[Path, typer.Argument(help="A .db3, .mcap, or a bag's folder.")],
    world: Annotated[str, typer.Option(help="World file of the run, or a shipped name.")] = (
        "blade_cell"
    ),
    json: Json = False,
) -> None:
    """Hold every stop of a bag against what was foretold, and against the joints' limits.

    By the recorded joint states; no ROS needed. Exit code 1 where a stop went further or harder.
    """
    from twincell.assets import world_path
    from twincell.stack.recorded_stops import recorded_stops
    from twincell.world.load import load_world

    path = world_path(world)
    found = recorded_stops(bag, load_world(path), path.parent)
    if json:
        emit({"stops": [asdict(stop) | {"faults": stop.faults} for stop in found]})
    else:
        typer.echo(
            f"{'mover':<12} {'cause':<18} cat {'at [s]':>9} {'took [s]':>9} {'went':>8} "
            f"{'foretold':>9} {'acc.':>6} {'jerk':>6}   (went in rad or m, shares of limits)"
        )
        for s in found:
            typer.echo(
                f"{s.mover:<12} {s.cause:<18} {s.category:>3} {s.accepted:9.3f} "
                f"{s.standstill - s.accepted:9.3f} {s.distance:8.4f} {s.predicted:9.4f} "
                f"{s.acceleration:6.2f} {s.jerk:6.2f}"
            )
            for fault in s.faults:
                fail(f"{s.mover} at {s.accepted:.3f} s: {fault}")
    raise typer.Exit(1 if any(s.faults for s in found) else 0)
