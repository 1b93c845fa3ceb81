"""Rebuilds the state of the line from its journal, at any moment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, cast

from twincell.errors import ProductionError
from twincell.production.disruptions import apply
from twincell.production.journal import Entry
from twincell.production.messages import Inject, PlannedTask, Status, TaskKind
from twincell.production.pockets import choose
from twincell.production.state import AGAIN, LineState
from twincell.world.model import World

__all__ = ["Recap", "rebuild", "recap"]


@dataclass
class Recap:
    """What a journal tells without its world.

    Attributes:
        stamp: of the last entry [s].
        entries: that were read.
        plan: id and reason of the plan in force.
        running: tasks that have begun and not ended: whoever goes on has to look at these first.
        done: tasks that have ended, by id, with how.
        verdicts: last decision of each part.
        left: parts that are left out, with why.
        disruptions: kind, subject and words of each.
        stopped: why the cell stands still; empty where it does not.
        halted: why nothing more can be done; empty where it can.
    """

    stamp: float = 0.0
    entries: int = 0
    plan: dict[str, str] = field(default_factory=dict)
    running: list[str] = field(default_factory=list)
    done: dict[str, str] = field(default_factory=dict)
    verdicts: dict[str, str] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)
    disruptions: list[dict[str, str]] = field(default_factory=list)
    stopped: str = ""
    halted: str = ""


def recap(entries: Iterable[Entry]) -> Recap:
    """Fold entries in order."""
    told = Recap()
    for entry in entries:
        line = entry.line
        kind, subject, detail = line.kind, line.subject, line.detail
        told.stamp, told.entries = line.stamp, told.entries + 1
        if kind == "plan":
            told.plan = {"id": subject, "reason": detail.get("reason", "")}
        elif kind == "task_started":
            told.running.append(subject)
        elif kind in ("task_done", "task_aborted"):
            told.running = [t for t in told.running if t != subject]
            told.done[subject] = kind.removeprefix("task_")
        elif kind == "verdict":
            told.verdicts[subject] = detail.get("decision", "")
        elif kind == "left":
            part = f"{subject}/"
            told.running = [t for t in told.running if not t.startswith(part)]
            told.left[subject] = detail.get("reason", "")
        elif kind == "disruption":
            known = {"kind": detail.get("kind", ""), "subject": subject}
            told.disruptions.append({**known, "text": detail.get("text", "")})
        elif kind == "stop":
            told.stopped = detail.get("text", "") or subject
        elif kind == "released":
            told.stopped = ""
        elif kind == "halted":
            told.halted = detail.get("reason", "")
    return told


def rebuild(world: World, entries: Iterable[Entry]) -> LineState:
    """The state that the orchestrator had; energy is metered, not journalled, and stays 0.

    Args:
        world: of the shift that was journalled.
        entries: in order, from the shift's start.

    Raises:
        ProductionError: an entry names what the world does not hold: it is another world's journal.
    """
    state = LineState.of(world)
    verdicts: dict[str, str] = {}
    for entry in entries:
        line = entry.line
        state.outages.lapse(line.stamp)
        try:
            if line.kind == "disruption":
                inject = Inject(line.detail["kind"], line.subject, line.detail["parameters"])
                apply(inject, state, world, line.stamp)
            elif line.kind == "task_started":
                _started(world, state, line.subject, line.stamp)
                verdicts.pop(line.subject.split("/")[0], None)
            elif line.kind in ("task_done", "task_aborted"):
                status = cast(Status, line.kind.removeprefix("task_"))
                _ended(world, state, line.subject, line.stamp, status, line.detail, verdicts)
            elif line.kind == "verdict":
                verdicts[line.subject] = line.detail["decision"]
            elif line.kind == "left":
                blade = state.blades[line.subject]
                blade.where, blade.reason = line.detail["where"], line.detail["reason"]
        except (KeyError, ValueError, ProductionError) as error:
            raise ProductionError(
                f"entry {entry.number} ({line.kind} of '{line.subject}') does not fit the world "
                f"'{world.name}': {error}; valid: the world of the journal's shift"
            ) from None
    return state


def _kind(task: str) -> tuple[str, TaskKind]:
    part, _, rest = task.rpartition("/")
    return part, cast(TaskKind, rest.split("#")[0])


def _started(world: World, state: LineState, task: str, now: float) -> None:
    part, kind = _kind(task)
    blade = state.blades[part]
    if kind == "inspect":
        blade.inspections += 1
    elif kind == "unload":
        blade.target, _ = choose(world, state, blade)
    mover = world.inspection.arm if kind == "inspect" else world.handler
    state.tasks[task] = PlannedTask(task, part, kind, mover, now, now, "running")


def _ended(
    world: World,
    state: LineState,
    task: str,
    now: float,
    status: Status,
    detail: dict[str, Any],
    verdicts: dict[str, str],
) -> None:
    part, kind = _kind(task)
    blade, note = state.blades[part], detail["note"]
    state.tasks[task] = replace(state.tasks[task], end=now, status=status, note=note)
    if kind == "inspect":
        if note.startswith(AGAIN):
            blade.spent += status == "aborted"
        elif status == "aborted":
            critical = note.startswith("critical ")
            blade.decision = "reject" if critical else "rework"
            blade.reason = note if critical else f"not judged: {note}"
        else:
            told = verdicts.get(part, "rework")
            blade.decision = cast(Any, "rework" if told == "rescan" else told)
            blade.reason = note
    elif status == "done" and kind == "load":
        state.loaded(part)
    elif status == "done" and blade.target is not None:
        tray = world.racks[blade.target[0]].role == "in_tray"
        blade.where, blade.finished = "returned" if tray else "bin", now
