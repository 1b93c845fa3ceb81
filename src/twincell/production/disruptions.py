"""Disruptions: what each kind does to the state of the line, with its parameters checked."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import get_args

from twincell.errors import ProductionError, did_you_mean
from twincell.production.messages import Inject
from twincell.production.state import LineState
from twincell.world.model import World
from twincell.world.work import DisruptionKind

__all__ = ["apply"]

_PARAMETERS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "rush_order": (frozenset(), frozenset({"due", "priority"})),
    "late_material": (frozenset({"until"}), frozenset({"until"})),
    "tariff_spike": (frozenset({"price", "until"}), frozenset({"price", "until"})),
    "cancel_order": (frozenset(), frozenset()),
    "arm_slow": (frozenset({"factor"}), frozenset({"factor"})),
    "sensor_blackout": (frozenset({"until"}), frozenset({"until"})),
}
"""Needed and allowed parameters of each kind."""


def apply(inject: Inject, state: LineState, world: World, now: float) -> str:
    """Change the state; nothing is changed where the disruption makes no sense.

    Args:
        inject: kind, subject, parameters.
        state: of the line, changed in place.
        world: names of movers and sensors.
        now: time [s].

    Returns:
        What happened, in words.

    Raises:
        ProductionError: unknown kind, subject or parameter, or a value out of range.
    """
    if inject.kind not in _PARAMETERS:
        raise ProductionError(
            f"unknown disruption '{inject.kind}'; "
            f"{did_you_mean(str(inject.kind), get_args(DisruptionKind))}"
        )
    values = _checked(inject, now)
    effect = _EFFECTS[inject.kind]
    return effect(inject.subject, values, state, world, now)


def _checked(inject: Inject, now: float) -> dict[str, float]:
    """The parameters as finite numbers in their ranges."""
    needed, allowed = _PARAMETERS[inject.kind]
    where = f"{inject.kind} of '{inject.subject}'"
    for key in inject.parameters:
        if key not in allowed:
            raise ProductionError(
                f"{where}: unknown parameter '{key}'; {did_you_mean(key, allowed)}"
            )
    if missing := sorted(needed - inject.parameters.keys()):
        raise ProductionError(f"{where}: parameter '{missing[0]}' is missing")
    if inject.kind == "rush_order" and not inject.parameters:
        raise ProductionError(f"{where}: give 'due', 'priority' or both")
    values: dict[str, float] = {}
    for key, value in inject.parameters.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ProductionError(f"{where}: {key} is {value!r}; valid: a number")
        if not math.isfinite(value):
            raise ProductionError(f"{where}: {key} is {value}; valid: a finite number")
        values[key] = float(value)
    if "until" in values and values["until"] <= now:
        raise ProductionError(f"{where}: until {values['until']:g} s is past, it is {now:.1f} s")
    if "due" in values and values["due"] <= now:
        raise ProductionError(f"{where}: due {values['due']:g} s is past, it is {now:.1f} s")
    if "priority" in values and values["priority"] <= 0:
        raise ProductionError(f"{where}: priority is {values['priority']:g}; valid: > 0")
    if "factor" in values and not 0 < values["factor"] <= 1:
        raise ProductionError(
            f"{where}: factor is {values['factor']:g}; valid: a share of the speed in (0, 1]"
        )
    return values


def _known(subject: str, what: str, valid: Iterable[str]) -> None:
    names = list(valid)
    if subject not in names:
        raise ProductionError(f"unknown {what} '{subject}'; {did_you_mean(subject, names)}")


Effect = Callable[[str, Mapping[str, float], LineState, World, float], str]


def _rush(
    subject: str, values: Mapping[str, float], state: LineState, world: World, now: float
) -> str:
    del world, now
    _known(subject, "order", state.orders)
    order = state.orders[subject]
    if order.cancelled:
        raise ProductionError(f"order '{subject}' was cancelled and cannot be rushed")
    before = f"was due at {order.due:g} s with priority {order.priority:g}"
    order.due = values.get("due", order.due)
    order.priority = values.get("priority", order.priority)
    after = f"due at {order.due:g} s with priority {order.priority:g}"
    return f"{subject} is a rush order: {after}, {before}"


def _late(
    subject: str, values: Mapping[str, float], state: LineState, world: World, now: float
) -> str:
    del world, now
    _known(subject, "order or blade", [*state.orders, *state.blades])
    parts = state.orders[subject].parts if subject in state.orders else (subject,)
    waiting = [p for p in parts if state.open(p)]
    for part in waiting:
        state.blades[part].release = max(state.blades[part].release, values["until"])
    if not waiting:
        return f"{subject} is late, but all of it has been taken already"
    return f"{', '.join(waiting)} will not be there before {values['until']:g} s"


def _spike(
    subject: str, values: Mapping[str, float], state: LineState, world: World, now: float
) -> str:
    del subject
    price, until = values["price"], values["until"]
    spiked = state.tariff.spiked(now, until, price)
    state.use_energy(now, state.energy)
    state.tariff = spiked
    text = f"energy costs {price:g} EUR/MWh until {until:g} s"
    for rule in world.production.policies:
        if price <= rule.price_above:
            continue
        held = [
            part
            for part, blade in state.blades.items()
            if (order := state.order_of(part)) is not None
            and order.margin < rule.margin_below
            and state.open(part)
            and blade.release < until
        ]
        for part in held:
            state.blades[part].release = until
        if held:
            text += (
                f"; above {rule.price_above:g} EUR/MWh work with a margin under "
                f"{rule.margin_below:g} EUR waits: {', '.join(held)}"
            )
    return text


def _cancel(
    subject: str, values: Mapping[str, float], state: LineState, world: World, now: float
) -> str:
    del values, world, now
    _known(subject, "order", state.orders)
    waiting = [p for p in state.orders[subject].parts if state.open(p)]
    state.orders[subject].cancelled = True
    return f"{subject} is cancelled; {', '.join(waiting) or 'nothing'} stays in the tray"


def _slow(
    subject: str, values: Mapping[str, float], state: LineState, world: World, now: float
) -> str:
    del now
    _known(subject, "mover", world.arms)
    state.slow[subject] = values["factor"]
    return f"{subject} moves at {values['factor']:.0%} of its speed"


def _blackout(
    subject: str, values: Mapping[str, float], state: LineState, world: World, now: float
) -> str:
    del now
    _known(subject, "sensor", world.sensors)
    state.blackout[subject] = max(state.blackout.get(subject, 0.0), values["until"])
    return f"{subject} sees nothing until {values['until']:g} s"


_EFFECTS: dict[str, Effect] = {
    "rush_order": _rush,
    "late_material": _late,
    "tariff_spike": _spike,
    "cancel_order": _cancel,
    "arm_slow": _slow,
    "sensor_blackout": _blackout,
}
