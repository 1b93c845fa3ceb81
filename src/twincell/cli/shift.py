"""`twincell run` and `twincell report`: a whole shift in lockstep, and what it gave."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twincell.cli.checked import checked_world
from twincell.cli.output import Json, World, emit, say
from twincell.errors import ProductionError

if TYPE_CHECKING:
    from twincell.cell.lockstep import LockstepCell

__all__ = ["register"]

RESULT, EXTRAS = "run.json", "run.npz"
"""Names in a run's folder: the result, and its pictures and curves."""


def register(app: typer.Typer, panel: str) -> None:
    """Add the commands to `app`."""
    app.command(rich_help_panel=panel)(run)
    app.command(rich_help_panel=panel)(report)


def run(
    world: World,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Root of all chance; the world's own without it.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for run.json, run.npz and report.html.")
    ] = None,
    json: Json = False,
    max_time: Annotated[
        float, typer.Option(min=0.001, help="Longest shift in simulation time [s].")
    ] = 1200.0,
    console: Annotated[
        int | None,
        typer.Option(
            help="Run it no faster than real time, shown in a browser at this port of this "
            "machine, with the operator's buttons; 0 for any."
        ),
    ] = None,
) -> None:
    """Run a shift headless, as fast as it can; the same seed gives the same hash."""
    from twincell.cell.run import run_shift
    from twincell.cli.progress import shift_progress
    from twincell.console.ports import free_port

    cell, path = checked_world(world)
    lead = None
    if cell.inspection.approach == "policy":
        from twincell.training.reaching import lead_of

        lead = lead_of(path)
    if out is not None:  # a shift takes minutes: what cannot be written is told before
        out.mkdir(parents=True, exist_ok=True)
    attend = None if console is None else partial(_attended, port=free_port(console))
    with shift_progress() as progress:
        number = cell.seed if seed is None else seed
        result = run_shift(cell, path, number, progress, max_time, lead, attend)
    files = []
    if out is not None:
        from twincell.report.page import write_report

        (out / RESULT).write_text(result.to_json() + "\n", encoding="utf-8")
        result.extras.save(out / EXTRAS)
        page = write_report(result, out)
        files = [str(out / RESULT), str(out / EXTRAS), str(page)]
    if json:
        emit(result.to_dict() | {"files": files})
    else:
        from twincell.report.tables import print_tables

        print_tables(result)
        for file in files:
            say(f"wrote {file}")
    for event in result.events:
        if event.kind == "halted":
            raise ProductionError(f"the shift could not be finished: {event.detail['reason']}")


@contextmanager
def _attended(cell: LockstepCell, port: int) -> Iterator[Callable[[], None]]:
    """What is to be done between steps for a browser at a port."""
    from twincell.console.attended import AttendedShift

    shown = AttendedShift(cell, port)
    say(f"the cell in a browser: {shown.console.address}")
    try:
        yield shown.between
    finally:
        shown.close()


def report(
    source: Annotated[Path, typer.Argument(metavar="RUN", help="A run.json, or its folder.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="HTML file; beside the run without it.")
    ] = None,
    json: Json = False,
) -> None:
    """Write the HTML report of a run, and print its tables."""
    from twincell.cell.extras import Extras
    from twincell.cell.result import RunResult
    from twincell.errors import AssetError
    from twincell.report.page import write_report
    from twincell.report.tables import print_tables

    file = source / RESULT if source.is_dir() else source
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not text"
        raise AssetError(f"{file}: {reason}; valid: a run.json, or the folder of a run") from None
    result = RunResult.from_json(text)
    arrays = file.with_suffix(".npz")
    extras = Extras.load(arrays) if arrays.is_file() else Extras()
    page = write_report(result, out or file.parent, extras)
    if json:
        emit(result.to_dict() | {"files": [str(page)]})
        return
    print_tables(result)
    say(f"wrote {page}")
