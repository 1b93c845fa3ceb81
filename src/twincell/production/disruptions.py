"""Disruptions: what each kind does to the state of the line, with its parameters checked."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from twincell.errors import ProductionError, did_you_mean
from twincell.production.messages import Inject
from twincell.production.problem import Pace
from twincell.production.state import LineState
from twincell.world.disruptions import KINDS, LATEST, read_parameters
from twincell.world.model import World
from twincell.world.subjects import subjects

__all__ = ["apply", "resolved"]


def resolved(inject: Inject, now: float) -> Inject:
    """The same with SI numbers, and with its end as a time of the shift.

    Args:
        inject: kind, subject, parameters; a string carries its unit.
        now: time [s].

    Raises:
        ProductionError: unknown kind or parameter, or a value out of range.
    """
    if inject.kind not in KINDS:
        raise ProductionError(
            f"unknown disruption '{inject.kind}'; {did_you_mean(str(inject.kind), KINDS)}"
        )
    where = f"{inject.kind} of '{inject.subject}'" if inject.subject else str(inject.kind)
    try:
        values = read_parameters(inject.kind, inject.parameters)
    except ValueError as fault:
        raise ProductionError(f"{where}: {str(fault).replace('expected', 'valid:', 1)}") from None
    if "lasts" in values:
        values["until"] = min(now + values.pop("lasts"), LATEST)
    for key in ("until", "due"):
        if key in values and values[key] <= now:
            raise ProductionError(
                f"{where}: {key} {values[key]:g} s is past; valid: after now, {now:.1f} s"
            )
    return replace(inject, parameters=values)


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
    known = resolved(inject, now)
    what = KINDS[known.kind].subject
    if what:
        _known(known.subject, what, subjects(world)[what])
    text = _EFFECTS[known.kind](known.subject, known.parameters, state, world, now)
    state.happened += 1
    return text


def _known(subject: str, what: str, valid: Iterable[str]) -> None:
    names = list(valid)
    if subject not in names:
        raise ProductionError(f"unknown {what} '{subject}'; {did_you_mean(subject, names)}")


Values = Mapping[str, float]
Effect = Callable[[str, Values, LineState, World, float], str]


# ---------------------------------------------------------------- orders and material


def _rush(subject: str, values: Values, state: LineState, _world: World, _now: float) -> str:
    order = state.orders[subject]
    if order.cancelled:
        raise ProductionError(f"order '{subject}' was cancelled and cannot be rushed")
    before = f"was due at {order.due:g} s with priority {order.priority:g}"
    order.due = values.get("due", order.due)
    order.priority = values.get("priority", order.priority)
    after = f"due at {order.due:g} s with priority {order.priority:g}"
    return f"{subject} is a rush order: {after}, {before}"


def _cancel(subject: str, _values: Values, state: LineState, _world: World, _now: float) -> str:
    if state.orders[subject].cancelled:
        raise ProductionError(f"order '{subject}' was cancelled before")
    waiting = [p for p in state.orders[subject].parts if state.open(p)]
    state.orders[subject].cancelled = True
    stay = "stay where they are" if waiting[1:] else "stays where it is"
    return f"{subject} is cancelled; {', '.join(waiting) or 'nothing'} {stay}"


def _parts(subject: str, state: LineState) -> tuple[str, ...]:
    return state.orders[subject].parts if subject in state.orders else (subject,)


def _late(subject: str, values: Values, state: LineState, _world: World, _now: float) -> str:
    waiting = [p for p in _parts(subject, state) if state.open(p)]
    for part in waiting:
        state.blades[part].release = max(state.blades[part].release, values["until"])
    if not waiting:
        return f"{subject} is late, but all of it has been taken already"
    return f"{', '.join(waiting)} will not be there before {values['until']:g} s"


def _recall(subject: str, _values: Values, state: LineState, _world: World, _now: float) -> str:
    parts = _parts(subject, state)
    back = [
        p for p in parts if state.blades[p].where == "bin" and state.blades[p].decision == "accept"
    ]
    if not back:
        stand = ", ".join(f"{p} {state.blades[p].where}" for p in parts)
        raise ProductionError(
            f"nothing of '{subject}' was accepted yet ({stand}); valid: blades in an accept bin"
        )
    gone = {o for p in back if (o := state.blades[p].order) and state.orders[o].cancelled}
    if gone:
        raise ProductionError(f"order '{gone.pop()}' was cancelled: nothing of it is recalled")
    for part in back:
        state.recall(part)
    return f"{', '.join(back)} had been accepted and must be inspected again"


# ---------------------------------------------------------------- energy


def _spike(_subject: str, values: Values, state: LineState, world: World, now: float) -> str:
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


def _cap(_subject: str, values: Values, state: LineState, world: World, _now: float) -> str:
    power, idle = values["power"], world.idle_power
    if power <= idle:
        raise ProductionError(
            f"energy_cap: power is {power:g} W; valid: more than the arms draw at rest, {idle:g} W"
        )
    state.outages.cap = (power, values["until"])
    share = min(state.outages.pace(world, k).share for k in ("load", "inspect"))
    slow = f"arms move at {share:.0%} of their speed" if share < 1 else "no arm needs to slow down"
    return f"the cell may draw {power:g} W until {values['until']:g} s: {slow}"


# ---------------------------------------------------------------- arms and tools


def _slow(subject: str, values: Values, state: LineState, _world: World, _now: float) -> str:
    until = values.get("until", math.inf)
    state.outages.slow[subject] = Pace(values["factor"], until)
    end = f" until {until:g} s" if until < math.inf else ""
    return f"{subject} moves at {values['factor']:.0%} of its speed{end}"


def _failed(subject: str, values: Values, state: LineState, _world: World, _now: float) -> str:
    failed = state.outages.failed
    failed[subject] = max(failed.get(subject, 0.0), values["until"])
    return f"{subject} has failed; it will be repaired at {failed[subject]:g} s"


def _repaired(subject: str, _values: Values, state: LineState, world: World, _now: float) -> str:
    wrong = state.outages.repair(subject)
    if not wrong:
        raise ProductionError(
            f"{subject} is whole: neither failed nor slow nor without its tool; "
            f"valid: one that is, of {', '.join(world.arms)}"
        )
    return f"{subject}, which was {' and '.join(wrong)}, is repaired"


def _tool(subject: str, values: Values, state: LineState, _world: World, _now: float) -> str:
    tools = state.outages.tools
    tools[subject] = max(tools.get(subject, 0.0), values["until"])
    return f"{subject} has lost its tool; it will have another at {tools[subject]:g} s"


# ---------------------------------------------------------------- sensors and people


def _blackout(subject: str, values: Values, state: LineState, _world: World, _now: float) -> str:
    blind = state.outages.blind
    blind[subject] = max(blind.get(subject, 0.0), values["until"])
    return f"{subject} sees nothing until {blind[subject]:g} s"


def _intrusion(_subject: str, values: Values, state: LineState, world: World, _now: float) -> str:
    if world.visitor is None:
        raise ProductionError("intrusion: nobody to walk in; valid: in a world with a `visitor`")
    state.outages.person = max(state.outages.person, values["until"])
    return f"a person walks into the cell and stays until {values['until']:g} s"


_EFFECTS: dict[str, Effect] = {
    "rush_order": _rush,
    "cancel_order": _cancel,
    "late_material": _late,
    "recall": _recall,
    "tariff_spike": _spike,
    "energy_cap": _cap,
    "arm_slow": _slow,
    "arm_failed": _failed,
    "arm_repaired": _repaired,
    "tool_lost": _tool,
    "sensor_blackout": _blackout,
    "intrusion": _intrusion,
}
"""The effect of each of `KINDS`."""
