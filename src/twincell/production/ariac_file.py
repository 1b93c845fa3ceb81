"""Typed reading of a trial's file of ARIAC 2023."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from twincell.errors import ProductionError, did_you_mean
from twincell.production.ariac_trial import Condition
from twincell.world.source import Loc, Source

__all__ = ["TrialFile"]

_TYPES = ("battery", "pump", "sensor", "regulator")
_COLOURS = ("red", "green", "blue", "purple", "orange")


@dataclass
class TrialFile:
    """A trial's file: what is asked of it is there and valid, or an error tells the line.

    Attributes:
        source: the file.
        notes: what has no counterpart here, with its line.
    """

    source: Source
    notes: list[tuple[int, str]] = field(default_factory=list)

    def fail(self, loc: Loc, text: str) -> ProductionError:
        """An error at a key, to be raised."""
        return ProductionError(self.source.fault(loc, text))

    def note(self, loc: Loc, text: str) -> None:
        """Keep in words what has no counterpart here."""
        line = self.source.line(loc)
        self.notes.append((line, f"line {line}: {text}"))

    def at(self, loc: Loc) -> Any:
        """What stands there."""
        value: Any = self.source.value
        for item in loc:
            value = value[item]
        return value

    def mapping(self, loc: Loc, keys: tuple[str, ...] = ()) -> dict[str, Any]:
        """A mapping that has at least these keys."""
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
        """The items of a list, each with its place."""
        value = self.at(loc)
        if not isinstance(value, list):
            raise self.fail(loc, f"given {value!r:.40}; valid: a list")
        return [((*loc, i), item) for i, item in enumerate(value)]

    def number(self, loc: Loc, low: float) -> float:
        """A finite number from `low` on."""
        value = self.at(loc)
        good = isinstance(value, int | float) and not isinstance(value, bool)
        if not good or not low <= value < math.inf:
            raise self.fail(loc, f"given {value!r:.40}; valid: a number from {low:g} on")
        return float(value)

    def whole(self, loc: Loc, low: int, high: int) -> int:
        """A whole number from `low` to `high`."""
        value = self.number(loc, low)
        if value != int(value) or value > high:
            raise self.fail(loc, f"given {value:g}; valid: a whole number from {low} to {high}")
        return int(value)

    def each(self, loc: Loc, given: list[Any], valid: list[int], what: str) -> None:
        """Every item is one of `valid`, and none is there twice."""
        for value in given:
            if value not in valid or given.count(value) > 1:
                told = ", ".join(map(str, valid))
                raise self.fail(loc, f"given {value!r:.40}; valid: each {what} once: {told}")

    def choice(self, loc: Loc, valid: tuple[str, ...]) -> str:
        """One of `valid`."""
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
        """When something happens; `orders` are the names of all."""
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
