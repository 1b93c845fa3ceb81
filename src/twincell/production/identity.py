"""Which shift a journal is of: its world and its seed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from twincell.errors import ProductionError
from twincell.production.journal import Entry
from twincell.production.messages import Journalled
from twincell.world.model import World

__all__ = ["SHIFT", "require_rows", "require_shift", "shift_line"]

SHIFT = "shift"
"""Kind of the first line of a shift's journal."""


def _digests(world: World) -> dict[str, str]:
    """A short hash of each section of the world file, defaults included."""
    return {
        f.name: hashlib.sha256(repr(getattr(world, f.name)).encode()).hexdigest()[:16]
        for f in fields(world)
        if f.name != "seed"  # the file's own seed gives way to the one that is asked for
    }


def shift_line(world: World, seed: int) -> Journalled:
    """The first line of a shift's journal."""
    return Journalled(0.0, SHIFT, world.name, {"seed": seed, "world": _digests(world)})


def _differences(
    name: str, detail: Mapping[str, Any], world: World, seed: int, whose: str
) -> list[str]:
    """What another shift differs in, in words; nothing where it is the same.

    Args:
        name: of its world, the subject of its `shift_line`.
        detail: of its `shift_line`.
        world: that is to run.
        seed: root of all chance.
        whose: the other shift, e.g. `the journal's`.
    """
    differs = []
    if name != world.name:
        differs.append(f"the world is '{world.name}', {whose} '{name}'")
    if detail.get("seed") != seed:
        differs.append(f"the seed is {seed}, {whose} {detail.get('seed')}")
    then, now = detail.get("world", {}), _digests(world)
    changed = sorted(k for k in {*then, *now} if k != "name" and then.get(k) != now.get(k))
    if changed:
        differs.append(f"the world file differs in {', '.join(changed)}")
    return differs


def require_shift(entries: Sequence[Entry], world: World, seed: int, where: str) -> None:
    """Make sure that a journal is of this world and seed.

    Args:
        entries: of the journal, not empty.
        world: that is to run.
        seed: root of all chance.
        where: the journal, for the message.

    Raises:
        ProductionError: it is of another shift; the message says what differs.
    """
    first = entries[0].line
    help_ = "give another folder to begin a new shift, or the journal's own world and seed"
    if first.kind != SHIFT:
        raise ProductionError(
            f"{where}: does not say of which shift it is: its first entry is '{first.kind}', "
            f"valid: '{SHIFT}'; nothing was started; give another folder to begin a new shift"
        )
    differs = _differences(first.subject, first.detail, world, seed, "the journal's")
    if differs:
        raise ProductionError(
            f"{where}: is of another shift: {'; '.join(differs)}; nothing was started; {help_}"
        )


def require_rows(rows: Sequence[Mapping[str, Any]], world: World, seed: int, where: str) -> None:
    """Make sure that what an earlier campaign has left is of this world and seed.

    Args:
        rows: with `name`, the subject, and the detail of its `shift_line`.
        world: that is to run.
        seed: root of all chance.
        where: the rows are, for the message.

    Raises:
        ProductionError: one is of another world or seed; the message says what differs.
    """
    for row in rows:
        differs = _differences(row["name"], row, world, seed, "the earlier run's")
        if differs:
            raise ProductionError(
                f"{where}: is of another run: {'; '.join(differs)}; nothing was started; "
                "give another --out, or the earlier run's own world and seed"
            )
