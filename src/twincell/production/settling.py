"""What became of a task that was under way when its orchestrator was killed, by what is seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from twincell.production.whereabouts import FIXTURE, Place, Whereabouts, named

__all__ = ["Settled", "settle"]

How = Literal["done", "half done", "not begun", "lost"]

_AT = 0.002
"""A hand no higher than this above a place is at it [m]."""


@dataclass(frozen=True)
class Settled:
    """What was found.

    Attributes:
        how: the task stands.
        step: to go on with, empty where there is none.
        text: what was seen, in words.
    """

    how: How
    step: str
    text: str


def settle(part: str, source: Place | None, goal: Place, seen: Whereabouts) -> Settled:
    """How far a blade has got on its way from one place to another.

    The answer is a step of the task's program whose outcome is the same whether it was done
    before or not: to close a closed hand or clamp, to go up from where one stands.

    Args:
        part: the blade.
        source: where it is taken from; None where it was in the hand from the start.
        goal: where it is set down.
        seen: what stands where.
    """
    at, held = seen.blades.get(part), seen.held
    hand = "the hand holds it" if held == part else "the hand does not hold it"
    text = f"{part} is {named(at)}, {hand}"
    if held is not None and held != part:
        return Settled("lost", "", f"the hand holds {held}, not {part}, which is {named(at)}")
    if at == goal:
        if held == part:
            low = seen.over != goal or seen.height <= _AT
            fasten = "clamp" if goal == FIXTURE else "release"
            return Settled("half done", fasten if low else "insert", text)
        if seen.over == goal:
            return Settled("half done", "leave", f"{text} any more")
        return Settled("done", "", text)
    if held == part and at == source and at is not None:
        return Settled("half done", "grip", text)
    if held == part and at is None:
        if seen.over == goal:
            return Settled("half done", "insert", text)
        lifting = seen.over is not None and seen.over == source
        return Settled("half done", "lift" if lifting else "carry", text)
    if held is None and at == source and at is not None:
        if seen.over != source:
            return Settled("not begun", "reach", text)
        # where it is at it already, this brings it to the blade's middle
        return Settled("half done", "lower", f"{text} yet")
    return Settled("lost", "", text)
