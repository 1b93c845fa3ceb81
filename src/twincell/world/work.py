"""The work: how blades are inspected and judged, orders, energy, disruptions, people's part."""

from __future__ import annotations

from dataclasses import field
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from twincell.errors import did_you_mean
from twincell.world._typed import Name, typed
from twincell.world.units import Angles, Duration, Extent, Length, Money, Price, Speed, to_si

__all__ = [
    "CAUSES",
    "Criteria",
    "Disruption",
    "DisruptionKind",
    "Inspection",
    "Order",
    "Policy",
    "Production",
    "StopRule",
    "TariffStep",
]

DisruptionKind = Literal[
    "rush_order", "late_material", "tariff_spike", "cancel_order", "arm_slow", "sensor_blackout"
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

_UNITS = {"due": "s", "until": "s", "price": "EUR/MWh", "priority": "1", "factor": "1"}
_NEEDED: dict[str, tuple[str, ...]] = {
    "late_material": ("until",),
    "tariff_spike": ("price", "until"),
    "arm_slow": ("factor",),
    "sensor_blackout": ("until",),
}
_ALLOWED = {**_NEEDED, "rush_order": ("due", "priority"), "cancel_order": ()}


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
class Disruption:
    """Something that happens to the plan."""

    kind: DisruptionKind
    """What happens."""
    at: Duration
    """When, after the shift's start [s]."""
    subject: str
    """Order, blade, arm or sensor it happens to."""
    parameters: dict[str, Any] = field(default_factory=dict)
    """rush_order: `due` [s], `priority`. late_material: `until` [s]. tariff_spike: `price`
    [EUR/MWh], `until` [s]. arm_slow: `factor`. sensor_blackout: `until` [s]."""

    @field_validator("parameters", mode="before")
    @classmethod
    def _to_si(cls, given: Any, info: ValidationInfo) -> Any:
        """Turn quantities into SI floats and refuse what this kind does not know."""
        kind = info.data.get("kind")
        if kind is None or not isinstance(given, dict):
            return given  # the fault in `kind`, or in the type, is reported by itself
        allowed = _ALLOWED[kind]
        for name in given:
            if name not in allowed:
                raise ValueError(f"'{name}' is unknown to {kind}; {did_you_mean(name, allowed)}")
        for name in _NEEDED.get(kind, ()):
            if name not in given:
                raise ValueError(f"{kind} needs '{name}' [{_UNITS[name]}]")
        numbers = {}
        for name, value in given.items():
            try:
                numbers[name] = to_si(value, _UNITS[name])
            except ValueError as fault:
                raise ValueError(f"'{name}': {fault}") from None
            if name == "factor" and not 0 < numbers[name] <= 1:
                raise ValueError(f"'factor' is {numbers[name]:g}; expected a share in (0, 1]")
            if name != "price" and numbers[name] < 0:
                raise ValueError(f"'{name}' is {numbers[name]:g}; expected at least 0")
        return numbers


@typed
class Policy:
    """A rule across domains: above a price of energy, work of little margin waits for its end."""

    price_above: Price
    """The rule holds while a tariff spike is dearer than this [EUR/MWh]."""
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
    """Longest search for a new plan [s]."""


@typed
class StopRule:
    """Which stop a cause leads to (IEC 60204-1 categories)."""

    function: Literal["emergency", "protective", "process"]
    """Emergency: by a person. Protective: for a person. Process: for the work."""
    category: Annotated[int, Field(ge=0, le=2)]
    """0: power off. 1: decelerate, then power off. 2: decelerate, power stays on."""
    scope: str = "cell"
    """`cell` or the name of a mover."""
