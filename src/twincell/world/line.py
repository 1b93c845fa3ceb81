"""A line file: stations, the steps of a route, orders and energy of a production line.

What the twin of a line plays; the cell's own work is in the world file.
"""

from __future__ import annotations

from dataclasses import field
from typing import Annotated

from pydantic import Field

from twincell.world._typed import Name, typed
from twincell.world.disruptions import LATEST
from twincell.world.units import Quantity
from twincell.world.work import TariffStep

__all__ = ["Chances", "Family", "LineFile", "LineOrder", "Setup", "Station", "Step", "Window"]
__all__ += ["power_of"]

Span = Annotated[float, Quantity("s", above=0, most=LATEST)]
Time = Annotated[float, Quantity("s", least=0, most=LATEST)]
Watts = Annotated[float, Quantity("W", least=0, most=1e9)]
Amount = Annotated[float, Quantity("EUR", least=-1e9, most=1e9)]
Rate = Annotated[float, Quantity("EUR/h", least=0, most=1e6)]
Share = Annotated[float, Field(ge=0, le=1)]
Setup = dict[Name, dict[Name, Time]]


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
    trays: Annotated[int, Field(ge=1, le=200, strict=True)] = 1
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


def power_of(step: Step, name: str, station: Station) -> float:
    """Power of a station while it does a step [W]."""
    given = step.power_on.get(name, step.power)
    return station.idle if given is None else given
