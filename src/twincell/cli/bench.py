"""`twincell bench`: policies against each other, over scenarios."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twincell.cli.output import Json, emit, say

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from twincell.production.tariff import Tariff

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Policies against each other, over scenarios.")

_LOAD = 1.0
"""As many orders as the bottleneck can do, without set-ups and failures: its planned load."""
_TARGETS = {"throughput": 0.30, "energy_cost": -0.25, "turnaround": -0.45}
_TITLES = {
    "ours": "ours",
    "fifo": "first in, first out",
    "right_shift": "static plan, right shift",
    "rescheduling": "complete rescheduling",
    "rescheduling_lists": "rescheduling, lists",
    "ours_without_gate": "ours without gate",
    "ours_on_expected": "ours on expected durations",
}
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
    from twincell.cli.progress import bar
    from twincell.production.line_shift import SHIFT, orders_for
    from twincell.twin.line_campaign import FIGURES, campaign
    from twincell.twin.line_policies import ABLATIONS, POLICIES
    from twincell.twin.line_ray import cluster_at

    names = (*POLICIES, *(ABLATIONS if ablations else ()))
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
                (len(names), len(FIGURES)),
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
        {"load": each, "orders": jobs, **_told(table, names, FIGURES, seed)}
        for each, jobs, table in zip(loads, orders, tables, strict=True)
    ]
    report: dict[str, Any] = {"scenarios": scenarios, "seed": seed, **told[0], "loads": told}
    report |= _write(out, loads, tables, names, FIGURES, told, scenarios)
    if json:
        emit(report)
    else:
        for row in told:
            _show(row, scenarios, seed, names, FIGURES)
    say(f"wrote {report['table']} and {', '.join(report['pictures'])}")


def _told(
    table: NDArray[np.float64], names: tuple[str, ...], figures: tuple[str, ...], seed: int
) -> dict[str, Any]:
    """Means, changes against each policy, and targets, with their intervals."""
    from twincell.twin.line_compare import change, mean_interval

    told: dict[str, Any] = {"policies": {}}
    for p, name in enumerate(names):
        told["policies"][name] = {}
        for i, figure in enumerate(figures):
            got = mean_interval(table[:, p, i], seed)
            told["policies"][name][figure] = {"mean": got.change, "low": got.low, "high": got.high}
    for p, name in enumerate(names[1:], 1):
        rows: dict[str, Any] = {}
        for i, figure in enumerate(figures[:-2]):
            rel = change(table[:, 0, i], table[:, p, i], seed)
            rows[figure] = {"change": rel.change, "low": rel.low, "high": rel.high} if rel else None
        told[f"against_{name}"] = rows
    told["targets"] = {
        name: {
            "target": target,
            "reached": (row := told["against_fifo"][name]) is not None
            and (row["change"] >= target if target > 0 else row["change"] <= target),
        }
        for name, target in _TARGETS.items()
    }
    return told


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


def _show(
    told: dict[str, Any], scenarios: int, seed: int, names: tuple[str, ...],
    figures: tuple[str, ...],
) -> None:  # fmt: skip
    """Means, and changes with their intervals."""
    from rich.console import Console
    from rich.table import Table

    table = Table(
        title=f"{scenarios} disrupted shifts, load {told['load']:g} ({told['orders']} orders), "
        f"seed {seed}: means"
    )
    table.add_column("figure")
    for name in names:
        table.add_column(_TITLES[name], justify="right")
    for figure in figures:
        scale, unit = _UNITS[figure]
        cells = [f"{told['policies'][n][figure]['mean'] / scale:.2f}" for n in names]
        table.add_row(f"{figure.replace('_', ' ')}, {unit}", *cells)
    second = Table(title="ours against each: change of the mean, 95 % interval")
    second.add_column("figure")
    for name in names[1:]:
        second.add_column(_TITLES[name], justify="right")
    second.add_column("target against FIFO", justify="right")
    for figure in figures[:-2]:
        cells = []
        for name in names[1:]:
            row = told[f"against_{name}"][figure]
            cells.append(
                f"{row['change']:+.1%} ({row['low']:+.1%} to {row['high']:+.1%})" if row else "-"
            )
        goal = ""
        if figure in _TARGETS:
            reached = told["targets"][figure]["reached"]
            goal = f"{_TARGETS[figure]:+.0%} {'reached' if reached else 'missed'}"
        second.add_row(figure.replace("_", " "), *cells, goal)
    console = Console(width=None if Console().is_terminal else 60 + 26 * (len(names) - 1))
    console.print(table)
    console.print(second)


def _write(
    out: Path,
    loads: list[float],
    tables: list[NDArray[np.float64]],
    names: tuple[str, ...],
    figures: tuple[str, ...],
    told: list[dict[str, Any]],
    scenarios: int,
) -> dict[str, Any]:
    """Rows and pictures, each whole or not at all."""
    from twincell.cli.bench_files import write_whole
    from twincell.report.production_picture import production_picture
    from twincell.twin.line_policies import POLICIES

    lines = [",".join(("load", "scenario", "policy", *figures))]
    for load, table in zip(loads, tables, strict=True):
        for i, scenario in enumerate(table):
            for name, row in zip(names, scenario, strict=True):
                values = (repr(float(v)) for v in row)
                lines.append(",".join((f"{load:g}", str(i), name, *values)))
    files = {out / "scenarios.csv": ("\n".join(lines) + "\n").encode()}
    targets = {k.replace("_", " "): v for k, v in _TARGETS.items()}
    baselines = [n for n in names[1:] if n in POLICIES]
    causes = [n for n in names[1:] if n not in POLICIES]
    for load, row in zip(loads, told, strict=True):
        tail = "" if len(loads) == 1 else f"_load_{load:g}"
        title = f"{scenarios} disrupted shifts, load {load:g}"
        for file, group, goals in (("changes", baselines, targets), ("causes", causes, {})):
            if not group:
                continue
            plain = {
                _TITLES[name]: {
                    k.replace("_", " "): (v["change"], v["low"], v["high"]) if v else None
                    for k, v in row[f"against_{name}"].items()
                }
                for name in group
            }
            files[out / f"{file}{tail}.png"] = production_picture(plain, goals, title)
    write_whole(files)
    paths = [str(path) for path in files]
    return {"table": paths[0], "picture": paths[1], "pictures": paths[1:]}
