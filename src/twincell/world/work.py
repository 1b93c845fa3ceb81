"""The work: how blades are inspected and judged, orders, energy, policies, stops."""

from __future__ import annotations

from dataclasses import field
from typing import Annotated, Literal

from pydantic import Field

from twincell.world._typed import Name, typed
from twincell.world.disruptions import Disruption
from twincell.world.units import Angles, Duration, Extent, Length, Money, Price, Speed

__all__ = [
    "CAUSES",
    "Criteria",
    "Inspection",
    "Order",
    "Policy",
    "Production",
    "StopRule",
    "TariffStep",
]

CAUSES = (
    "emergency_button",
    "person_in_zone",
    "critical_anomaly",
    "sensor_silent",
    "heartbeat_lost",
    "mover_fault",
)
"""The causes of stops; a world's `safety.rules` has one rule for each."""


@typed
class Criteria:
    """Which crack means what; lengths are those measured by the detector."""

    report: Extent = 0.001
    """Shorter indications are noise [m]."""
    reject: Extent = 0.004
    """A blade with a crack this long is rejected, a shorter one is reworked [m]."""
    critical: Extent = 0.006
    """A crack this long stops the inspection at once [m]."""


@typed
class Inspection:
    """How a clamped blade is scanned."""

    arm: str
    """The arm that carries the profiler."""
    profiler: str
    """The profiler that scans."""
    camera: str | None = None
    """The multispectral camera on the same arm whose images count beside the scan; none without."""
    views: Angles = (0.0, 3.14159)
    """Angles of the fixture at which the profiler passes along the span [rad]."""
    speed: Speed = 0.025
    """Speed of the profiler over the surface [m/s]."""
    margin: Length = 0.004
    """How far a pass goes beyond the airfoil's ends [m]."""
    approach: Literal["planned", "policy"] = "planned"
    """How the profiler gets to a pass: on a planned path, or led by the policy of `arm` and planned
    only from where that ends."""
    criteria: Criteria = field(default_factory=Criteria)
    """The acceptance criteria."""


@typed
class Order:
    """A customer's order."""

    parts: tuple[str, ...]
    """Names of blades."""
    due: Duration
    """Due time after the shift's start [s]."""
    margin: Money = 100.0
    """Contribution of each accepted part [EUR]."""
    priority: Annotated[float, Field(gt=0)] = 1.0
    """Weight of its tardiness."""


@typed
class TariffStep:
    """The energy price from a time on."""

    start: Duration
    """After the shift's start [s]."""
    price: Price
    """Price [EUR/MWh]."""


@typed
class Policy:
    """A rule across domains: at a dear tariff spike, work of little margin waits for its end."""

    price_above: Price
    """A `tariff_spike` dearer than this wakes the rule until the spike's end [EUR/MWh]."""
    margin_below: Money
    """Blades not yet taken, of orders with a smaller margin an accepted part, wait [EUR]."""


@typed
class Production:
    """Orders, energy and what a change of plan must bring."""

    orders: dict[Name, Order]
    """By name."""
    tariff: tuple[TariffStep, ...] = (TariffStep(start=0.0, price=90.0),)
    """Steps in order of time; the first starts at 0."""
    disruptions: tuple[Disruption, ...] = ()
    """Played during the shift."""
    policies: tuple[Policy, ...] = ()
    """Rules that a tariff spike wakes."""
    solve_time: Duration = 0.5
    """Limit of the search for a plan where more than six blades wait (of fewer all sequences are
    looked at), in CP-SAT's deterministic time, not the clock's [s]."""
    durations: str | None = None
    """File of `twincell calibrate`: how long tasks take, and how that varies; a guess without."""


@typed
class StopRule:
    """Which stop a cause leads to (IEC 60204-1 categories)."""

    function: Literal["emergency", "protective", "process"]
    """Emergency: by a person. Protective: for a person. Process: for the work."""
    category: Annotated[int, Field(ge=0, le=2, strict=True)]
    """0: power off. 1: decelerate, then power off. 2: decelerate, power stays on."""
    scope: str = "cell"
    """`cell` or the name of a mover."""
