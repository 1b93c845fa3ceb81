"""`twincell bench cell`: policies against each other in the physics cell."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twincell.cli.checked import checked_world
from twincell.cli.output import Json, World, emit, say

if TYPE_CHECKING:
    from twincell.cli.bench_files import Rows
    from twincell.world import model

__all__ = ["cell", "rows_of"]

_ROOMS = ("cell", "geometry", "inspection", "motion", "physics", "safety", "sensing", "world")
"""Whose code decides the figures, beside production and twin."""
_UNITS = {
    "throughput": (1.0, "blades an hour"),
    "tardiness": (1.0, "weighted, s"),
    "turnaround": (1.0, "s"),
    "energy_cost": (0.01, "cents"),
    "energy": (3.6e3, "Wh"),
    "correct": (0.01, "% of the verdicts"),
    "nervousness": (0.01, "% of pairs a decision"),
}


def cell(
    world: World = "blade_cell",
    scenarios: Annotated[int, typer.Option(min=2, help="Disrupted shifts.")] = 6,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Root of all chance.")] = 1,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; one a core without it.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for table and picture.")] = Path(
        "out/bench_cell"
    ),
    json: Json = False,
) -> None:
    """Ours against first in, first out, right shift, and rescheduling, in the physics cell.

    Each scenario is a whole shift of the world in lockstep, with disruptions of its own in place of
    the world's. Scenarios that were played before are taken from the folder.
    """
    import os

    from twincell.cell.campaign import CELL_FIGURES, campaign
    from twincell.cli.bench_tables import Sheet
    from twincell.cli.files import write_whole
    from twincell.cli.progress import bar
    from twincell.twin.cell_policies import CELL_POLICIES

    made, path = checked_world(world)
    names = tuple(CELL_POLICIES)
    sheet = Sheet({name: _UNITS[name] for name in CELL_FIGURES}, names, ("correct", "nervousness"))
    part = rows_of(made, path, out, seed)
    if part.known:
        say(f"{len(part.known)} scenarios are known from a run before")
    count = min(workers or os.cpu_count() or 1, scenarios)
    with bar(made.name) as tell:
        table = campaign(
            made, path, seed, scenarios, count, names, tell, known=part.known, keep=part.add
        )
    told = sheet.told(table, seed)
    title = f"{scenarios} disrupted shifts of {made.name}"
    lines = [",".join(("scenario", "policy", *sheet.figures)), *sheet.rows(table)]
    pictures = sheet.pictures(told, out, "", title)
    write_whole({out / "scenarios.csv": ("\n".join(lines) + "\n").encode(), **pictures})
    if json:
        report: dict[str, Any] = {"scenarios": scenarios, "seed": seed, **told}
        emit(report | {"table": str(out / "scenarios.csv"), "pictures": list(map(str, pictures))})
    else:
        sheet.show(told, f"{title}, seed {seed}")
    say(f"wrote {out / 'scenarios.csv'} and {', '.join(map(str, pictures))}")


def rows_of(world: model.World, path: Path, out: Path, seed: int) -> Rows:
    """Figures of the scenarios that this run has played before.

    Args:
        world: the cell.
        path: its file.
        out: folder of the benchmark.
        seed: root of all chance.
    """
    from twincell.cell.campaign import CELL_FIGURES
    from twincell.cli.bench_files import Rows
    from twincell.twin.cell_policies import CELL_POLICIES

    names = tuple(CELL_POLICIES)
    run = {"seed": seed, "names": names, "world": path.read_text(encoding="utf-8")}
    if world.production.durations is not None:
        run["durations"] = (path.parent / world.production.durations).read_text(encoding="utf-8")
    return Rows.open(out / ".part", run, (len(names), len(CELL_FIGURES)), _ROOMS)
