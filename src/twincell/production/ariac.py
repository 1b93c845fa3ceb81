"""Reads trial files of ARIAC 2023 (NIST's Agile Robotics for Industrial Automation Competition).

What has a counterpart here becomes an order or a disruption of ours; what has none is noted in
words, never dropped in silence. Format: the competition's public documentation of trials.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from twincell.errors import ProductionError, did_you_mean
from twincell.world.disruptions import Disruption
from twincell.world.source import Loc, Source
from twincell.world.work import Order

__all__ = ["Condition", "Outage", "Trial", "TrialOrder", "read_trial"]

_TYPES = ("battery", "pump", "sensor", "regulator")
_COLOURS = ("red", "green", "blue", "purple", "orange")
_ROBOTS = ("floor_robot", "ceiling_robot")
_SENSORS = ("break_beam", "proximity", "laser_profiler", "lidar", "camera", "logical_camera")
_TASKS = {"kitting": "kitting_task", "assembly": "assembly_task", "combined": "combined_task"}
_HIGH = 10.0
"""Weight of an order of high priority: ARIAC wants it done first and gives no weight."""
_LONGEST = 500.0
"""The longest time limit that the competition allows: when orders are due without one [s]."""


@dataclass(frozen=True)
class Condition:
    """When something happens.

    Attributes:
        kind: at a time, when a part is placed, or when an order is submitted.
        at: the time [s], infinite for other kinds.
        of: the order, or the part and where it is placed, in words.
    """

    kind: Literal["time", "part_place", "submission"]
    at: float = math.inf
    of: str = ""

    @property
    def words(self) -> str:
        """For a table."""
        if self.kind == "time":
            return f"at {self.at:g} s"
        return f"when {self.of} is {'submitted' if self.kind == 'submission' else 'placed'}"


@dataclass(frozen=True)
class TrialOrder:
    """An order and when it is announced.

    Attributes:
        name: its id.
        kind: kitting, assembly or combined (kitting, then assembly of the same parts).
        order: as ours; its parts are named `<id>/<number>`, it is due at the trial's time limit.
        parts: colour and type of each part, in the order's sequence.
        announced: when.
        faulty: parts that inspection has to reject once.
    """

    name: str
    kind: str
    order: Order
    parts: tuple[str, ...]
    announced: Condition
    faulty: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outage:
    """Robots that fail for a while [s]; a disruption of ours slows an arm, it does not end."""

    robots: tuple[str, ...]
    duration: float
    when: Condition


@dataclass(frozen=True)
class Trial:
    """A trial in our terms.

    Attributes:
        path: of the file.
        time_limit: of the trial [s], infinite without one.
        orders: in the sequence of the file.
        disruptions: with a time, ready for a world's `production.disruptions`.
        outages: failures of robots.
        material: parts on hand or to come, by colour and type.
        arrivals: when parts come on the belt [s], by colour and type.
        short: parts that orders need and nobody brings, by colour and type.
        notes: what has no counterpart, in words, with its line.
    """

    path: Path
    time_limit: float
    orders: tuple[TrialOrder, ...]
    disruptions: tuple[Disruption, ...]
    outages: tuple[Outage, ...]
    material: dict[str, int]
    arrivals: dict[str, tuple[float, ...]]
    short: dict[str, int]
    notes: tuple[str, ...]


@dataclass
class _Reader:
    """The file, and what is gathered on the way."""

    source: Source
    notes: list[tuple[int, str]] = field(default_factory=list)

    def fail(self, loc: Loc, text: str) -> ProductionError:
        return ProductionError(self.source.fault(loc, text))

    def note(self, loc: Loc, text: str) -> None:
        line = self.source.line(loc)
        self.notes.append((line, f"line {line}: {text}"))

    def at(self, loc: Loc) -> Any:
        value: Any = self.source.value
        for item in loc:
            value = value[item]
        return value

    def mapping(self, loc: Loc, keys: tuple[str, ...] = ()) -> dict[str, Any]:
        value = self.at(loc)
        if not isinstance(value, dict):
            raise self.fail(loc, f"given {value!r:.40}; valid: a mapping")
        for key in keys:
            if key not in value:
                near = [k for k in value if k not in keys]
                hint = f"; did you mean it by '{near[0]}'?" if len(near) == 1 else ""
                raise self.fail(loc, f"'{key}' is missing{hint}")
        return value

    def items(self, loc: Loc) -> list[tuple[Loc, Any]]:
        value = self.at(loc)
        if not isinstance(value, list):
            raise self.fail(loc, f"given {value!r:.40}; valid: a list")
        return [((*loc, i), item) for i, item in enumerate(value)]

    def number(self, loc: Loc, low: float) -> float:
        value = self.at(loc)
        good = isinstance(value, int | float) and not isinstance(value, bool)
        if not good or not low <= value < math.inf:
            raise self.fail(loc, f"given {value!r:.40}; valid: a number from {low:g} on")
        return float(value)

    def whole(self, loc: Loc, low: int, high: int) -> int:
        value = self.number(loc, low)
        if value != int(value) or value > high:
            raise self.fail(loc, f"given {value:g}; valid: a whole number from {low} to {high}")
        return int(value)

    def choice(self, loc: Loc, valid: tuple[str, ...]) -> str:
        value = self.at(loc)
        if value not in valid:
            raise self.fail(loc, f"unknown '{value}'; {did_you_mean(str(value), valid)}")
        return str(value)

    def part(self, loc: Loc) -> str:
        """Colour and type."""
        self.mapping(loc, ("type", "color"))
        kind = self.choice((*loc, "type"), _TYPES)
        return f"{self.choice((*loc, 'color'), _COLOURS)} {kind}"

    def condition(self, loc: Loc, orders: tuple[str, ...]) -> Condition:
        given = self.mapping(loc)
        kinds = ("time_condition", "part_place_condition", "submission_condition")
        found = [k for k in kinds if k in given]
        if len(found) != 1:
            raise self.fail(loc, f"{len(found)} conditions; valid: one of {', '.join(kinds)}")
        here = (*loc, found[0])
        if found[0] == "time_condition":
            return Condition("time", self.number(here, 0.0))
        if found[0] == "submission_condition":
            self.mapping(here, ("order_id",))
            return Condition("submission", of=self.choice((*here, "order_id"), orders))
        agv = self.mapping(here, ("agv",))["agv"]
        return Condition("part_place", of=f"a {self.part(here)} on AGV {agv}")


def read_trial(path: Path) -> Trial:
    """Read a trial.

    Raises:
        ProductionError: it contradicts itself; the message tells line, key, given and valid.
        WorldError: the file cannot be read or is no YAML.
    """
    read = _Reader(Source.read(path))
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
            _challenge(read, (*loc, kinds[0]), orders, disruptions, outages, faulty)
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


def _names(read: _Reader) -> tuple[str, ...]:
    names: list[str] = []
    for loc, _ in read.items(("orders",)):
        name = str(read.mapping(loc, ("id", "type"))["id"])
        if name in names:
            raise read.fail((*loc, "id"), f"order '{name}' is there twice; valid: each once")
        names.append(name)
    if not names:
        raise read.fail(("orders",), "no order; valid: at least one")
    return tuple(names)


def _order(read: _Reader, number: int, names: tuple[str, ...], limit: float) -> TrialOrder:
    loc: Loc = ("orders", number)
    kind = read.choice((*loc, "type"), tuple(_TASKS))
    given = read.mapping(loc, ("id", "type", "announcement", _TASKS[kind]))
    high = given.get("priority", False)
    if not isinstance(high, bool):
        raise read.fail((*loc, "priority"), f"given {high!r:.40}; valid: true, false")
    task = (*loc, _TASKS[kind])
    read.mapping(task, ("products",))
    products = [read.part(item) for item, _ in read.items((*task, "products"))]
    if not products:
        raise read.fail((*task, "products"), "no product; valid: at least one")
    name = names[number]
    parts = tuple(f"{name}/{i}" for i in range(1, len(products) + 1))
    announced = read.condition((*loc, "announcement"), names)
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


def _no_circle(read: _Reader, orders: list[TrialOrder]) -> None:
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


def _material(read: _Reader) -> tuple[Counter[str], dict[str, tuple[float, ...]]]:
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
                    bad = [s for s, _ in read.items((*item, "faulty"))] if "faulty" in entry else []
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


def _challenge(
    read: _Reader,
    loc: Loc,
    orders: list[TrialOrder],
    disruptions: list[Disruption],
    outages: list[Outage],
    faulty: dict[str, list[str]],
) -> None:
    kind, names = str(loc[-1]), tuple(o.name for o in orders)
    if kind == "robot_malfunction":
        read.mapping(loc, ("duration", "robots_to_disable"))
        robots = tuple(
            read.choice(item, _ROBOTS) for item, _ in read.items((*loc, "robots_to_disable"))
        )
        outage = Outage(robots, read.number((*loc, "duration"), 0.0), read.condition(loc, names))
        outages.append(outage)
    elif kind == "sensor_blackout":
        read.mapping(loc, ("duration", "sensors_to_disable"))
        when, lasts = read.condition(loc, names), read.number((*loc, "duration"), 0.0)
        for item, _ in read.items((*loc, "sensors_to_disable")):
            sensor = read.choice(item, _SENSORS)
            if when.kind == "time":
                until = {"until": when.at + lasts}
                disruptions.append(
                    Disruption(kind="sensor_blackout", at=when.at, subject=sensor, parameters=until)
                )
            else:
                read.note(
                    item,
                    f"{sensor} sees nothing for {lasts:g} s {when.words}: "
                    "disruptions of ours come at a time",
                )
    elif kind == "faulty_part":
        read.mapping(loc, ("order_id",))
        order = orders[names.index(read.choice((*loc, "order_id"), names))]
        _faulty(read, loc, order, faulty)
    elif kind == "dropped_part":
        robot = read.choice((*loc, "robot"), _ROBOTS) if "robot" in read.mapping(loc) else "a robot"
        read.note(
            loc,
            f"{robot} drops a {read.part(loc)}: no disruption of ours; a grip that holds nothing "
            "is seen and tried again",
        )
    elif kind == "human":
        how = read.mapping(loc).get("behavior", "")
        read.note(loc, f"a person ({how}): no disruption of ours; separation monitoring stops arms")
    else:
        valid = ("robot_malfunction", "sensor_blackout", "faulty_part", "dropped_part", "human")
        read.note(loc, f"challenge '{kind}' is not read; {did_you_mean(kind, valid)}")


def _faulty(read: _Reader, loc: Loc, order: TrialOrder, faulty: dict[str, list[str]]) -> None:
    """Parts by the quadrant of the tray in which the order puts them."""
    number = [str(o) for o in _ids(read)].index(order.name)
    task: Loc = ("orders", number, _TASKS[order.kind], "products")
    quadrants = [item.get("quadrant") for _, item in read.items(task)]
    for key, wanted in read.mapping(loc).items():
        if not key.startswith("quadrant") or wanted is not True:
            continue
        digit = int(key[-1]) if key[-1].isdecimal() else 0
        if digit not in quadrants:
            read.note((*loc, key), f"order {order.name} puts nothing into quadrant {key[8:]}")
            continue
        faulty.setdefault(order.name, []).append(order.order.parts[quadrants.index(digit)])


def _ids(read: _Reader) -> list[Any]:
    return [item["id"] for _, item in read.items(("orders",))]
