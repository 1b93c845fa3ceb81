"""What a shift has lost or done twice, by its journal, its result and what was watched."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rosbags.highlevel import AnyReader, AnyReaderError

from twincell.cell.result import BladeResult, RunResult
from twincell.errors import AssetError, ProductionError
from twincell.geometry.pose import Pose
from twincell.geometry.rack import pocket_poses
from twincell.production.journal import Entry, check
from twincell.production.triggers import Triggers
from twincell.stack.faults import journal_fault
from twincell.world.model import World

__all__ = ["journal_wrong", "places_wrong", "shift_wrong"]

_STRIDE = 10
"""Every so-many-th of the recorded body poses is looked at."""
_NEAR = 0.008
"""A blade within this of a place stands in it [m]."""
_LATE = 1.0
"""What falls due so shortly before the shift's end may not be heard any more [s]."""


def shift_wrong(world: World, folder: Path) -> list[str]:
    """Everything that a shift's files say against it."""
    journal = folder / "journal.mcap"
    try:
        found = check(journal)
        result = RunResult.from_json((folder / "result.json").read_text(encoding="utf-8"))
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        through, events = _watched(folder / "bag", world)
    except (ProductionError, AssetError, AnyReaderError, OSError, ValueError) as error:
        return [f"cannot be read: {error}"]
    lost = journal_fault(journal, events)
    wrong = [lost] if lost else []
    wrong += journal_wrong(found.entries, world, result.blades, result.seed)
    racks: dict[str, str | None] = defaultdict(lambda: None)
    for name, blade in summary["blades"].items():
        if blade["where"] in ("bin", "returned") and blade["rack"] is not None:
            racks[name] = f"{blade['rack']}/{blade['pocket']}"
    return wrong + places_wrong(through, racks, Counter(_struck(found.entries, world, "recall")))


def journal_wrong(
    entries: Sequence[Entry], world: World, blades: Iterable[BladeResult], seed: int
) -> list[str]:
    """What a shift that has ended has lost, or done twice, by its journal and its result.

    Args:
        entries: of the journal.
        world: of the shift.
        blades: of the result.
        seed: of the shift.
    """
    begun: Counter[str] = Counter()
    done: Counter[str] = Counter()
    told: Counter[str] = Counter()
    wrong = []
    for entry in entries:
        kind, subject = entry.line.kind, entry.line.subject
        if kind == "task_started":
            begun[subject] += 1
            if done[subject]:
                wrong.append(f"{subject} was begun again after it was done")
        done[subject] += kind == "task_done"
        told[entry.line.detail.get("trigger", "")] += 1
    wrong += [f"{task} was done {n} times" for task, n in done.items() if n > 1]
    wrong += [f"the disruption {t} came {n} times" for t, n in told.items() if t and n > 1]
    wrong += [f"the disruption {name} never came" for name in _due(entries, world, seed, told)]
    ended = {e.line.subject for e in entries if e.line.kind in ("task_done", "task_aborted")}
    wrong += [f"{task} was begun and never ended" for task in begun if task not in ended]
    judged = {b.name for b in blades if b.decision != "none"}
    known = judged | _excused(entries, world)
    wrong += [f"{name} was never judged" for name in world.blades if name not in known]
    return wrong


def _due(
    entries: Sequence[Entry], world: World, seed: int, told: Mapping[str, int]
) -> Iterator[str]:
    """Disruptions by time and by rate that had to happen and of which no line tells.

    A disruption by event is left out: how soon its event is heard depends on the machine.
    """
    end = entries[-1].line.stamp if entries else 0.0
    for inject in Triggers(world.production.disruptions, seed).due(end - _LATE):
        if inject.trigger not in told:
            yield f"{inject.trigger} ({inject.kind} of '{inject.subject}')"


def _excused(entries: Sequence[Entry], world: World) -> set[str]:
    """Blades that need no verdict: left out, or of a cancelled order and never taken."""
    lines = [entry.line for entry in entries]
    left = {line.subject for line in lines if line.kind == "left"}
    taken = {line.subject.partition("/")[0] for line in lines if line.kind == "task_started"}
    return left | (set(_struck(entries, world, "cancel_order")) - taken)


def _struck(entries: Sequence[Entry], world: World, kind: str) -> list[str]:
    """Blades that disruptions of a kind were told of, once for each; of an order all of its own."""
    told = [e.line for e in entries if e.line.kind == "disruption"]
    subjects = [line.subject for line in told if line.detail.get("kind") == kind]
    orders = world.production.orders
    return [p for name in subjects for p in (orders[name].parts if name in orders else (name,))]


def places_wrong(
    places: Mapping[str, Sequence[str]],
    racks: Mapping[str, str | None],
    recalls: Mapping[str, int],
) -> list[str]:
    """What blades that were watched were put into too often, or where they should not lie.

    Args:
        places: of each blade in order, from where it stood at first: racks with pockets, `fixture`.
        racks: where each is by the result, as `rack/pocket`; None where it is left out.
        recalls: how often each was recalled, and so may be put into a place once more.
    """
    wrong = []
    for part, through in places.items():
        most = 1 + recalls.get(part, 0)
        often = {place: n for place, n in Counter(through[1:]).items() if n > most}
        wrong += [f"{part} was put into {place} {n} times" for place, n in often.items()]
        last = through[-1] if through else "no place"
        if racks.get(part) is not None and last != racks[part]:
            wrong.append(f"{part} lies in {last}, by the result in {racks[part]}")
    return wrong


def _watched(bag: Path, world: World) -> tuple[dict[str, list[str]], list[tuple[float, str, str]]]:
    """The places of each blade in order, and the events that were heard, as recorded."""
    spots = {
        f"{name}/{i}": pose.p
        for name, rack in world.racks.items()
        for i, pose in enumerate(pocket_poses(rack))
    }
    through: dict[str, list[str]] = {part: [] for part in world.blades}
    events: list[tuple[float, str, str]] = []
    turned = f"{world.fixture.arm}/"
    local = Pose.at(world.fixture.place)
    with AnyReader([bag]) as reader:
        ends = ("cell/body_states", "production/events")
        wanted = [c for c in reader.connections if c.topic.endswith(ends)]
        for i, (connection, _stamp, data) in enumerate(reader.messages(connections=wanted)):
            bodies = connection.topic.endswith(ends[0])
            if bodies and i % _STRIDE:
                continue
            message: Any = reader.deserialize(data, connection.msgtype)
            if not bodies:
                at = message.header.stamp.sec + message.header.stamp.nanosec * 1e-9
                events.append((at, message.kind, message.subject))
                continue
            rows = dict(zip(message.names, np.reshape(message.poses, (-1, 7)), strict=True))
            tip = [n for n in rows if n.startswith(turned + world.arms[world.fixture.arm].tip)]
            here = dict(spots)
            if tip:
                here["fixture"] = (Pose.from_array(rows[tip[0]]) @ local).p
            for part, seen in through.items():
                p = rows[f"blade/{part}"][:3]
                near = min(here, key=lambda name: float(np.linalg.norm(p - here[name])))
                stands = np.linalg.norm(p - here[near]) < _NEAR
                if stands and (not seen or seen[-1] != near):
                    seen.append(near)
    return through, events
