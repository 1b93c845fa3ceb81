"""`twincell inspect spectra`: materials by their spectra."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from twincell.cli.output import Json, emit, say

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(spectra)


def spectra(
    folder: Annotated[
        Path, typer.Option("--in", help="Folder with R.csv, and d.csv and DoLP.csv where known.")
    ],
    bands: Annotated[
        list[int] | None, typer.Option(min=1, help="Number of bands; again for more.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Root of all chance: the folds.")] = 7,
    json: Json = False,
) -> None:
    """Tell materials from multispectral readings, in 10-fold cross-validation."""
    from twincell.inspection.spectra import cross_validate, read_readings

    readings = read_readings(folder)
    known = list(readings.channels)
    sets = [[known[0]]] + ([known[:2]] if len(known) > 1 else []) + ([known] if known[2:] else [])
    total = len(readings.wavelengths)
    rows: list[dict[str, Any]] = []
    for number in bands or [1, 3, total]:
        for channels in sets:
            mixed = cross_validate(readings, channels, number, seed)
            apart = cross_validate(readings, channels, number, seed, apart=True)
            rows.append(
                {
                    "channels": channels,
                    "bands": mixed.bands,
                    "f1": mixed.f1,
                    "f1_specimens_apart": apart.f1,
                    "first_fold_nm": list(mixed.chosen[0]) if mixed.bands < total else None,
                }
            )
            say(f"{' + '.join(channels)}, {mixed.bands} bands: done")
    if json:
        emit({"in": str(folder), "readings": len(readings.materials), "scores": rows})
        return
    typer.echo(f"{len(readings.materials)} readings, {total} bands, 10 folds, F1 mean over classes")
    typer.echo(f"{'channels':14} {'bands':>5} {'F1':>7} {'specimens apart':>16}")
    for row in rows:
        name = " + ".join(row["channels"])
        typer.echo(
            f"{name:14} {row['bands']:>5} {row['f1']:>7.3f} {row['f1_specimens_apart']:>16.3f}"
        )
