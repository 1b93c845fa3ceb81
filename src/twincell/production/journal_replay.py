"""Rebuilds the state of the line from its journal, at any moment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, cast

from twincell.errors import ProductionError
from twincell.production.disruptions import apply
from twincell.production.journal import Entry
from twincell.production.messages import Inject, Journalled, PlannedTask, Status, TaskKind
from twincell.production.problem import KINDS
from twincell.production.state import AGAIN, Judgement, LineState
from twincell.world.model import World

__all__ = ["MEMORY", "OVER", "Recap", "Replayed", "rebuild", "recap", "replay"]

OVER = "shift_over"
"""Kind of the last line of a shift that has ended."""
MEMORY = "memory"
"""Kind of the lines that hold what the shift's result needs and no decision does."""


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
        restarts: how often a new orchestrator took the shift up.
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
    restarts: int = 0
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
        elif kind == "resumed":
            told.restarts += 1
        elif kind == "stop":
            told.stopped = detail.get("text", "") or subject
        elif kind == "released":
            told.stopped = ""
        elif kind == "halted":
            told.halted = detail.get("reason", "")
    return told


@dataclass
class Replayed:
    """What an orchestrator knew when the last line of its journal was written.

    Attributes:
        state: of the line.
        inside: the blade in process.
        left: tasks left of it, the running one first.
        running: kind of the running task, and its start [s].
        judged: detail of the verdict on the running inspection.
        critical: length of a critical crack that the running inspection has found [m].
        failed: why the last task of the blade in process failed, and what was to follow on it.
        retried: tasks that were repeated after a failure, `<part>/<kind>`.
        seen: durations of undisturbed tasks, in order, by kind [s].
        sequence: of the blades in the running plan.
        stops: as `Progress.stops`.
        halted: why nothing more can be done; empty where it can.
        over: whether the shift had ended.
    """

    state: LineState
    inside: str | None = None
    left: list[TaskKind] = field(default_factory=list)
    running: tuple[TaskKind, float] | None = None
    judged: dict[str, Any] | None = None
    critical: float | None = None
    failed: tuple[str, str] | None = None
    retried: set[str] = field(default_factory=set)
    seen: list[tuple[TaskKind, float]] = field(default_factory=list)
    sequence: tuple[str, ...] = ()
    stops: list[dict[str, Any]] = field(default_factory=list)
    halted: str = ""
    over: bool = False


def rebuild(world: World, entries: Iterable[Entry]) -> LineState:
    """The state of the line alone; see `replay`."""
    return replay(world, entries).state


def replay(world: World, entries: Iterable[Entry]) -> Replayed:
    """What the orchestrator knew; energy as it was metered when a task last began or ended.

    Args:
        world: of the shift that was journalled.
        entries: in order, from the shift's start.

    Raises:
        ProductionError: an entry names what the world does not hold: it is another world's journal.
    """
    told = Replayed(LineState.of(world))
    for entry in entries:
        line = entry.line
        if line.kind != MEMORY:  # written while events wait that are older than it
            told.state.outages.lapse(line.stamp)
        try:
            _take(world, told, line)
        except (KeyError, ValueError, TypeError, ProductionError) as error:
            raise ProductionError(
                f"entry {entry.number} ({line.kind} of '{line.subject}') does not fit the world "
                f"'{world.name}': {error}; valid: the world of the journal's shift"
            ) from None
    return told


def _take(world: World, told: Replayed, line: Journalled) -> None:
    state, kind, detail = told.state, line.kind, line.detail
    if kind == "disruption":
        inject = Inject(detail["kind"], line.subject, detail["parameters"])
        apply(inject, state, world, line.stamp)
    elif kind == "task_started":
        _started(world, told, line)
    elif kind in ("task_done", "task_aborted"):
        _ended(world, told, line)
    elif kind == "verdict":
        told.judged = detail
    elif kind == "anomaly" and detail["severity"] == "critical" and _inspects(told, line.subject):
        told.critical = detail["length"]
    elif kind == "left":
        blade = state.blades[line.subject]
        blade.where, blade.reason = detail["where"], detail["reason"]
        if blade.where == "returned":
            state.put_back(line.subject)
        told.inside, told.left, told.running, told.failed = None, [], None, None
    elif kind == "plan":
        told.sequence = tuple(detail.get("sequence", ()))
    elif kind == "stop":
        stop = {"at": line.stamp, "causes": line.subject.split(","), "text": detail["text"]}
        told.stops.append({**stop, "until": None})
    elif kind == "released" and told.stops:
        told.stops[-1]["until"] = line.stamp
    elif kind == "halted":
        told.halted = detail["reason"]
    elif kind == OVER:
        told.over = True


def _inspects(told: Replayed, part: str) -> bool:
    running = told.running is not None and told.running[0] == "inspect"
    return running and told.inside == part


def _kind(task: str) -> tuple[str, TaskKind]:
    part, _, rest = task.rpartition("/")
    return part, cast(TaskKind, rest.split("#")[0])


def _started(world: World, told: Replayed, line: Journalled) -> None:
    part, kind = _kind(line.subject)
    state, detail = told.state, line.detail
    blade = state.blades[part]
    _metered(state, line)
    if kind == "inspect":
        blade.inspections += 1
    elif kind == "unload":
        rack, pocket = detail["will_be"]
        blade.target = (str(rack), int(pocket))
        if world.racks[blade.target[0]].role != "in_tray":
            state.taken.add(blade.target)
    if told.inside != part:
        told.inside, told.left = part, list(KINDS)
    told.running, told.failed = (kind, line.stamp), None
    told.judged, told.critical = None, None
    state.tasks[line.subject] = PlannedTask(
        line.subject, part, kind, detail.get("mover", ""), line.stamp, line.stamp, "running"
    )


def _ended(world: World, told: Replayed, line: Journalled) -> None:
    part, kind = _kind(line.subject)
    status = cast(Status, line.kind.removeprefix("task_"))
    state, detail = told.state, line.detail
    blade, note = state.blades[part], detail["note"]
    ended = replace(state.tasks[line.subject], end=line.stamp, status=status, note=note)
    state.tasks[line.subject] = ended
    _metered(state, line)
    told.running = None
    if detail.get("calm", False):
        told.seen.append((kind, detail["took"]))
    then = detail.get("then", "")
    if then in ("leave", "put_back", "halt"):
        told.failed = (note, then)
    again = kind == "inspect" and note.startswith(AGAIN)
    told.left = told.left if again else told.left[1:]
    if then == "put_back":
        told.left = []
    elif then == "repeat":
        told.left, told.retried = [kind, *told.left], told.retried | {f"{part}/{kind}"}
    if again:
        blade.spent += status == "aborted"
    elif kind == "inspect" and status == "aborted":
        critical = note.startswith("critical ")
        blade.decision = "reject" if critical else "rework"
        blade.reason = note if critical else f"not judged: {note}"
    elif kind == "inspect":
        decision = told.judged["decision"] if told.judged is not None else "rework"
        blade.decision = cast(Judgement, "rework" if decision == "rescan" else decision)
        blade.reason = note
    elif status == "done" and kind == "load":
        state.loaded(part)
    elif status == "done" and blade.target is not None:
        tray = world.racks[blade.target[0]].role == "in_tray"
        blade.where, blade.finished = "returned" if tray else "bin", line.stamp
        told.inside = None


def _metered(state: LineState, line: Journalled) -> None:
    if "energy" not in line.detail:
        return  # a journal of before it was kept
    state.energy, state.energy_stamp = line.detail["energy"], line.stamp
    state.energy_cost = line.detail["energy_cost"]
