"""What is done when a step fails for good: never a hang, never a blade handled twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from twincell.production.executor import Outcome
from twincell.production.messages import TaskKind
from twincell.production.steps import Program

if TYPE_CHECKING:
    from twincell.production.progress import Progress

__all__ = ["Then", "recover"]

Then = Literal["unjudged", "leave", "repeat", "put_back", "halt"]
"""What follows on a task that failed."""

_EMPTY_HAND = ("open", "table-home", "reach", "lower", "grip")
"""Steps up to which the hand holds no blade."""


def recover(cell: Progress, outcome: Outcome, now: float) -> None:
    """Leave the blade and go on, or repeat the task once, or halt.

    - Nothing was gripped: back off, leave a blade in its pocket; try an unload once more.
    - A blade is held: put it back into its pocket of the in-tray.
    - An inspection failed: the blade goes to rework without a judgement.
    - A blade does not stand where it was set down, or the hand does not come off it, an arm cannot
      go home, or recovery itself failed: halt, a person has to look.
    """
    program, step = outcome.program, outcome.step
    blade = cell.inside
    why = f"{step} of {program.task}: {outcome.message}"
    tail = any(s.id == step for s in program.tail)
    kinds = (f"{blade.part}/load", f"{blade.part}/unload", f"{blade.part}/inspect") if blade else ()
    if blade is None or tail or not program.task.startswith(kinds) or "~" in program.task:
        cell.halt(why, now)
        return
    kind = cell.running_kind
    part = blade.part
    source = cell.source(blade)
    then = _then(cell, kind, step, part)
    # with what is done about it in one line: a kill in between leaves no question open
    cell.fail_task(now, why, then)
    if then == "unjudged":
        blade.decision, blade.reason = "rework", f"not judged: {why}"
        cell.executor.start(Program(f"{part}/home~", part, program.tail))
    elif then == "put_back":
        cell.drop_rest()
        cell.executor.start(cell.tasks.put_back(f"{part}/put_back", part, *source))
    elif then == "halt":
        cell.halt(_halted(step, part, why), now)
    else:
        targets = cell.tasks.targets
        place = targets.pocket(*source) if kind == "load" else targets.fixture()
        at_place = place if step in ("lower", "grip") else None
        cell.executor.start(cell.tasks.back_off(f"{part}/back_off~", part, at_place))
        if then == "leave":
            cell.leave(blade, "left", why, now)
        else:
            cell.repeat("unload", part)


def _then(cell: Progress, kind: TaskKind, step: str, part: str) -> Then:
    if kind == "inspect":
        return "unjudged"
    if step in _EMPTY_HAND:
        if kind == "load":
            return "leave"
        return "repeat" if cell.may_repeat("unload", part) else "halt"
    if step in ("release", "leave", "look") or (kind == "load" and step == "clamp"):
        return "halt"
    return "put_back"


def _halted(step: str, part: str, why: str) -> str:
    if step in _EMPTY_HAND:
        return f"{part} cannot be taken out of the fixture: {why}"
    if step == "clamp":
        return f"the clamp does not hold {part}: {why}"
    if step == "look":
        return f"{part} does not stand where it was set down: {why}"
    return f"{part} is where it should be, but the hand does not come off: {why}"
