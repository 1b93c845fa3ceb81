"""Transfers of the empty hand that a sequence of blades asks for, and what is known of each.

What a blade needs once it is in the hand is the same wherever it stands in a sequence: from its
pocket into the fixture, from there into a bin. What a sequence decides is where the empty hand
comes from on its way to the next blade.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from twincell.production.messages import Leg, Tried
from twincell.production.pockets import choose, source
from twincell.production.state import BladeState, LineState
from twincell.world.model import World

__all__ = ["HOME", "Known", "source_of", "standing", "transfers"]

HOME = "home"


@dataclass
class Known:
    """What is known of legs.

    Attributes:
        free: the hand went there, in the cell or in its twin.
        blocked: it cannot, and why.
        asked: whether the physics cell is at it.
    """

    free: set[Leg] = field(default_factory=set)
    blocked: dict[Leg, str] = field(default_factory=dict)
    asked: bool = False

    def learn(self, tried: Iterable[Tried]) -> None:
        """Take in what came of legs."""
        for one in tried:
            if one.ok:
                self.free.add(one.leg)
            else:
                self.blocked[one.leg] = one.text


def source_of(world: World, blade: BladeState) -> str:
    """The place that a blade is taken from."""
    rack, pocket = source(world, blade)
    return f"{rack}/{pocket}"


def transfers(
    world: World, state: LineState, sequence: Sequence[str], inside: str | None, stands: str
) -> tuple[Leg, ...]:
    """The empty hand's ways to the blades of a sequence.

    Blades that were not judged yet are expected to be accepted.

    Args:
        world: the racks.
        state: of the line.
        sequence: blades that wait.
        inside: the blade in process, if any: the hand comes from where it is put.
        stands: where the hand is otherwise.
    """
    scratch = replace(state, taken=set(state.taken))

    def put(part: str) -> str:
        blade = state.blades[part]
        expected = replace(blade, decision=blade.decision or "accept")
        rack, pocket = choose(world, scratch, expected)[0]
        return f"{rack}/{pocket}"

    at = stands if inside is None else put(inside)
    legs = []
    for part in sequence:
        legs.append(Leg(at, source_of(world, state.blades[part])))
        at = put(part)
    return tuple(legs)


def standing(world: World, state: LineState) -> dict[str, str]:
    """Where each blade stands that is in a pocket, by name."""
    found = {}
    for name, blade in state.blades.items():
        if blade.where in ("tray", "returned", "left", "recalled"):
            found[name] = source_of(world, blade)
        elif blade.where == "bin" and blade.target is not None:
            found[name] = f"{blade.target[0]}/{blade.target[1]}"
    return found
