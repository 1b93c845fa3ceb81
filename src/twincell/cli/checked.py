"""The world that a command runs: found, read and without faults of its text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twincell.world.model import World

__all__ = ["checked_world"]


def checked_world(name: str) -> tuple[World, Path]:
    """A world and its file.

    Args:
        name: of a file, or the bare name of a shipped world.

    Raises:
        AssetError: no such file.
        WorldError: one line a fault.
    """
    from twincell.assets import world_path
    from twincell.errors import WorldError
    from twincell.world.check import faults
    from twincell.world.load import load_world

    # faults name the file as it was given
    path = Path(name) if Path(name).is_file() else world_path(name)
    world = load_world(path)
    found = faults(world, path)
    if found:
        raise WorldError("\n".join(found))
    return world, path.resolve()
