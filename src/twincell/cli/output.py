"""How commands speak: one JSON object or words on standard output, all else on standard error."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

__all__ = ["Json", "World", "emit", "fail", "say"]

Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
World = Annotated[str, typer.Argument(metavar="WORLD", help="World file, or a shipped name.")]


def emit(data: dict[str, Any]) -> None:
    """One object, one line, on standard output; escaped where that is not in UTF-8."""
    plain = "utf" not in (getattr(sys.stdout, "encoding", None) or "utf-8").lower()
    sys.stdout.write(json.dumps(data, ensure_ascii=plain, allow_nan=False) + "\n")


def say(text: str) -> None:
    """A line of log on standard error."""
    typer.echo(text, err=True)


def fail(text: str) -> None:
    """A red message on standard error."""
    typer.secho(f"error: {text}", err=True, fg="red")
