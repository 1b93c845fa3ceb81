"""Which pocket a blade is taken from, and which it goes to once it is judged."""

from __future__ import annotations

from twincell.production.state import BladeState, LineState
from twincell.world.model import World

__all__ = ["choose", "source"]


def source(world: World, blade: BladeState) -> tuple[str, int]:
    """Rack and pocket that a blade is taken from, and put back into."""
    return blade.source or (world.rack_of("in_tray"), blade.pocket)


def choose(world: World, state: LineState, blade: BladeState) -> tuple[tuple[str, int], str]:
    """The first free pocket of the bins for its decision, else its own pocket in the in-tray.

    Args:
        world: the racks.
        state: pockets that are taken; the chosen one is added.
        blade: judged; a blade without judgement goes to rework.

    Returns:
        Rack and pocket, and what was full, in words, empty where nothing was.
    """
    role = blade.decision or "rework"
    if blade.target is not None:
        return blade.target, ""
    bins = [name for name, rack in world.racks.items() if rack.role == role]
    for name in bins:
        rack = world.racks[name]
        for index in range(rack.rows * rack.columns):
            if (name, index) not in state.taken:
                state.taken.add((name, index))
                return (name, index), ""
    full = f"no free pocket for {role} in {', '.join(bins) or 'any rack'}"
    return (world.rack_of("in_tray"), blade.pocket), full
