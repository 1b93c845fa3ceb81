"""`twincell inspect bag`: what a recorded bag holds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from twincell.cli.output import Json, emit, fail

__all__ = ["register"]


_SHOWN = 5
"""Faults of a topic in the table; all are in the JSON."""


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(bag)


def bag(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="A .db3, .mcap, or a bag's folder.")
    ],
    json: Json = False,
) -> None:
    """Read every cloud, image and anomaly of rosbag2 bags; no ROS needed.

    Exit code 1 where a message is wrong or a bag could not be read.
    """
    from twincell.errors import InspectionError
    from twincell.inspection.bag import inspect_bag

    rows: list[dict[str, Any]] = []
    for file in files:
        try:
            rows.append(inspect_bag(file).to_dict())
        except InspectionError as error:
            fail(str(error))
            rows.append({"file": str(file), "error": str(error)})
    if json:
        emit({"files": rows})
    else:
        for row in rows:
            _tell(row)
    broken = any(row["error"] for row in rows)
    wrong = any(topic["faults"] for row in rows for topic in row.get("topics", []))
    raise typer.Exit(1 if broken or wrong else 0)


def _tell(row: dict[str, Any]) -> None:
    """One bag as a table."""
    if row["error"]:
        return
    typer.echo(f"{row['file']}: {row['messages']} messages in {row['duration']:.2f} s")
    wide = max((len(t["topic"]) for t in row["topics"]), default=5)
    typer.echo(f"  {'topic':<{wide}}  {'messages':>8} {'rate':>9}  what")
    for topic in row["topics"]:
        rate = f"{topic['rate']:.2f} Hz" if topic["rate"] is not None else "-"
        typer.echo(f"  {topic['topic']:<{wide}}  {topic['messages']:>8} {rate:>9}  {_what(topic)}")
        more = len(topic["faults"]) - _SHOWN
        for fault in [*topic["faults"][:_SHOWN], *([f"and {more} more"] if more > 0 else [])]:
            typer.secho(f"  {'':<{wide}}  {fault}", fg="red")
    if row["parts"]:
        typer.echo("  anomalies, the last word on each")
        for part, found in row["parts"].items():
            words = [f"{a['kind']} {1e3 * a['length']:.1f} mm ({a['severity']})" for a in found]
            typer.echo(f"    {part}: {', '.join(words) or 'none'}")


def _what(topic: dict[str, Any]) -> str:
    """What a topic's messages hold."""
    kind = topic["type"].rsplit("/", 1)[-1]
    if kind == "PointCloud2" and topic["messages"]:
        low, high = topic["points"]
        return (
            f"{low:,} to {high:,} points of {', '.join(topic['fields'])}; "
            f"{topic['not_finite']:,} points not finite, {topic['dark']} clouds wholly"
        )
    if kind == "Image" and topic["messages"]:
        return f"images {topic['size'][0]} x {topic['size'][1]} {topic['encoding']}"
    return str(kind)
