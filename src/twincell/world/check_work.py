"""Faults in the work of a cell: orders, tariff, disruptions, criteria."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from twincell.world.check_cell import Fault, unknown
from twincell.world.disruptions import KINDS, LATEST, MOST, Moment
from twincell.world.model import World
from twincell.world.source import Loc
from twincell.world.subjects import subjects
from twincell.world.work import CAUSES, TariffStep

__all__ = ["findings", "tariff"]


def findings(world: World) -> Iterator[Fault]:
    """Each fault with its place."""
    for part in (_orders, _disruptions, _criteria, _approach):
        yield from part(world)
    yield from tariff(world.production.tariff, ["production", "tariff"])


def _orders(world: World) -> Iterator[Fault]:
    owner: dict[str, str] = {}
    for name, order in world.production.orders.items():
        for key, unit in (("due", " s"), ("priority", "")):
            if (given := getattr(order, key)) > MOST[key]:
                yield (
                    ["production", "orders", name, key],
                    f"given {given}{unit}; valid: at most {MOST[key]:g}{unit}",
                )
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


def tariff(steps: Sequence[TariffStep], where: Loc) -> Iterator[Fault]:
    """Faults of a tariff that stands at a place of its file."""
    if not steps:
        yield where, "given an empty list; valid: at least one step, the first with `start: 0 s`"
    elif steps[0].start != 0:
        yield [*where, 0, "start"], f"given {steps[0].start:g} s; valid: the first step starts at 0"
    for i, step in enumerate(steps):
        if step.start > LATEST:
            yield [*where, i, "start"], f"given {step.start} s; valid: at most {LATEST:g} s"
        if abs(step.price) > (most := MOST["price"]):
            yield (
                [*where, i, "price"],
                f"given {step.price} EUR/MWh; valid: from -{most:g} to {most:g} EUR/MWh",
            )
    for i, (before, after) in enumerate(pairwise(steps), start=1):
        if after.start <= before.start:
            yield (
                [*where, i, "start"],
                f"given {after.start:g} s after {before.start:g} s; valid: rising",
            )


def _disruptions(world: World) -> Iterator[Fault]:
    for i, disruption in enumerate(world.production.disruptions):
        where: Loc = ["production", "disruptions", i]
        what = KINDS[disruption.kind].subject
        if what:
            yield from unknown([*where, "subject"], what, disruption.subject, subjects(world)[what])
        until, at = disruption.parameters.get("until"), disruption.at
        if until is not None and at is None:
            yield (
                [*where, "parameters", "until"],
                "given with `when` or `rate`; valid: `lasts`, as nobody knows when it begins",
            )
        elif until is not None and at is not None and until <= at:
            yield (
                [*where, "parameters", "until"],
                f"given {until:g} s; valid: after `at`, {at:g} s",
            )
        due = disruption.parameters.get("due")
        if due is not None and at is not None and due <= at:
            yield (
                [*where, "parameters", "due"],
                f"given {due:g} s; valid: after `at`, {at:g} s",
            )
        power, idle = disruption.parameters.get("power"), world.idle_power
        if power is not None and power <= idle:
            yield (
                [*where, "parameters", "power"],
                f"given {power:g} W; valid: more than the arms draw at rest, {idle:g} W",
            )
        if disruption.kind == "intrusion" and world.visitor is None:
            yield [*where, "kind"], "an intrusion, but nobody to walk in; valid: with a `visitor`"
        if disruption.when is not None:
            yield from _moment(world, [*where, "when"], disruption.when)


def _moment(world: World, where: Loc, moment: Moment) -> Iterator[Fault]:
    """An event that cannot come."""
    subject = moment.subject
    if subject is None:
        return
    if moment.event in ("loaded", "accepted", "reworked", "rejected", "unloaded"):
        yield from unknown([*where, "subject"], "blade", subject, world.blades)
    elif moment.event == "planned" and not re.fullmatch(r"plan-[1-9][0-9]*", subject):
        yield [*where, "subject"], f"given '{subject}'; valid: plan-1, plan-2, ..."
    elif moment.event == "stopped":
        yield from unknown([*where, "subject"], "cause of a stop", subject, CAUSES)


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
