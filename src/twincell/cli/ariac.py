"""`twincell ariac`: what a trial of the competition means in our terms."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twincell.cli.output import Json, emit

if TYPE_CHECKING:
    from twincell.production.ariac_2025 import Defects, Scoring

__all__ = ["register"]


def register(app: typer.Typer, panel: str) -> None:
    """Add the command to `app`."""
    app.command(rich_help_panel=panel)(ariac)


def ariac(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Trial of 2023, or defects or scoring of 2025.")
    ],
    json: Json = False,
) -> None:
    """Read an ARIAC trial: orders, disruptions, material, and what has no counterpart here."""
    from twincell.production.ariac import read_trial
    from twincell.production.ariac_2025 import read_2025

    later = read_2025(file)
    if later is not None:
        _tell_2025(later, json)
        return
    trial = read_trial(file)
    if json:
        emit(_report(trial))
        return
    limit = "no time limit" if math.isinf(trial.time_limit) else f"{trial.time_limit:g} s"
    typer.echo(f"{file}: {len(trial.orders)} orders, {limit}")
    for order in trial.orders:
        urgent = ", high priority" if order.order.priority > 1 else ""
        bad = f"; faulty: {', '.join(order.faulty)}" if order.faulty else ""
        typer.echo(
            f"order     {order.name} ({order.kind}{urgent}) {order.announced.words}: "
            f"{', '.join(order.parts)}{bad}"
        )
    for item in trial.disruptions:
        until = item.parameters["until"]
        typer.echo(f"happens   at {item.at:g} s: {item.subject} sees nothing until {until:g} s")
    for outage in trial.outages:
        robots = ", ".join(outage.robots)
        typer.echo(f"happens   {outage.when.words}: {robots} fails for {outage.duration:g} s")
    for kind, count in sorted(trial.material.items()):
        times = trial.arrivals.get(kind)
        belt = f", {len(times)} by belt from {times[0]:g} to {times[-1]:g} s" if times else ""
        typer.echo(f"material  {count} {kind}{belt}")
    for kind, count in sorted(trial.short.items()):
        typer.echo(f"short     {count} {kind}: orders need it, nobody brings it")
    for note in trial.notes:
        typer.echo(f"note      {note}")


def _tell_2025(read: Defects | Scoring, json: bool) -> None:
    """Defects of cells, or scoring weights."""
    from dataclasses import asdict

    from twincell.production.ariac_2025 import Defects

    if json:
        emit({**asdict(read), "file": str(read.path), "path": str(read.path)})
        return
    if isinstance(read, Defects):
        typer.echo(f"{read.path}: {len(read.sets)} cells with defects")
        for each in read.sets:
            found = ", ".join(
                f"{d.kind} at {math.degrees(d.angle):.0f} deg, {1000 * d.height:.0f} mm"
                for d in each.defects
            )
            typer.echo(f"faulty    cell {each.number} ({each.words}): {found or 'nothing'}")
    else:
        typer.echo(f"{read.path}: scoring")
        for name, points in read.scrap.items():
            typer.echo(f"scrap     {points:g} points: {name}")
        typer.echo(f"time      a look takes {read.inspection:g} s, a rush order {read.rush:g} s")
    for note in read.notes:
        typer.echo(f"note      {note}")


def _report(trial: Any) -> dict[str, Any]:
    def finite(value: float) -> float | None:
        return None if math.isinf(value) else value

    def when(condition: Any) -> dict[str, Any]:
        return {"kind": condition.kind, "at": finite(condition.at), "of": condition.of}

    return {
        "file": str(trial.path),
        "time_limit": finite(trial.time_limit),
        "orders": [
            {
                "id": o.name,
                "kind": o.kind,
                "parts": dict(zip(o.order.parts, o.parts, strict=True)),
                "priority": o.order.priority,
                "due": finite(o.order.due),
                "announced": when(o.announced),
                "faulty": list(o.faulty),
            }
            for o in trial.orders
        ],
        "disruptions": [
            {"kind": d.kind, "at": d.at, "subject": d.subject, "parameters": d.parameters}
            for d in trial.disruptions
        ],
        "outages": [
            {"robots": list(o.robots), "duration": o.duration, "when": when(o.when)}
            for o in trial.outages
        ],
        "material": trial.material,
        "arrivals": trial.arrivals,
        "short": trial.short,
        "notes": list(trial.notes),
    }
