"""What is done when a step fails for good: never a hang, never a blade handled twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twincell.production.executor import Outcome
from twincell.production.steps import Program

if TYPE_CHECKING:
    from twincell.production.progress import Progress

__all__ = ["recover"]

_EMPTY_HAND = ("table-home", "reach", "lower", "grip")
"""Steps up to which the hand holds no blade."""


def recover(cell: Progress, outcome: Outcome, now: float) -> None:
    """Leave the blade and go on, or repeat the task once, or halt.

    - Nothing was gripped: back off, leave a blade in its pocket; try an unload once more.
    - A blade is held: put it back into its pocket of the in-tray.
    - An inspection failed: the blade goes to rework without a judgement.
    - An arm cannot go home, or recovery itself failed: halt, a person has to look.
    """
    program, step = outcome.program, outcome.step
    blade = cell.inside
    why = f"{step} of {program.task}: {outcome.message}"
    tail = any(s.id == step for s in program.tail)
    kinds = (f"{blade.part}/load", f"{blade.part}/unload", f"{blade.part}/inspect") if blade else ()
    if blade is None or tail or not program.task.startswith(kinds) or "~" in program.task:
        cell.halt(why, now)
        return
    kind = cell.fail_task(now, why)
    part = blade.part
    if kind == "inspect":
        blade.decision, blade.reason = "rework", f"not judged: {why}"
        cell.executor.start(Program(f"{part}/home~", part, program.tail))
        return
    source = cell.source(blade)
    if step in _EMPTY_HAND:
        targets = cell.tasks.targets
        place = targets.pocket(*source) if kind == "load" else targets.fixture()
        at_place = place if step in ("lower", "grip") else None
        cell.executor.start(cell.tasks.back_off(f"{part}/back_off~", part, at_place))
        if kind == "load":
            cell.leave(blade, "left", why, now)
        elif not cell.repeat("unload", part):
            cell.halt(f"{part} cannot be taken out of the fixture: {why}", now)
        return
    if step in ("release", "leave"):
        cell.halt(f"{part} is where it should be, but the hand does not come off: {why}", now)
        return
    if kind == "load" and step == "clamp":
        cell.halt(f"the clamp does not hold {part}: {why}", now)
        return
    # the blade is in the hand
    cell.drop_rest()
    cell.executor.start(cell.tasks.put_back(f"{part}/put_back", part, *source))
