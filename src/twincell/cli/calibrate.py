"""`twincell calibrate`: how long tasks take in the physics cell, for the twin."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twincell.cli.output import Json, World, emit, say

if TYPE_CHECKING:
    from twincell.twin.durations import Measured

__all__ = ["register"]


def register(app: typer.Typer, panel: str) -> None:
    """Add the command to `app`."""
    app.command(rich_help_panel=panel)(calibrate)


def calibrate(
    world: World = "blade_cell",
    shifts: Annotated[int, typer.Option(min=1, help="Shifts to time, each of its own seed.")] = 8,
    seed: Annotated[int, typer.Option(min=0, help="Of the first shift; the next ones rise.")] = 1,
    as_is: Annotated[
        bool, typer.Option("--as-is", help="With the world's visitor, disruptions and pockets.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="File to write; below out/calibrate without it.")
    ] = None,
    json: Json = False,
) -> None:
    """Time tasks in the physics cell in lockstep, fit their durations, check the fits.

    Name the file in the world (`production.durations`), and the twin draws from it. Without
    --as-is the day is calm and the blades stand in other pockets in each shift.
    """
    from twincell.cell.timing import Timed, quiet, time_shift
    from twincell.cli.checked import checked_world
    from twincell.cli.files import write_whole
    from twincell.cli.progress import bar
    from twincell.errors import ProductionError
    from twincell.production.problem import KINDS
    from twincell.twin.durations import LEAST, Calibration, measured

    cell, path = checked_world(world)
    seeds = range(seed, seed + shifts)
    timed = Timed()
    with bar("shifts") as show:
        for i, each in enumerate(seeds):
            show(i, shifts)
            timed.add(time_shift(cell if as_is else quiet(cell, each), path, each))
            show(i + 1, shifts)
            say(f"shift {i + 1} of {shifts}: {sum(map(len, timed.tasks.values()))} tasks so far")
    for kind in KINDS:
        if len(timed.tasks[kind]) < LEAST:
            raise ProductionError(
                f"{kind}: {len(timed.tasks[kind])} undisturbed tasks in {shifts} shifts; valid: at "
                f"least {LEAST}: ask for more with --shifts"
            )
    tasks = {kind: measured(timed.tasks[kind], seed) for kind in KINDS}
    steps = {n: measured(v, seed) for n, v in sorted(timed.steps.items()) if len(v) >= LEAST}
    calibration = Calibration(cell.name, tuple(seeds), tasks, steps)
    rows = {str(kind): task for kind, task in tasks.items()} | steps
    file = out or Path("out/calibrate") / f"{path.stem}.durations.json"
    write_whole({file: calibration.text().encode()})
    if json:
        told = {name: _row(m) for name, m in rows.items()}
        emit({"file": str(file), "shifts": shifts, "durations": told})
    else:
        _show(rows, shifts)
    say(f"wrote {file}")


def _row(found: Measured) -> dict[str, object]:
    return {
        "family": found.family,
        "count": len(found.values),
        "mean": found.mean,
        "deviation": found.deviation,
        "fits": dict(found.fits),
    }


def _show(rows: dict[str, Measured], shifts: int) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"durations in the physics cell, {shifts} shifts [s]")
    for name in ("task or step", "seen", "mean", "deviation", "p lognormal", "p normal", "drawn"):
        table.add_column(name, justify="left" if name == "task or step" else "right")
    for name, m in rows.items():
        p = [f"{m.fits.get(f, 0.0):.3f}" for f in ("lognormal", "normal")]
        table.add_row(name, str(len(m.values)), f"{m.mean:.2f}", f"{m.deviation:.3f}", *p, m.family)
    console = Console()
    console.print(table, width=max(console.width, 100))
