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

_TARGETS = {"throughput": 0.30, "energy_cost": -0.25, "turnaround": -0.45}
_TITLES = {
    "ours": "ours",
    "fifo": "first in, first out",
    "right_shift": "static plan, right shift",
    "rescheduling": "complete rescheduling",
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
    scenarios: Annotated[int, typer.Option(min=2, help="Disrupted shifts.")] = 100,
    seed: Annotated[int, typer.Option(min=0, help="Root of all chance.")] = 1,
    prices: Annotated[
        Path | None,
        typer.Option(metavar="CSV", help="Day-ahead prices, a day a scenario by chance."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; one a core without it.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for table and picture.")] = Path(
        "out/bench_production"
    ),
    json: Json = False,
) -> None:
    """Ours against first in, first out, right shift, and rescheduling, on the line's model."""
    import os
    from time import perf_counter

    from twincell.cli.progress import bar
    from twincell.twin.line_campaign import FIGURES, campaign
    from twincell.twin.line_compare import change, mean_interval
    from twincell.twin.line_policies import POLICIES

    names = tuple(POLICIES)
    tariffs = _tariffs(prices, seed, scenarios)
    with bar("scenarios") as tell:
        table = campaign(
            seed, tariffs, perf_counter, min(workers or os.cpu_count() or 1, scenarios), tell=tell
        )
    means: dict[str, Any] = {}
    for p, name in enumerate(names):
        means[name] = {}
        for i, figure in enumerate(FIGURES):
            got = mean_interval(table[:, p, i], seed)
            means[name][figure] = {"mean": got.change, "low": got.low, "high": got.high}
    report: dict[str, Any] = {"scenarios": scenarios, "seed": seed, "policies": means}
    against: dict[str, dict[str, tuple[float, float, float] | None]] = {}
    for p, name in enumerate(names[1:], 1):
        rows: dict[str, Any] = {}
        for i, figure in enumerate(FIGURES[:-2]):
            rel = change(table[:, 0, i], table[:, p, i], seed)
            rows[figure] = (rel.change, rel.low, rel.high) if rel else None
        against[name] = rows
        report[f"against_{name}"] = {
            figure: dict(zip(("change", "low", "high"), each, strict=True)) if each else None
            for figure, each in rows.items()
        }
    report["targets"] = {
        name: {
            "target": target,
            "reached": (row := against["fifo"][name]) is not None
            and (row[0] >= target if target > 0 else row[0] <= target),
        }
        for name, target in _TARGETS.items()
    }
    report |= _write(out, table, names, FIGURES, against, f"{scenarios} disrupted shifts")
    if json:
        emit(report)
    else:
        _show(report, names, FIGURES)
    say(f"wrote {report['table']} and {report['picture']}")


def _tariffs(prices: Path | None, seed: int, count: int) -> list[Tariff]:
    """A tariff a scenario, from six in the morning on."""
    import numpy as np

    from twincell.errors import ProductionError
    from twincell.production.prices import example_tariff, read_prices

    if prices is None:
        return [example_tariff()] * count
    read = read_prices(prices)
    last = len(read.times) - 24
    begins = [i for i, t in enumerate(read.times) if t.hour == 6 and i <= last]
    if not begins:
        raise ProductionError(f"{prices}: no day; valid: 24 hours from 6 o'clock at least once")
    chosen = np.random.default_rng([seed, 24]).choice(begins, count)
    return [read.tariff(int(i), 24) for i in chosen]


def _show(report: dict[str, Any], names: tuple[str, ...], figures: tuple[str, ...]) -> None:
    """Means, and changes with their intervals."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{report['scenarios']} disrupted shifts, seed {report['seed']}: means")
    table.add_column("figure")
    for name in names:
        table.add_column(_TITLES[name], justify="right")
    for figure in figures:
        scale, unit = _UNITS[figure]
        cells = [f"{report['policies'][n][figure]['mean'] / scale:.2f}" for n in names]
        table.add_row(f"{figure.replace('_', ' ')}, {unit}", *cells)
    second = Table(title="ours against each: change of the mean, 95 % interval")
    second.add_column("figure")
    for name in names[1:]:
        second.add_column(_TITLES[name], justify="right")
    second.add_column("target against FIFO", justify="right")
    for figure in figures[:-2]:
        cells = []
        for name in names[1:]:
            row = report[f"against_{name}"][figure]
            cells.append(
                f"{row['change']:+.1%} ({row['low']:+.1%} to {row['high']:+.1%})" if row else "-"
            )
        goal = ""
        if figure in _TARGETS:
            reached = report["targets"][figure]["reached"]
            goal = f"{_TARGETS[figure]:+.0%} {'reached' if reached else 'missed'}"
        second.add_row(figure.replace("_", " "), *cells, goal)
    console = Console(width=None if Console().is_terminal else 120)
    console.print(table)
    console.print(second)


def _write(
    out: Path,
    table: NDArray[np.float64],
    names: tuple[str, ...],
    figures: tuple[str, ...],
    against: dict[str, dict[str, tuple[float, float, float] | None]],
    title: str,
) -> dict[str, str]:
    """Rows and picture, each whole or not at all."""
    from twincell.errors import ProductionError
    from twincell.report.production_picture import production_picture

    lines = [",".join(("scenario", "policy", *figures))]
    for i, scenario in enumerate(table):
        for name, row in zip(names, scenario, strict=True):
            lines.append(",".join((str(i), name, *(repr(float(v)) for v in row))))
    plain = {
        _TITLES[name]: {k.replace("_", " "): v for k, v in rows.items()}
        for name, rows in against.items()
    }
    targets = {k.replace("_", " "): v for k, v in _TARGETS.items()}
    data = {
        "table": (out / "scenarios.csv", ("\n".join(lines) + "\n").encode()),
        "picture": (out / "changes.png", production_picture(plain, targets, title)),
    }
    try:
        out.mkdir(parents=True, exist_ok=True)
        for path, content in data.values():
            part = path.with_name(f".{path.name}.part")
            part.write_bytes(content)
            part.replace(path)
    except OSError as error:
        raise ProductionError(f"{out}: cannot be written: {error.strerror}") from None
    return {key: str(path) for key, (path, _) in data.items()}
