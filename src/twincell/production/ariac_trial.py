"""A trial of ARIAC 2023 in our terms."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from twincell.world.disruptions import Disruption
from twincell.world.work import Order

__all__ = ["TASKS", "Condition", "Outage", "Trial", "TrialOrder"]

TASKS = {"kitting": "kitting_task", "assembly": "assembly_task", "combined": "combined_task"}
"""Key of an order's task in a trial's file, by the order's type."""


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
