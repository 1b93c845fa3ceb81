"""Reads trial files of ARIAC 2023 (NIST's Agile Robotics for Industrial Automation Competition).

What has a counterpart here becomes an order or a disruption of ours; what has none is noted in
words, never dropped in silence. Format: the competition's public documentation of trials.
"""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

from twincell.production.ariac_challenges import challenge
from twincell.production.ariac_file import TrialFile
from twincell.production.ariac_trial import TASKS, Outage, Trial, TrialOrder
from twincell.world.disruptions import Disruption
from twincell.world.source import Loc, Source
from twincell.world.work import Order

__all__ = ["read_trial"]

_HIGH = 10.0
"""Weight of an order of high priority: ARIAC wants it done first and gives no weight."""
_LONGEST = 500.0
"""The longest time limit that the competition allows: when orders are due without one [s]."""


def read_trial(path: Path) -> Trial:
    """Read a trial.

    Raises:
        ProductionError: it contradicts itself; the message tells line, key, given and valid.
        WorldError: the file cannot be read or is no YAML.
    """
    read = TrialFile(Source.read(path))
    top = read.mapping((), ("orders",))
    limit = read.number(("time_limit",), -1.0) if "time_limit" in top else -1.0
    if limit < 0:
        read.note(("time_limit",), f"no time limit: orders are due at {_LONGEST:g} s")
    for key in top:
        if key not in ("time_limit", "orders", "parts", "challenges", "kitting_trays"):
            read.note((key,), f"'{key}' is not read")
    if "kitting_trays" in top:
        read.note(("kitting_trays",), "trays are not modelled: racks of ours are always there")
    material, arrivals = _material(read) if top.get("parts") else (Counter[str](), {})
    names = _names(read)
    orders = [_order(read, i, names, limit) for i in range(len(names))]
    _no_circle(read, orders)
    disruptions: list[Disruption] = []
    outages: list[Outage] = []
    faulty: dict[str, list[str]] = {}
    if top.get("challenges"):
        for loc, item in read.items(("challenges",)):
            kinds = list(read.mapping(loc))
            if len(kinds) != 1:
                raise read.fail(loc, f"{len(item)} challenges in one item; valid: one")
            challenge(read, (*loc, kinds[0]), orders, disruptions, outages, faulty)
    placed = tuple(
        TrialOrder(o.name, o.kind, o.order, o.parts, o.announced, tuple(faulty.get(o.name, ())))
        for o in orders
    )
    needed = Counter(part for o in placed for part in o.parts)
    needed += Counter(o.parts[o.order.parts.index(name)] for o in placed for name in o.faulty)
    return Trial(
        path,
        math.inf if limit < 0 else limit,
        placed,
        tuple(disruptions),
        tuple(outages),
        dict(material),
        arrivals,
        dict(needed - material),
        tuple(text for _, text in sorted(read.notes, key=lambda n: n[0])),
    )


def _names(read: TrialFile) -> tuple[str, ...]:
    names: list[str] = []
    for loc, _ in read.items(("orders",)):
        name = str(read.mapping(loc, ("id", "type"))["id"])
        if name in names:
            raise read.fail((*loc, "id"), f"order '{name}' is there twice; valid: each once")
        names.append(name)
    if not names:
        raise read.fail(("orders",), "no order; valid: at least one")
    return tuple(names)


def _order(read: TrialFile, number: int, names: tuple[str, ...], limit: float) -> TrialOrder:
    loc: Loc = ("orders", number)
    kind = read.choice((*loc, "type"), tuple(TASKS))
    given = read.mapping(loc, ("id", "type", "announcement", TASKS[kind]))
    high = given.get("priority", False)
    if not isinstance(high, bool):
        raise read.fail((*loc, "priority"), f"given {high!r:.40}; valid: true, false")
    task = (*loc, TASKS[kind])
    read.mapping(task, ("products",))
    products = [read.part(item) for item, _ in read.items((*task, "products"))]
    if not products:
        raise read.fail((*task, "products"), "no product; valid: at least one")
    name = names[number]
    parts = tuple(f"{name}/{i}" for i in range(1, len(products) + 1))
    announced = read.condition((*loc, "announcement"), names)
    if announced.kind == "time" and 0 <= limit <= announced.at:
        raise read.fail(
            (*loc, "announcement"),
            f"order {name} comes at {announced.at:g} s; valid: before the trial's end, {limit:g} s",
        )
    if announced.kind != "time":
        read.note(
            (*loc, "announcement"),
            f"order {name} comes {announced.words}: ours come at a time, it is kept as a condition",
        )
    if kind != "kitting":
        read.note(task, f"order {name}: poses and directions of assembly have no counterpart")
    order = Order(
        parts=parts,
        due=_LONGEST if limit < 0 else limit,
        margin=0.0,
        priority=_HIGH if high else 1.0,
    )
    return TrialOrder(name, kind, order, tuple(products), announced)


def _no_circle(read: TrialFile, orders: list[TrialOrder]) -> None:
    waits = {o.name: o.announced.of for o in orders if o.announced.kind == "submission"}
    for number, order in enumerate(orders):
        seen, name = [order.name], order.name
        while name in waits:
            name = waits[name]
            if name in seen:
                raise read.fail(
                    ("orders", number, "announcement"),
                    f"orders wait for each other: {' -> '.join([*seen, name])}; "
                    "valid: one of them announced at a time",
                )
            seen.append(name)


def _material(read: TrialFile) -> tuple[Counter[str], dict[str, tuple[float, ...]]]:
    """Parts on hand by colour and type, and when those on the belt come [s]."""
    count: Counter[str] = Counter()
    arrivals: dict[str, list[float]] = {}
    given = read.mapping(("parts",))
    for place in given:
        loc: Loc = ("parts", place)
        if place == "bins":
            for name in read.mapping(loc):
                for item, entry in read.items((*loc, name)):
                    kind = read.part(item)
                    read.mapping(item, ("slots",))
                    slots = [read.whole(s, 1, 9) for s, _ in read.items((*item, "slots"))]
                    if len(set(slots)) < len(slots):
                        raise read.fail(
                            (*item, "slots"), f"{kind} twice in a slot; valid: each slot once"
                        )
                    marked = read.items((*item, "faulty")) if "faulty" in entry else []
                    bad = [value for _, value in marked]
                    read.each((*item, "faulty"), bad, slots, "slot of the parts")
                    count[kind] += len(slots) - len(bad)
                    if bad:
                        read.note((*item, "faulty"), f"{len(bad)} {kind} in {name} are faulty")
        elif place == "agvs":
            for name in read.mapping(loc):
                read.mapping((*loc, name), ("parts",))
                for item, _ in read.items((*loc, name, "parts")):
                    count[read.part(item)] += 1
        elif place == "conveyor_belt":
            belt = read.mapping(loc, ("spawn_rate", "parts_to_spawn"))
            if belt.get("active") is False:
                continue
            period, clock = read.number((*loc, "spawn_rate"), 0.0), 0.0
            for item, _ in read.items((*loc, "parts_to_spawn")):
                kind = read.part(item)
                read.mapping(item, ("number",))
                for _ in range(read.whole((*item, "number"), 0, 1000)):
                    clock += period
                    count[kind] += 1
                    arrivals.setdefault(kind, []).append(clock)
            if belt.get("order") == "random":
                read.note((*loc, "order"), "the belt's parts come by chance: read as sequential")
        else:
            read.note(loc, f"'parts.{place}' is not read")
    return count, {kind: tuple(times) for kind, times in arrivals.items()}
