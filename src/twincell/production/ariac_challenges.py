"""Challenges of an ARIAC 2023 trial: what goes wrong in it."""

from __future__ import annotations

from typing import Any

from twincell.errors import did_you_mean
from twincell.production.ariac_file import TrialFile
from twincell.production.ariac_trial import TASKS, Outage, TrialOrder
from twincell.world.disruptions import Disruption
from twincell.world.source import Loc

__all__ = ["challenge"]

_ROBOTS = ("floor_robot", "ceiling_robot")
_SENSORS = ("break_beam", "proximity", "laser_profiler", "lidar", "camera", "logical_camera")


def challenge(
    read: TrialFile,
    loc: Loc,
    orders: list[TrialOrder],
    disruptions: list[Disruption],
    outages: list[Outage],
    faulty: dict[str, list[str]],
) -> None:
    """Put what goes wrong in a trial where it belongs, or note that it has no counterpart.

    Args:
        read: the file.
        loc: of the challenge, its last item is the kind.
        orders: of the trial.
        disruptions: receives those with a time.
        outages: receives failures of robots.
        faulty: receives the parts to be rejected once, by order.
    """
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


def _faulty(read: TrialFile, loc: Loc, order: TrialOrder, faulty: dict[str, list[str]]) -> None:
    """Parts by the quadrant of the tray in which the order puts them."""
    number = [str(o) for o in _ids(read)].index(order.name)
    task: Loc = ("orders", number, TASKS[order.kind], "products")
    quadrants = [item.get("quadrant") for _, item in read.items(task)]
    for key, wanted in read.mapping(loc).items():
        if not key.startswith("quadrant") or wanted is not True:
            continue
        digit = int(key[-1]) if key[-1].isdecimal() else 0
        if digit not in quadrants:
            read.note((*loc, key), f"order {order.name} puts nothing into quadrant {key[8:]}")
            continue
        faulty.setdefault(order.name, []).append(order.order.parts[quadrants.index(digit)])


def _ids(read: TrialFile) -> list[Any]:
    return [item["id"] for _, item in read.items(("orders",))]
