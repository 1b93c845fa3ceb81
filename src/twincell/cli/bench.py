"""`twincell bench`: policies against each other, over scenarios."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twincell.cli.bench_cell import cell
from twincell.cli.output import Json, emit, say

if TYPE_CHECKING:
    from twincell.production.tariff import Tariff

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Policies against each other, over scenarios.")

_LOAD = 1.0
"""As many orders as the bottleneck can do, without set-ups and failures: its planned load."""
_TARGETS = {"throughput": 0.30, "energy_cost": -0.25, "turnaround": -0.45}
_UNITS = {
    "throughput": (1.0, "parts in the shift"),
    "tardiness": (1.0, "weighted, EUR"),
    "turnaround": (3600.0, "h"),
    "energy_cost": (1.0, "EUR"),
    "energy": (3.6e6, "kWh"),
    "margin": (1.0, "EUR"),
    "nervousness": (0.01, "% of open steps a decision"),
    "decision_time": (1.0, "s"),
}


@app.callback()
def main() -> None:
    """Policies against each other, over scenarios."""


@app.command()
def production(
    scenarios: Annotated[int, typer.Option(min=2, help="Disrupted shifts a load.")] = 100,
    seed: Annotated[int, typer.Option(min=0, help="Root of all chance.")] = 1,
    load: Annotated[
        list[float] | None,
        typer.Option(help="Orders, in times of what the bottleneck can do; may be given again."),
    ] = None,
    prices: Annotated[
        Path | None,
        typer.Option(metavar="CSV", help="Day-ahead prices, a day a scenario by chance."),
    ] = None,
    whole_days: Annotated[
        bool, typer.Option(help="Leave days out that lack an hour, or have one twice.")
    ] = False,
    ablations: Annotated[
        bool, typer.Option(help="Also ours with one part taken out, to tell causes apart.")
    ] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; one a core without it.")
    ] = None,
    ray: Annotated[
        str | None, typer.Option(metavar="ADDRESS|local", help="Play on a Ray cluster.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for tables and pictures.")] = Path(
        "out/bench_production"
    ),
    json: Json = False,
) -> None:
    """Ours against first in, first out, right shift, and rescheduling, on the line's model.

    Scenarios that the same command has played before are taken from the folder: a run that was
    broken off goes on where it stood, and more scenarios add to those that are there.
    """
    import os
    from contextlib import nullcontext
    from time import perf_counter

    from numpy.random import default_rng

    from twincell.cli.bench_files import Rows
    from twincell.cli.bench_tables import Sheet
    from twincell.cli.files import write_whole
    from twincell.cli.progress import bar
    from twincell.production.line_shift import SHIFT, orders_for
    from twincell.twin.line_campaign import campaign
    from twincell.twin.line_policies import ABLATIONS, POLICIES
    from twincell.twin.line_ray import cluster_at

    names = (*POLICIES, *(ABLATIONS if ablations else ()))
    alone = ("nervousness", "decision_time")
    sheet = Sheet(_UNITS, names, alone, _TARGETS, tuple(n for n in names if n not in POLICIES))
    loads = list(dict.fromkeys(load or [_LOAD]))
    orders = [orders_for(each) for each in loads]
    days = _days(prices, whole_days)
    # a day a scenario by its own chance, so that their number may grow
    drawn = (int(default_rng([seed, 24, i]).integers(len(days))) for i in range(scenarios))
    tariffs = [days[i] for i in drawn]
    count = min(workers or os.cpu_count() or 1, scenarios)
    tables = []
    with cluster_at(ray, count) if ray else nullcontext() as cluster:
        for each, jobs in zip(loads, orders, strict=True):
            part = Rows.open(
                out / f".load-{each:g}.part",
                {"seed": seed, "load": each, "names": names, "days": days},
                (len(names), len(sheet.figures)),
            )
            if part.known:
                say(f"load {each:g}: {len(part.known)} scenarios are known from a run before")
            with bar(f"load {each:g}") as tell:
                tables.append(
                    campaign(
                        seed, tariffs, perf_counter, count, jobs, names, tell, intake=SHIFT,
                        known=part.known, keep=part.add, cluster=cluster,
                    )
                )  # fmt: skip
    told = [
        {"load": each, "orders": jobs, **sheet.told(table, seed)}
        for each, jobs, table in zip(loads, orders, tables, strict=True)
    ]
    lines = [",".join(("load", "scenario", "policy", *sheet.figures))]
    files: dict[Path, bytes] = {}
    for each, table, row in zip(loads, tables, told, strict=True):
        lines += sheet.rows(table, (f"{each:g}",))
        tail = "" if len(loads) == 1 else f"_load_{each:g}"
        title = f"{scenarios} disrupted shifts, load {each:g}"
        files |= sheet.pictures(row, out, tail, title)
    write_whole({out / "scenarios.csv": ("\n".join(lines) + "\n").encode(), **files})
    pictures = [str(path) for path in files]
    report: dict[str, Any] = {"scenarios": scenarios, "seed": seed, **told[0], "loads": told}
    report |= {"table": str(out / "scenarios.csv"), "picture": pictures[0], "pictures": pictures}
    if json:
        emit(report)
    else:
        for row in told:
            orders_told = f"load {row['load']:g} ({row['orders']} orders)"
            sheet.show(row, f"{scenarios} disrupted shifts, {orders_told}, seed {seed}")
    say(f"wrote {report['table']} and {', '.join(pictures)}")


def _days(prices: Path | None, whole_days: bool) -> tuple[Tariff, ...]:
    """The days that scenarios draw from, from six in the morning on."""
    from twincell.errors import ProductionError
    from twincell.production.prices import example_tariff, read_days, read_prices

    if prices is None:
        if whole_days:
            raise ProductionError("--whole-days; valid: with --prices")
        return (example_tariff(),)
    if not whole_days:
        try:
            read_prices(prices)
        except ProductionError as error:
            if "cannot be read" in str(error) or "valid: one hour" not in str(error):
                raise
            raise ProductionError(
                f"{error}; with --whole-days such days are left out, and told"
            ) from None
    days = read_days(prices)
    if days.left_out:
        say(f"{prices}: left out, as hours lack or are there twice: {', '.join(days.left_out)}")
    return days.tariffs


app.command()(cell)
