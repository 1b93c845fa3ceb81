"""`twincell journal`: whether it is whole, and what it tells."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from twincell.cli.output import Json, emit, fail, say

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="The orchestrator's hash-chained journal.")

File = Annotated[Path, typer.Argument(metavar="FILE", help="journal.mcap of a shift.")]


@app.command()
def verify(
    file: File,
    head: Annotated[
        str, typer.Option(help="Hash that was noted before: the journal must still hold it.")
    ] = "",
    json: Json = False,
) -> None:
    """Look at every byte: exit code 1, with the first bad entry, where one was altered."""
    from twincell.production.journal import GENESIS, check

    found = check(file)
    bad, fault = found.bad, found.fault
    if not fault and not found.entries:
        bad, fault = 1, "holds no entry: its shift never began, or it was emptied"
    if not fault and head and head not in {GENESIS, *(e.hash for e in found.entries)}:
        bad = len(found.entries) + 1
        fault = f"the entry of hash {head[:12]}… is gone: the end was cut off"
    if json:
        emit(
            {
                "file": str(file),
                "valid": not fault,
                "entries": len(found.entries),
                "head": found.head,
                "closed": found.closed,
                "torn": found.torn,
                "bad_entry": bad,
                "fault": fault or None,
            }
        )
    elif not fault:
        typer.echo(f"{file}: {len(found.entries)} entries, every byte as written")
        typer.echo(f"head {found.head}")
    if fault:
        fail(f"{file}: {fault} ({len(found.entries)} entries before it are whole)")
        raise typer.Exit(1)
    if not found.closed:
        say("not ended in order: its process was killed, or still writes")
    if found.torn:
        say(f"{found.torn} bytes at its end were never acknowledged; who goes on cuts them off")


@app.command()
def replay(
    file: File,
    until: Annotated[float, typer.Option(help="Up to this time of the shift [s].")] = float("inf"),
    world: Annotated[
        str, typer.Option(help="World of the shift: with it blades and orders are rebuilt, too.")
    ] = "",
    json: Json = False,
) -> None:
    """Rebuild the state of the line at a moment of the shift."""
    from twincell.production.journal import read_journal
    from twincell.production.journal_replay import rebuild, recap

    if math.isnan(until):
        raise typer.BadParameter("nan; valid: a time of the shift [s]", param_hint="--until")
    entries = read_journal(file, until)
    told = recap(entries)
    report: dict[str, Any] = {"file": str(file), **asdict(told)}
    blades: dict[str, Any] = {}
    if world:
        from twincell.cell.plain import encode
        from twincell.production.identity import SHIFT, require_shift
        from twincell.world.load import load_world

        given = load_world(world)
        if entries and entries[0].line.kind == SHIFT:
            require_shift(entries, given, entries[0].line.detail["seed"], str(file))
        state = rebuild(given, entries)
        blades = {name: asdict(blade) for name, blade in state.blades.items()}
        report["blades"] = blades
        report["orders"] = {name: asdict(order) for name, order in state.orders.items()}
        report["outages"] = encode(state.outages)
    if json:
        emit(report)
        return
    typer.echo(f"{file}: {told.entries} entries, the last at {told.stamp:.1f} s")
    if told.plan:
        typer.echo(f"plan      {told.plan['id']}: {told.plan['reason']}")
    typer.echo(f"running   {', '.join(told.running) or 'nothing'}")
    aborted = [task for task, how in told.done.items() if how == "aborted"]
    lost = f", of them aborted: {', '.join(aborted)}" if aborted else ""
    typer.echo(f"ended     {len(told.done)} tasks{lost}")
    for part, decision in told.verdicts.items():
        typer.echo(f"verdict   {part}: {decision}")
    for part, why in told.left.items():
        typer.echo(f"left out  {part}: {why}")
    for item in told.disruptions:
        typer.echo(f"happened  {item['text']}")
    for name, blade in blades.items():
        target = f" in {blade['target'][0]}, pocket {blade['target'][1]}" if blade["target"] else ""
        typer.echo(f"blade     {name}: {blade['where']}{target}, {blade['decision'] or 'unjudged'}")
    for what, why in (("stopped", told.stopped), ("halted", told.halted)):
        if why:
            typer.echo(f"{what:10}{why}")
