"""`twincell bag`: what was recorded."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from twincell.cli.output import Json, emit

__all__ = ["app"]

app = typer.Typer(help="Look at what was recorded.", no_args_is_help=True)


@app.callback()
def main() -> None:
    """Look at what was recorded."""


@app.command()
def rates(
    source: Annotated[Path, typer.Argument(metavar="RUN", help="A rates.json, or its folder.")],
    json: Json = False,
) -> None:
    """Each topic's rate against the promised one; exit code 1 where a topic was silent."""
    from twincell.report.rates import rates_table, read_rates

    found = read_rates(source)
    silent = [rate.topic for rate in found if rate.state == "silent"]
    if json:
        topics = [asdict(rate) | {"state": rate.state} for rate in found]
        emit({"ok": not silent, "silent": silent, "topics": topics})
    else:
        from twincell.report.tables import print_words, wide_console

        print_words(rates_table(found), wide_console())
    raise typer.Exit(1 if silent else 0)
