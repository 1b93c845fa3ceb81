"""`twincell pod`: the probability that a crack is found, by size, with bounds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from twincell.cli.files import write_whole
from twincell.cli.output import Json, emit, say

__all__ = ["register"]

_CASES = ["titanium/ground/camera", "titanium/ground/imperfect"]


def register(app: typer.Typer, panel: str) -> None:
    """Add the command to `app`."""
    app.command(rich_help_panel=panel)(pod)


def pod(
    world: Annotated[str, typer.Option(help="World file, or a shipped name.")] = "blade_cell",
    flaws: Annotated[int, typer.Option(min=1, help="Cracks a case.")] = 400,
    free: Annotated[int, typer.Option(min=0, help="Blades without a crack, a case.")] = 300,
    opening: Annotated[str, typer.Option(help="Width of the cracks at the surface.")] = "0.05 mm",
    lengths: Annotated[tuple[str, str], typer.Option(help="Shortest and longest crack.")] = (
        "0.2 mm",
        "3 mm",
    ),
    case: Annotated[
        list[str] | None,
        typer.Option(help="MATERIAL/SURFACE/SENSOR, once for each curve; see --cases."),
    ] = None,
    cases: Annotated[bool, typer.Option("--cases", help="Say which there are, and end.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Root of all chance.")] = 1,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; one a core without it.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for rows, curves and picture.")] = Path(
        "out/pod"
    ),
    json: Json = False,
) -> None:
    """Cut cracks, scan, judge, and fit the POD curve (MIL-HDBK-1823A); goes on where it ended."""
    from twincell.cli.checked import checked_world
    from twincell.cli.progress import bar
    from twincell.errors import StudyError
    from twincell.report.pod_picture import pod_picture
    from twincell.report.pod_tables import print_pod, write_curves, write_flaws
    from twincell.sensing.materials import MATERIALS
    from twincell.study.campaign import carry_out
    from twincell.study.curve import curve
    from twincell.study.design import SENSORS, SURFACES, Case, Design
    from twincell.world.units import to_si

    if cases:
        typer.echo("MATERIAL  " + ", ".join(MATERIALS))
        typer.echo("SURFACE   " + "; ".join(f"{k}: {v.about}" for k, v in SURFACES.items()))
        typer.echo("SENSOR    " + "; ".join(f"{k}: {v}" for k, v in SENSORS.items()))
        return

    def metres(option: str, text: str) -> float:
        try:
            return float(to_si(text, "m"))
        except ValueError as fault:
            raise StudyError(f"{option} '{text}': {fault}; valid: as '0.05 mm'") from None

    _, path = checked_world(world)
    design = Design(
        world=path.stem,
        seed=seed,
        cases=tuple(Case.of(text) for text in case or _CASES),
        flaws=flaws,
        free=free,
        opening=metres("--opening", opening),
        lengths=(metres("--lengths", lengths[0]), metres("--lengths", lengths[1])),
    )
    with bar("blades judged") as progress:
        trials = carry_out(design, path, out, workers, progress)
    curves = [curve(c.name, trials) for c in design.cases]
    title = f"Cracks found on the blades of {path.stem}"
    picture = out / "pod.png"
    write_whole({picture: pod_picture(curves, design.opening, title)})
    files = [picture, write_curves(curves, out / "pod.csv"), write_flaws(trials, out / "flaws.csv")]
    if json:
        first = curves[0].to_dict()
        keys = ("a50", "a90", "a90_95", "false_calls_per_blade")
        emit(
            {"design": design.to_dict()}
            | {key: first[key] for key in keys}
            | {"cases": [c.to_dict() for c in curves], "files": [str(f) for f in files]}
        )
        return
    print_pod(curves)
    for file in files:
        say(f"wrote {file}")
