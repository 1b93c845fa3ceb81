"""Faults in a line file: names that lead nowhere, values that do not go together."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from twincell.world.check_cell import Fault, unknown
from twincell.world.check_work import tariff
from twincell.world.line import LineFile, Setup, Step, power_of
from twincell.world.source import Loc

__all__ = ["findings"]

_TRAYS, _STEPS, _STATIONS = 200, 20, 62
"""At most."""
_FAILURES = 2.0
"""Failures of a station that a shift may have in the mean: the twin plays its first four."""

_unknown = partial(unknown, whole="line")


def findings(line: LineFile) -> Iterator[Fault]:
    """Names that lead nowhere, and values that do not go together, with their places."""
    for key in ("stations", "steps", "families", "orders"):
        if not getattr(line, key):
            yield [key], "given none; valid: at least one"
    trays = sum(order.trays for order in line.orders.values())
    for key, count, most in (
        ("orders", trays, _TRAYS),
        ("steps", len(line.steps), _STEPS),
        ("stations", len(line.stations), _STATIONS),
    ):
        if count > most:
            what = "trays" if key == "orders" else key
            yield [key], f"given {count} {what}; valid: at most {most}"
    yield from _steps(line)
    for name, station in line.stations.items():
        for i, window in enumerate(station.calendar):
            if window.end <= window.start:
                yield (
                    ["stations", name, "calendar", i, "end"],
                    f"given {window.end:g} s; valid: after its start, {window.start:g} s",
                )
        least = line.length / _FAILURES
        if station.uptime is not None and station.uptime < least:
            yield (
                ["stations", name, "uptime"],
                f"given {station.uptime:g} s; valid: at least half the shift's length, {least:g} s",
            )
        if station.setup is not None:
            yield from _setup(line, station.setup, ["stations", name, "setup"])
    yield from _setup(line, line.setup, ["setup"])
    for name, order in line.orders.items():
        where = ["orders", name]
        yield from _unknown([*where, "family"], "family", order.family, line.families)
        for key in ("due", "material"):
            value = getattr(order, key)
            if value is not None and value < order.arrives:
                yield (
                    [*where, key],
                    f"given {value:g} s; valid: no earlier than it comes, {order.arrives:g} s",
                )
    yield from tariff(line.tariff, ["tariff"])


def _steps(line: LineFile) -> Iterator[Fault]:
    steps: list[tuple[Loc, Step]] = [(["steps", name], step) for name, step in line.steps.items()]
    steps += [] if line.rework is None else [(["rework"], line.rework)]
    for where, step in steps:
        if not step.on:
            yield [*where, "on"], "given none; valid: at least one station with the skill"
        for station in step.on:
            yield from _unknown([*where, "on", station], "station", station, line.stations)
        for station in step.power_on:
            yield from _unknown([*where, "power_on", station], "station of `on`", station, step.on)
        able = {n: line.stations[n] for n in step.on if n in line.stations}
        for name, able_station in able.items():
            drawn, idle = power_of(step, name, able_station), able_station.idle
            if drawn < idle:
                key = ["power_on", name] if name in step.power_on else ["power"]
                text = f"given {drawn:g} W; valid: at least what {name} draws idle, {idle:g} W"
                yield [*where, *key], text
        most = max((power_of(step, n, station) for n, station in able.items()), default=0.0)
        if line.cap is not None and most > line.cap:
            yield [*where, "power"], f"given {most:g} W; valid: at most the cap, {line.cap:g} W"
        chances = step.inspects
        if chances is None:
            continue
        total = chances.rework + chances.reject + chances.again
        if total > 1 + 1e-9:
            yield [*where, "inspects"], f"chances that sum to {total:g}; valid: at most 1"
        if where == ["rework"]:
            yield [*where, "inspects"], "rework is no inspection; valid: a step of the route"
        elif chances.rework > 0 and line.rework is None:
            yield (
                [*where, "inspects", "rework"],
                f"given {chances.rework:g} without a step `rework`; valid: 0, or with that step",
            )


def _setup(line: LineFile, setup: Setup, where: Loc) -> Iterator[Fault]:
    for before, row in setup.items():
        yield from _unknown([*where, before], "family", before, line.families)
        for after in row:
            yield from _unknown([*where, before, after], "family", after, line.families)
