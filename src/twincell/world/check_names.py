"""Faults in words that other rooms have to know: names that are taken, optical materials."""

from __future__ import annotations

from collections.abc import Iterator

from twincell.errors import did_you_mean
from twincell.world.blades import Blade, Part
from twincell.world.check_cell import Fault
from twincell.world.finishes import Coating
from twincell.world.model import World
from twincell.world.source import Loc
from twincell.world.vocabulary import BODIES, CELL, MATERIALS, NODES

__all__ = ["findings"]


def findings(world: World) -> Iterator[Fault]:
    """Each fault with its place."""
    yield from _taken(world)
    yield from _materials(world)


def _taken(world: World) -> Iterator[Fault]:
    """Movers that would be taken for something else, sensors whose node has another's name."""
    meanings = {CELL: "all movers as the scope of a stop"}
    meanings |= dict.fromkeys(BODIES, "bodies that are no mover's")
    for name in world.arms:
        if name in meanings:
            yield ["arms", name], f"'{name}' means {meanings[name]}; valid: another name"
    nodes = [*NODES, *(f"policy_{n}" for n, arm in world.arms.items() if arm.policy is not None)]
    for name in world.sensors:
        if name in nodes:
            yield ["sensors", name], f"'{name}' is the name of another node; valid: another name"


def _materials(world: World) -> Iterator[Fault]:
    named: list[tuple[Loc, str]] = [
        (["furniture", name, "material"], box.material) for name, box in world.furniture.items()
    ]
    named.append((["part", "material"], world.part.material))
    named += _coats(["part"], world.part)
    for name, blade in world.blades.items():
        named += _coats(["blades", name], blade)
    for where, material in named:
        if material not in MATERIALS:
            yield (
                where,
                f"given '{material}', no optical material; {did_you_mean(material, MATERIALS)}",
            )


def _coats(where: Loc, owner: Part | Blade) -> list[tuple[Loc, str]]:
    """Materials of what was laid on."""
    return [
        ([*where, "finish", i, "material"], finish.material)
        for i, finish in enumerate(owner.finish)
        if isinstance(finish, Coating)
    ]
