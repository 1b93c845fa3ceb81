"""`twincell schedule` and `twincell reschedule`: job-shop files, and events against them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from twincell.cli.files import write_whole
from twincell.cli.output import Json, emit, say

__all__ = ["register"]


def register(app: typer.Typer, panel: str) -> None:
    """Add the commands to `app`."""
    app.command(rich_help_panel=panel)(schedule)
    app.command(rich_help_panel=panel)(reschedule)


def schedule(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Flexible job-shop or job-shop file.")
    ],
    time_limit: Annotated[float, typer.Option(min=0.0, help="Of the whole command's work [s].")] = (
        10.0
    ),
    workers: Annotated[int, typer.Option(min=1, help="Threads of the search.")] = 2,
    seed: Annotated[int, typer.Option(min=0, help="Of the search.")] = 0,
    out: Annotated[Path, typer.Option(help="Folder for plan and picture.")] = Path("out/schedule"),
    json: Json = False,
) -> None:
    """Plan a (flexible) job-shop file: shortest makespan within a time limit, with its bound."""
    from time import perf_counter

    from twincell.errors import ProductionError
    from twincell.production.shop_check import faults
    from twincell.production.shop_files import read_any
    from twincell.production.shop_solver import shortest

    begun = perf_counter()
    shop = read_any(file)
    # reading and building count, so that the limit holds for the whole
    spent = perf_counter() - begun
    made = shortest(shop, max(0.0, time_limit - spent - 0.2), workers=workers, seed=seed)
    seconds = perf_counter() - begun
    wrong = faults(shop, made.plan)
    if wrong:
        raise ProductionError(f"{file}: the plan is not valid: {'; '.join(wrong[:3])}")
    title = f"{file.name}: makespan {made.makespan}, bound {made.bound}"
    files = _write(out, file.stem, made.plan, title)
    report: dict[str, Any] = {
        "file": str(file),
        "jobs": len(shop.jobs),
        "machines": shop.machines,
        "operations": shop.operations,
        "makespan": made.makespan,
        "bound": made.bound,
        "gap": made.gap,
        "nervousness": 0.0,
        "optimal": made.makespan == made.bound,
        "method": made.method,
        "seconds": seconds,
        **files,
    }
    if json:
        emit(report)
    else:
        proven = "proven the shortest" if report["optimal"] else f"gap {100 * made.gap:.1f} %"
        typer.echo(
            f"{file}: makespan {made.makespan}, bound {made.bound} ({proven}), "
            f"{shop.operations} operations, {seconds:.1f} s"
        )
    for path in files.values():
        say(f"wrote {path}")


def reschedule(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Event file.")],
    shop: Annotated[
        Path | None,
        typer.Option(help="Job-shop file that the events meet; without it FT10.txt beside FILE."),
    ] = None,
    time_limit: Annotated[float, typer.Option(min=0.0, help="Of a decision [s].")] = 1.0,
    workers: Annotated[int, typer.Option(min=1, help="Threads of a search.")] = 2,
    seed: Annotated[int, typer.Option(min=0, help="Of the searches.")] = 0,
    out: Annotated[Path, typer.Option(help="Folder for plan and picture.")] = Path(
        "out/reschedule"
    ),
    json: Json = False,
) -> None:
    """Play an event file: match-up repair beside right shift and complete rescheduling."""
    from time import perf_counter

    from twincell.cli.progress import bar
    from twincell.errors import ProductionError
    from twincell.production.rescheduling import POLICIES, hindsight_bound, play
    from twincell.production.shop_events import read_events
    from twincell.production.shop_files import read_job_shop
    from twincell.production.shop_solver import shortest

    base = shop or file.with_name("FT10.txt")
    if not base.is_file():
        raise ProductionError(f"{base}: no such file; valid: --shop with the job-shop file")
    start = read_job_shop(base)
    events = read_events(file, start)
    first = shortest(start, 5 * time_limit, workers=workers, seed=seed)
    played = {}
    with bar("policies") as tell:
        for number, policy in enumerate(POLICIES):
            tell(number, len(POLICIES))
            played[policy] = play(
                start, first.plan, events, policy, time_limit, perf_counter, workers, seed
            )
    ours = played["match_up"]
    bound = hindsight_bound(start, events)
    title = f"{file.name} after {len(events)} events: makespan {ours.makespan}"
    files = _write(out, file.stem, ours.plan, title)
    rows = {
        policy: {
            "makespan": each.makespan,
            "nervousness": each.nervousness,
            "seconds_mean": sum(s.seconds for s in each.steps) / len(each.steps),
            "seconds_max": max(s.seconds for s in each.steps),
            "events": [
                {
                    "name": s.event.name,
                    "time": s.event.time,
                    "what": s.event.words,
                    "makespan": s.makespan,
                    "nervousness": s.moved / s.kept if s.kept else 0.0,
                    "seconds": s.seconds,
                    "method": s.method,
                }
                for s in each.steps
            ],
        }
        for policy, each in played.items()
    }
    report: dict[str, Any] = {
        "file": str(file),
        "shop": str(base),
        "makespan": ours.makespan,
        "bound": bound,
        "gap": (ours.makespan - bound) / ours.makespan if ours.makespan else 0.0,
        "nervousness": ours.nervousness,
        "policies": rows,
        **files,
    }
    if json:
        emit(report)
    else:
        typer.echo(f"{file}: {len(events)} events on {base.name}, bound {bound}")
        typer.echo(
            f"{'policy':24}{'makespan':>9}{'nervousness':>13}{'decision':>11}{'longest':>10}"
        )
        names = {
            "match_up": "match-up repair (ours)",
            "right_shift": "right shift",
            "complete": "complete rescheduling",
        }
        for policy in POLICIES:
            row: dict[str, Any] = rows[policy]
            typer.echo(
                f"{names[policy]:24}{row['makespan']:9}{row['nervousness']:13.2f}"
                f"{row['seconds_mean']:9.2f} s{row['seconds_max']:8.2f} s"
            )
    for path in files.values():
        say(f"wrote {path}")


def _write(out: Path, stem: str, plan: Any, title: str) -> dict[str, str]:
    """Plan and picture, each whole or not at all."""
    from twincell.report.gantt import gantt

    lines = ["job,operation,machine,start,end"]
    rows = sorted(plan.values(), key=lambda p: (p.start, p.machine, p.end))
    lines += [f"{p.job},{p.number + 1},M{p.machine + 1},{p.start},{p.end}" for p in rows]
    data = {
        "plan": (out / f"{stem}.csv", ("\n".join(lines) + "\n").encode()),
        "picture": (out / f"{stem}.png", gantt(plan, title)),
    }
    write_whole(dict(data.values()))
    return {key: str(path) for key, (path, _) in data.items()}
