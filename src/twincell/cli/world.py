"""`twincell world`: check a world file, write its schema and its reference."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from twincell.cli.output import Json, emit, say

__all__ = ["app"]

app = typer.Typer(help="Check world files; their schema and reference.", no_args_is_help=True)

Out = Annotated[
    Path | None, typer.Option("--out", "-o", help="File to write; standard output without it.")
]


@app.command()
def check(
    file: Annotated[str, typer.Argument(help="World file, or a shipped name.")],
    json: Json = False,
    motion: Annotated[
        bool, typer.Option(help="Also try whether the arms reach every pose of the work.")
    ] = True,
) -> None:
    """Say what is wrong with a world file, where, and what would be right."""
    from twincell.cell.validate import world_faults

    found = world_faults(file, motion=motion) or _policies(file)
    if json:
        emit({"file": file, "ok": not found, "faults": found})
    else:
        for fault in found:
            typer.echo(fault)
        if not found:
            typer.secho(f"{file}: no fault", fg="green")
        else:
            say(f"{len(found)} fault{'s' if len(found) > 1 else ''}")
    raise typer.Exit(1 if found else 0)


@app.command()
def schema(
    line: Annotated[bool, typer.Option("--line", help="That of line files.")] = False,
    out: Out = None,
) -> None:
    """Write the JSON schema that editors check world files with."""
    from twincell.world.schema import json_schema, line_schema, schema_text

    _write(schema_text(line_schema() if line else json_schema()), out)


@app.command()
def docs(out: Out = None) -> None:
    """Write the reference of all keys, with units and defaults, as Markdown."""
    from twincell.world.schema import reference

    _write(reference(), out)


def _policies(file: str) -> list[str]:
    """Faults of the policies that lead arms of a world that is well otherwise."""
    from twincell.assets import world_path
    from twincell.cell.validate import located
    from twincell.world.load import load_world

    if all(arm.policy is None for arm in load_world(file).arms.values()):
        return []
    # heavy: an environment for each arm
    from twincell.training.pilot import policy_faults

    path = Path(file) if Path(file).is_file() else world_path(file)
    return located(path, policy_faults(path))


def _write(text: str, out: Path | None) -> None:
    if out is None:
        typer.echo(text, nl=False)
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding="utf-8")
    say(f"wrote {out}")
