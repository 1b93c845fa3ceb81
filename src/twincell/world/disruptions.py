"""Disruptions of a shift: what goes wrong, to whom, and when: by time, by event or by chance."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, ValidationInfo, field_validator, model_validator

from twincell.errors import did_you_mean
from twincell.world._typed import typed
from twincell.world.units import Duration, Frequency, to_si

__all__ = [
    "ENDS",
    "EVENTS",
    "KINDS",
    "LATEST",
    "MOST",
    "SLOWEST",
    "Disruption",
    "DisruptionKind",
    "Kind",
    "Moment",
    "named_values",
    "read_parameters",
]

DisruptionKind = Literal[
    "rush_order",
    "cancel_order",
    "late_material",
    "recall",
    "tariff_spike",
    "energy_cap",
    "arm_slow",
    "arm_failed",
    "arm_repaired",
    "tool_lost",
    "sensor_blackout",
    "intrusion",
]

ENDS = ("until", "lasts")
"""When it is over: the time of the shift, or so long after it begins. One of them is given."""

LATEST = 1e7
"""No time of a disruption is longer, or later in the shift [s]."""
MOST = {"due": LATEST, "until": LATEST, "lasts": LATEST, "priority": 1e6, "price": 1e6}
"""Largest amounts that are planned with; the scheduler's sums of larger ones need over 64 bits."""
SLOWEST = 1e-3
"""Least share of its speed at which an arm is planned with, for the same reason."""

_UNITS = {
    "due": "s",
    "until": "s",
    "lasts": "s",
    "price": "EUR/MWh",
    "power": "W",
    "priority": "1",
    "factor": "1",
}


@dataclass(frozen=True)
class Kind:
    """What a kind of disruption is told with.

    Attributes:
        subject: what it befalls: `order`, `order or blade`, `arm`, `tool` (an arm that has one),
            `sensor`; empty where the subject is a word for the journal.
        needs: parameters that must be given.
        may: parameters that may be given.
        ends: whether `until` or `lasts` must be given, `may` be, or `never` are.
    """

    subject: str
    needs: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    ends: Literal["must", "may", "never"] = "never"

    @property
    def allowed(self) -> tuple[str, ...]:
        """All parameters that it knows."""
        return (*self.needs, *self.may, *(ENDS if self.ends != "never" else ()))


KINDS: dict[str, Kind] = {
    "rush_order": Kind("order", may=("due", "priority")),
    "cancel_order": Kind("order"),
    "late_material": Kind("order or blade", ends="must"),
    "recall": Kind("order or blade"),
    "tariff_spike": Kind("", ("price",), ends="must"),
    "energy_cap": Kind("", ("power",), ends="must"),
    "arm_slow": Kind("arm", ("factor",), ends="may"),
    "arm_failed": Kind("arm", ends="must"),
    "arm_repaired": Kind("arm"),
    "tool_lost": Kind("tool", ends="must"),
    "sensor_blackout": Kind("sensor", ends="must"),
    "intrusion": Kind("", ends="must"),
}
"""Every kind, in the order of the documentation."""

EventKind = Literal[
    "loaded",
    "accepted",
    "reworked",
    "rejected",
    "unloaded",
    "planned",
    "stopped",
    "released",
    "disrupted",
]
EVENTS: tuple[str, ...] = get_args(EventKind)


def named_values(pairs: Iterable[str]) -> dict[str, float | str]:
    """Parameters as people write them, `NAME=VALUE` each: numbers in SI, or texts with a unit.

    Raises:
        ValueError: a pair that is none, or a name that is given twice.
    """
    given: dict[str, float | str] = {}
    for pair in pairs:
        name, separator, value = (part.strip() for part in pair.partition("="))
        if not separator or not name or not value:
            raise ValueError(f"'{pair}'; valid: NAME=VALUE, e.g. lasts='25 s'")
        if name in given:
            raise ValueError(f"'{pair}': '{name}' is given twice; valid: once")
        try:
            given[name] = float(value)
        except ValueError:
            given[name] = value
    return given


def read_parameters(kind: str, given: Mapping[str, Any]) -> dict[str, float]:
    """The parameters of a kind as SI floats.

    Args:
        kind: a key of `KINDS`.
        given: numbers in SI, or strings with a unit.

    Raises:
        ValueError: unknown, missing or contradicting, or a value out of range; the message names
            the parameter and what is valid.
    """
    spec = KINDS[kind]
    for name in given:
        if name not in spec.allowed:
            raise ValueError(f"'{name}' is unknown to {kind}; {did_you_mean(name, spec.allowed)}")
    for name in spec.needs:
        if name not in given:
            raise ValueError(f"{kind} needs '{name}' [{_UNITS[name]}]")
    _one_of(kind, spec, given)
    numbers: dict[str, float] = {}
    for name, value in given.items():
        try:
            numbers[name] = to_si(value, _UNITS[name])
        except ValueError as fault:
            raise ValueError(f"'{name}': {fault}") from None
        _in_range(name, numbers[name])
    return numbers


def _one_of(kind: str, spec: Kind, given: Iterable[str]) -> None:
    ends = [name for name in ENDS if name in given]
    if len(ends) == 2:
        raise ValueError(f"{kind} has 'until' and 'lasts'; expected one of them")
    if spec.ends == "must" and not ends:
        raise ValueError(f"{kind} needs 'until' or 'lasts' [s]")
    if kind == "rush_order" and not set(given):
        raise ValueError("rush_order needs 'due' [s], 'priority' or both")


def _in_range(name: str, value: float) -> None:
    if name == "factor" and not SLOWEST <= value <= 1:
        raise ValueError(
            f"'factor' is {value:g}; expected a share of the speed in [{SLOWEST:g}, 1]"
        )
    if name in ("priority", "lasts", "power") and value <= 0:
        raise ValueError(f"'{name}' is {value:g}; expected more than 0")
    if name != "price" and value < 0:
        raise ValueError(f"'{name}' is {value:g}; expected at least 0")
    if abs(value) > (most := MOST.get(name, math.inf)):
        raise ValueError(f"'{name}' is {value:g}; expected at most {most:g} [{_UNITS[name]}]")


@typed
class Moment:
    """An event of the shift."""

    event: EventKind
    """`loaded` into the fixture, `accepted`, `reworked` or `rejected` by the inspection, `unloaded`
    into a bin; a plan was made (`planned`); movers were `stopped`, `released`; something else
    `disrupted` the shift."""
    subject: str | None = None
    """Which blade; which plan (`plan-3`); cause of the stop; subject of the other disruption.
    Any without."""
    count: Annotated[int, Field(ge=1, strict=True)] = 1
    """Which of the events that fit."""
    after: Duration = 0.0
    """So long after the event [s]."""


@typed
class Disruption:
    """Something that happens to the shift, at one of `at`, `when` and `rate`."""

    kind: DisruptionKind
    """What happens."""
    at: Duration | None = None
    """By time: so long after the shift's start [s]."""
    when: Moment | None = None
    """By event: as soon as this happens."""
    rate: Frequency | None = None
    """By chance: again and again, so often in the mean (a Poisson process) [Hz]."""
    chance: Annotated[float, Field(gt=0, le=1)] = 1.0
    """By chance: the probability with which `at` or `when` has an effect."""
    subject: str = ""
    """Order, blade, arm or sensor it happens to; a word for the journal where it is none of these.
    """
    parameters: dict[str, Any] = field(default_factory=dict)
    """What the kind needs, see the table in docs/production.md: `due`, `until`, `lasts` [s],
    `price` [EUR/MWh], `power` [W], `priority`, `factor`."""

    @field_validator("parameters", mode="before")
    @classmethod
    def _to_si(cls, given: Any, info: ValidationInfo) -> Any:
        """Turn quantities into SI floats and refuse what this kind does not know."""
        kind = info.data.get("kind")
        if kind is None or not isinstance(given, dict):
            return given  # the fault in `kind`, or in the type, is reported by itself
        return read_parameters(kind, given)

    @model_validator(mode="after")
    def _whole(self) -> Disruption:
        """What must hold between the keys."""
        given = [k for k in ("at", "when", "rate") if getattr(self, k) is not None]
        if len(given) != 1:
            named = " and ".join(given) or "none of them"
            raise ValueError(f"{self.kind} has {named}; expected one of `at`, `when`, `rate`")
        if self.rate is not None and self.chance != 1.0:
            raise ValueError("`chance` beside `rate`; expected `chance` with `at` or `when`")
        # parameters that are left out are validated by nobody else
        read_parameters(self.kind, self.parameters)
        return self
