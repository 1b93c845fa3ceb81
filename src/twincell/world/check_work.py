"""Faults in the work of a cell: orders, tariff, disruptions, criteria."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from twincell.world.check_cell import Fault, unknown
from twincell.world.model import World
from twincell.world.source import Loc

__all__ = ["findings"]


def findings(world: World) -> Iterator[Fault]:
    """Each fault with its place."""
    for part in (_orders, _tariff, _disruptions, _criteria, _approach):
        yield from part(world)


def _orders(world: World) -> Iterator[Fault]:
    owner: dict[str, str] = {}
    for name, order in world.production.orders.items():
        if not order.parts:
            yield (
                ["production", "orders", name, "parts"],
                "given an empty list; valid: at least one blade",
            )
        for i, part in enumerate(order.parts):
            where: Loc = ["production", "orders", name, "parts", i]
            yield from unknown(where, "blade", part, world.blades)
            if part in owner:
                yield (
                    where,
                    f"'{part}' is in '{owner[part]}' already; valid: each blade in one order",
                )
            owner.setdefault(part, name)
    for name in world.blades:
        if name not in owner:
            yield ["blades", name], "in no order; valid: each blade in the `parts` of one order"


def _tariff(world: World) -> Iterator[Fault]:
    steps = world.production.tariff
    where: Loc = ["production", "tariff"]
    if not steps:
        yield where, "given an empty list; valid: at least one step, the first with `start: 0 s`"
    elif steps[0].start != 0:
        yield [*where, 0, "start"], f"given {steps[0].start:g} s; valid: the first step starts at 0"
    for i, (before, after) in enumerate(pairwise(steps), start=1):
        if after.start <= before.start:
            yield (
                [*where, i, "start"],
                f"given {after.start:g} s after {before.start:g} s; valid: rising",
            )


def _disruptions(world: World) -> Iterator[Fault]:
    subjects: dict[str, tuple[str, Iterable[str] | None]] = {
        "rush_order": ("order", world.production.orders),
        "cancel_order": ("order", world.production.orders),
        "late_material": ("blade", world.blades),
        "arm_slow": ("arm", world.arms),
        "sensor_blackout": ("sensor", world.sensors),
        "tariff_spike": ("", None),  # its subject is a word for the journal
    }
    for i, disruption in enumerate(world.production.disruptions):
        where: Loc = ["production", "disruptions", i]
        what, names = subjects[disruption.kind]
        if names is not None:
            yield from unknown([*where, "subject"], what, disruption.subject, names)
        until = disruption.parameters.get("until")
        if until is not None and until <= disruption.at:
            yield (
                [*where, "parameters", "until"],
                f"given {until:g} s; valid: after `at`, {disruption.at:g} s",
            )


def _approach(world: World) -> Iterator[Fault]:
    inspection = world.inspection
    arm = world.arms.get(inspection.arm)
    if inspection.approach == "policy" and arm is not None and arm.policy is None:
        yield (
            ["inspection", "approach"],
            f"given 'policy'; valid: 'planned', as arm '{inspection.arm}' has no `policy`",
        )


def _criteria(world: World) -> Iterator[Fault]:
    criteria = world.inspection.criteria
    limits = [(k, getattr(criteria, k)) for k in ("report", "reject", "critical")]
    for (low, least), (high, length) in pairwise(limits):
        if length < least:
            yield (
                ["inspection", "criteria", high],
                f"given {1e3 * length:g} mm; valid: at least `{low}`, {1e3 * least:g} mm",
            )
