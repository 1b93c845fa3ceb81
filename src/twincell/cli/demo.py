"""`twincell demo`: the main job, on the ROS stack, with a table at the end."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from twincell.cli.checked import checked_world
from twincell.cli.output import Json, World, emit, say

__all__ = ["register"]

_TALKERS = ("orchestrator", "safety_supervisor", "crack_detector", "operator", "console")
"""Nodes whose words are shown; all of them are in the logs."""


def register(app: typer.Typer, panel: str) -> None:
    """Add the command to `app`."""
    app.command(rich_help_panel=panel)(demo)


def demo(
    world: World,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Root of all chance; the world's own without it.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder of the run; an earlier run in it goes.")] = Path(
        "out/demo"
    ),
    rate: Annotated[
        float, typer.Option(min=0.05, help="Simulated seconds a second of wall time.")
    ] = 1.2,
    console: Annotated[
        int | None,
        typer.Option(help="Show the cell in a browser, at this port of this machine; 0 for any."),
    ] = None,
    verbose: Annotated[bool, typer.Option(help="Show the words of every node.")] = False,
    json: Json = False,
) -> None:
    """Run the shift on the ROS stack: every node, a recorded bag, a table, an HTML report."""
    from dataclasses import replace

    from twincell.console.ports import free_port
    from twincell.report.page import write_report
    from twincell.report.rates import rates_table, read_rates
    from twincell.report.tables import print_tables, print_words, wide_console
    from twincell.stack.demo import demo as run_demo
    from twincell.stack.specs import NodeSpec
    from twincell.stack.up import console as merged_log

    cell, path = checked_world(world)
    write = merged_log()

    def echo(spec: NodeSpec, line: str) -> None:
        if verbose or spec.name in _TALKERS or "WARN" in line or "ERROR" in line:
            write(spec, line)

    number = cell.seed if seed is None else seed
    say(f"running {cell.name} with seed {number} on the ROS stack at {rate:g} x real time")
    port = None if console is None else free_port(console)
    result = run_demo(cell, path, number, out.resolve(), rate, echo, port)
    (out / "run.json").write_text(result.to_json() + "\n", encoding="utf-8")
    result.extras.save(out / "run.npz")
    files = [*result.extras.files, str(out / "rates.json"), str(out / "run.json")]
    files.append(str(out / "report.html"))
    result = replace(result, extras=replace(result.extras, files=tuple(files)))
    write_report(result, out)
    rates = read_rates(out)
    silent = [rate.topic for rate in rates if rate.state == "silent" and rate.expected]
    if json:
        emit(result.to_dict() | {"files": files, "silent": silent})
    else:
        print_words(rates_table(rates), wide_console())
        print_tables(result)
        for file in files:
            say(f"wrote {file}")
    raise typer.Exit(1 if silent else 0)
