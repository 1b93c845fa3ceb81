"""A line file: stations, the steps of a route, orders and energy of a production line.

What the twin of a line plays; the cell's own work is in the world file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter

from twincell.assets import line_path
from twincell.errors import WorldError, did_you_mean
from twincell.world._typed import Name, typed
from twincell.world.load import parse
from twincell.world.source import Loc, Source, in_order
from twincell.world.units import Quantity
from twincell.world.work import TariffStep

__all__ = ["Chances", "Family", "LineFile", "LineOrder", "Station", "Step", "Window", "drawn"]
__all__ += ["load_line"]

Span = Annotated[float, Quantity("s", above=0, most=1e7)]
Time = Annotated[float, Quantity("s", least=0, most=1e7)]
Watts = Annotated[float, Quantity("W", least=0, most=1e9)]
Amount = Annotated[float, Quantity("EUR", least=-1e9, most=1e9)]
Rate = Annotated[float, Quantity("EUR/h", least=0, most=1e6)]
Share = Annotated[float, Field(ge=0, le=1)]
Setup = dict[Name, dict[Name, Time]]

_TRAYS, _STEPS, _STATIONS = 200, 20, 62
"""At most."""
_FAILURES = 2.0
"""Failures of a station that a shift may have in the mean: the twin plays its first four."""
_DEAREST = 1e6
"""Price [EUR/MWh]."""


@typed
class Window:
    """A time in which a station stands, or is slow."""

    start: Time
    """After the shift's start [s]."""
    end: Time
    """Later than `start` [s]."""
    speed: Share = 0.0
    """Of its work then: 0 stands, below 1 is slow."""


@typed
class Station:
    """A machine, a robot, or a person: one tray at a time."""

    idle: Watts = 0.0
    """Drawn until the line's last tray is done [W]."""
    calendar: tuple[Window, ...] = ()
    """Breaks, maintenance: known from the start."""
    uptime: Span | None = None
    """Mean time from the end of a repair to the next failure, at least half the shift's length [s];
    it never fails without."""
    repair: Time = 1200.0
    """Mean length of a failure [s]."""
    setup: Setup | None = None
    """From family to family on this station [s]; that of the line without."""


@typed
class Chances:
    """What may come of an inspection besides accepting; the rest is accepted."""

    rework: Share = 0.0
    """Take the step `rework`, and look again."""
    reject: Share = 0.0
    """Scrap."""
    again: Share = 0.0
    """Look again at once."""


@typed
class Step:
    """One operation."""

    on: dict[Name, Span]
    """Stations with the skill, and the mean time of a tray there [s]."""
    power: Watts | None = None
    """Drawn by a station that does it, its idle power included [W]; that power alone without."""
    power_on: dict[Name, Watts] = field(default_factory=dict)
    """The same of single stations [W]."""
    inspects: Chances | None = None
    """This step is an inspection."""


@typed
class Family:
    """Trays that are alike: between two families a station is set up anew."""

    factor: Annotated[float, Field(ge=0.01, le=100)] = 1.0
    """On the time of every step."""


@typed
class LineOrder:
    """Trays that somebody wants."""

    family: Name
    """One of `families`."""
    trays: Annotated[int, Field(ge=1, le=200)] = 1
    """How many."""
    arrives: Time = 0.0
    """When the order comes [s]; turnaround and holding count from then on."""
    material: Time | None = None
    """When its material is there, no earlier than it comes [s]; with the order without."""
    due: Time
    """No earlier than it comes [s]."""
    margin: Amount = 0.0
    """Of a tray that is accepted [EUR]."""
    scrap: Amount = 0.0
    """Cost of a tray that is rejected [EUR]."""
    penalty: Rate = 0.0
    """For a tray that is late [EUR/h]."""


@typed
class LineFile:
    """A shift of a production line."""

    name: Name
    """For people."""
    length: Span = 28_800.0
    """Of the shift [s]; what is unfinished then goes on."""
    stations: dict[Name, Station]
    """The stations, by name."""
    steps: dict[Name, Step]
    """The route, in its order; every tray takes all of them."""
    rework: Step | None = None
    """What an inspection may send a tray to; needed where one does."""
    families: dict[Name, Family]
    """The families of trays, by name."""
    setup: Setup = field(default_factory=dict)
    """From family to family, on every station that has none of its own [s]; 0 where not given."""
    orders: dict[Name, LineOrder]
    """The orders, by name."""
    tariff: tuple[TariffStep, ...] = (TariffStep(start=0.0, price=90.0),)
    """Steps in order of time; the first starts at 0."""
    holding: Rate = 0.0
    """Cost of each tray from its order's coming to its end [EUR/h]."""
    cap: Watts | None = None
    """Of what works at the same time [W]."""
    spread: Annotated[float, Field(ge=0, le=1)] = 0.15
    """Standard deviation of the logarithm of a duration."""
    slow: Share = 0.0
    """Chance that a failure slows a station to `slow_speed` and does not stop it."""
    slow_speed: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """Of a station then."""


@cache
def _validator() -> TypeAdapter[LineFile]:
    return TypeAdapter(LineFile)


def load_line(path: str | Path) -> LineFile:
    """Read a line file, and check what must hold between its keys.

    Args:
        path: a file, or the bare name of a shipped one (`blade_line`).

    Raises:
        AssetError: no such file.
        WorldError: one line a fault: `file:line: key: given ...; valid ...`.
    """
    found = line_path(path)
    # faults name the file as it was given
    source = Source.read(Path(path) if Path(path).is_file() else found)
    line = parse(_validator(), LineFile, source)
    faults = [source.fault(loc, text) for loc, text in _findings(line)]
    if faults:
        raise WorldError("\n".join(in_order(faults)))
    return line


def _findings(line: LineFile) -> Iterator[tuple[Loc, str]]:
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
        if order.family not in line.families:
            yield [*where, "family"], _unknown(order.family, line.families, "family")
        for key in ("due", "material"):
            value = getattr(order, key)
            if value is not None and value < order.arrives:
                yield (
                    [*where, key],
                    f"given {value:g} s; valid: no earlier than it comes, {order.arrives:g} s",
                )
    starts = [step.start for step in line.tariff]
    if not starts or starts[0] != 0 or any(b <= a for a, b in pairwise(starts)):
        yield ["tariff"], f"given starts {starts}; valid: the first 0, then rising"
    for i, step in enumerate(line.tariff):
        if abs(step.price) > _DEAREST:
            yield (
                ["tariff", i, "price"],
                f"given {step.price:g} EUR/MWh; valid: within {_DEAREST:g} EUR/MWh of 0",
            )


def _steps(line: LineFile) -> Iterator[tuple[Loc, str]]:
    steps: list[tuple[Loc, Step]] = [(["steps", name], step) for name, step in line.steps.items()]
    steps += [] if line.rework is None else [(["rework"], line.rework)]
    for where, step in steps:
        if not step.on:
            yield [*where, "on"], "given none; valid: at least one station with the skill"
        for station in step.on:
            if station not in line.stations:
                yield [*where, "on", station], _unknown(station, line.stations, "station")
        for station in step.power_on:
            if station not in step.on:
                yield [*where, "power_on", station], _unknown(station, step.on, "station of `on`")
        most = max(
            (drawn(step, n, line.stations[n]) for n in step.on if n in line.stations), default=0.0
        )
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


def drawn(step: Step, name: str, station: Station) -> float:
    """Power of a station while it does a step [W]."""
    given = step.power_on.get(name, step.power)
    return station.idle if given is None else given


def _setup(line: LineFile, setup: Setup, where: Loc) -> Iterator[tuple[Loc, str]]:
    for before, row in setup.items():
        if before not in line.families:
            yield [*where, before], _unknown(before, line.families, "family")
        for after in row:
            if after not in line.families:
                yield [*where, before, after], _unknown(after, line.families, "family")


def _unknown(name: str, valid: Mapping[str, object], what: str) -> str:
    return f"unknown {what} '{name}'; {did_you_mean(name, list(valid))}"
