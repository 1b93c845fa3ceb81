"""The rows of a run's tables, once for the console and the page alike."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from twincell.cell.result import BladeResult, OrderResult, RunResult
from twincell.report.charts import stop_marks

__all__ = ["Table", "anomalies", "blades", "headline", "orders", "plans", "stops"]


@dataclass(frozen=True)
class Table:
    """A table as words.

    Attributes:
        title: what it shows.
        heads: of the columns.
        rows: of cells.
        bad: for each row, whether it tells of something that went wrong.
        right: indices of columns with figures, which are set flush right.
    """

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    bad: tuple[bool, ...]
    right: tuple[int, ...] = ()


def _judged(blade: BladeResult) -> str:
    if blade.decision == "none":
        return "not judged"
    return "right" if blade.decision == blade.expected else "wrong"


def headline(result: RunResult) -> tuple[tuple[str, str, str], ...]:
    """The run in a few figures: (what, value, remark)."""
    total = result.found + result.missed
    requests = {stop.request.id for stop in result.stops}
    slowest = max((s.report.standstill - s.request.stamp for s in result.stops), default=math.nan)
    late = sum(order.tardiness > 0 for order in result.orders)
    open_ = sum(order.finished is None for order in result.orders)
    times = [f"{late} late"] * (late > 0) + [f"{open_} unfinished"] * (open_ > 0)
    told = f"slowest, evidence to standstill: {_ms(slowest)}" if requests else "nobody asked"
    changes = max(len(result.plans) - 1, 0)
    never = sum(blade.decision == "none" for blade in result.blades)
    against = "against the truth" + (f"; {never} never judged" if never else "")
    return (
        ("blades judged right", f"{result.correct} of {len(result.blades)}", against),
        ("flaws found", f"{result.found} of {total}", f"{_count(result.false, 'false anomaly')}"),
        ("stops", str(len(requests)), told),
        ("plans", str(len(result.plans)), _count(changes, "change")),
        ("orders", str(len(result.orders)), ", ".join(times) or "all in time"),
        ("energy", f"{result.energy / 1e3:.1f} kJ", f"{100 * result.energy_cost:.3f} ct"),
        ("shift", f"{result.duration:.1f} s", f"{result.real_time_factor:.1f} × real time"),
    )


def blades(result: RunResult) -> Table:
    """Verdicts against the ground truth."""
    rows = tuple(
        (
            blade.name,
            _lengths([flaw.length for flaw in blade.truth]),
            _lengths([anomaly.length for anomaly in blade.anomalies]),
            blade.expected,
            blade.decision,
            f"{100 * blade.coverage:.0f} %" if math.isfinite(blade.coverage) else "–",
            f"{1e6 * blade.residual:.1f} µm" if math.isfinite(blade.residual) else "–",
            _judged(blade),
        )
        for blade in result.blades
    )
    heads = ("blade", "true flaws", "found", "truth asks", "decided", "seen", "residual", "")
    bad = tuple(blade.decision != blade.expected for blade in result.blades)
    return Table("Blades and their verdicts", heads, rows, bad, (5, 6))


def anomalies(result: RunResult) -> Table:
    """How many flaws were found, missed and made up, blade by blade, with what was reported."""
    rows = []
    for blade in result.blades:
        if not (blade.found or blade.missed or blade.false or blade.anomalies):
            continue
        reports = "; ".join(
            f"{a.severity} {a.kind}, {1e3 * a.length:.1f} mm long, {1e6 * a.opening:.0f} µm open, "
            f"{1e6 * a.depth:.0f} µm deep, told after {_ms(a.detected - a.light)}"
            for a in blade.anomalies
        )
        counts = (str(blade.found), str(blade.missed), str(blade.false))
        rows.append((blade.name, *counts, reports or "nothing reported"))
    total = (str(result.found), str(result.missed), str(result.false), "")
    bad = tuple(row[2] != "0" or row[3] != "0" for row in rows)
    heads = ("blade", "found", "missed", "false", "reported")
    table = (*rows, ("all", *total))
    return Table("Anomalies", heads, table, (*bad, result.missed + result.false > 0), (1, 2, 3))


def stops(result: RunResult) -> Table:
    """Each mover's stop: why, how, and how fast each stage was."""
    marks = stop_marks(result.stops)
    ordered = sorted(result.stops, key=lambda s: (s.report.requested, s.report.mover))
    rows = []
    for stop in ordered:
        request, told = stop.request, stop.report
        foretold = math.isfinite(told.predicted_distance)
        times = (request.stamp, told.requested, told.accepted, told.first_deceleration)
        stages = [f"{1e3 * (b - a):.0f}" for a, b in pairwise((*times, told.standstill))]
        rows.append(
            (
                marks[request.id][0],
                f"{told.requested:.2f}",
                told.cause.replace("_", " "),
                f"{request.function.name.lower()} {told.category}",
                told.mover,
                *stages,
                f"{1e3 * (told.standstill - request.stamp):.0f}",
                f"{1e3 * told.distance:.1f}",
                f"{1e3 * told.predicted_distance:.1f}" if foretold else "–",
            )
        )
    heads = (
        "",
        "at [s]",
        "cause",
        "stop",
        "mover",
        "asked\n[ms]",
        "taken\n[ms]",
        "slower\n[ms]",
        "stands\n[ms]",
        "in all\n[ms]",
        "travel\n[mrad]",
        "foretold\n[mrad]",
    )
    title = "Stops, with category; each latency from the stage before"
    return Table(title, heads, tuple(rows), (False,) * len(rows), (1, *range(5, 12)))


def plans(result: RunResult) -> Table:
    """Each plan with why it was made and what it changed."""
    rows = tuple(
        (
            f"P{plan.revision}",
            f"{plan.stamp:.1f} s",
            plan.reason,
            plan.text,
            f"{plan.makespan:.1f} s",
            f"{plan.tardiness:.1f} s",
        )
        for plan in result.plans
    )
    heads = ("", "at", "because", "what changed", "ends", "weighted lateness")
    return Table("Plans", heads, rows, (False,) * len(rows), (1, 4, 5))


def orders(result: RunResult) -> Table:
    """Orders against their due times."""
    rows = tuple(
        (
            order.name,
            ", ".join(order.parts),
            f"{order.due:.1f} s",
            f"{order.finished:.1f} s" if order.finished is not None else "never",
            _lateness(order),
        )
        for order in result.orders
    )
    bad = tuple(order.finished is None or order.tardiness > 0 for order in result.orders)
    return Table("Orders", ("order", "blades", "due", "finished", "late"), rows, bad, (2, 3, 4))


def _lateness(order: OrderResult) -> str:
    if order.tardiness > 0:
        return f"{order.tardiness:.1f} s"
    return "in time" if order.finished is not None else "–"


def _lengths(values: list[float]) -> str:
    return ", ".join(f"{1e3 * v:.1f} mm" for v in sorted(values, reverse=True)) or "none"


def _ms(seconds: float) -> str:
    return f"{1e3 * seconds:.0f} ms" if math.isfinite(seconds) else "–"


def _count(number: int, what: str) -> str:
    plural = f"{what[:-1]}ies" if what.endswith("y") else f"{what}s"
    return f"{number} {what if number == 1 else plural}"
