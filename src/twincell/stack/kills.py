"""Kills the orchestrator of a running stack at random moments; was anything lost or done twice?"""

from __future__ import annotations

import json
import os
import re
import signal
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from rosbags.highlevel import AnyReader

from twincell.cell.result import BladeResult, RunResult
from twincell.errors import AssetError, ProductionError, TwincellError
from twincell.geometry.pose import Pose
from twincell.geometry.rack import pocket_poses
from twincell.production.journal import Entry, check
from twincell.stack.demo import LONGEST, fresh_folder
from twincell.stack.faults import journal_fault
from twincell.stack.specs import NodeSpec, node_specs
from twincell.stack.up import HASTY, INTERRUPTED, TRIES, up
from twincell.world.load import load_world
from twincell.world.model import World

__all__ = [
    "Killer",
    "Shift",
    "journal_wrong",
    "places_wrong",
    "read_shifts",
    "run_kills",
    "summary",
]

Shift = dict[str, Any]
"""One shift: `shift`, `kills` (rows), `why` (what was lost or done twice), `seconds`."""
Kill = dict[str, Any]

_OFTEN = 2
"""Kills a task, at most: a scan that is cut short is begun anew, and must get to its end."""
_SOON = 0.2
"""Share of the kills that hit an orchestrator that has not taken up its shift yet."""
_WITHIN, _STARTING = 20.0, 6.0
"""A kill comes so long after the work has gone on, or after the one before, at most [s]."""
_LINE = re.compile(r"(task_started|task_done|task_aborted|resumed) (\S+|-): (.*)")
_STRIDE = 10
"""Every so-many-th of the recorded body poses is looked at."""
_NEAR = 0.008
"""A blade within this of a place stands in it [m]."""


@dataclass
class Killer:
    """Decides when, and keeps what came of it.

    Args:
        rng: draws the moments.
        quota: most kills.
        kill: does it.
        clock: monotonic [s].

    Attributes:
        kills: rows with `at` [s from the first task], `task` under way, `into` it [s], `found`,
            `text`, and `back`, the time until the work was taken up [s]; None where it was not.
    """

    rng: np.random.Generator
    quota: int
    kill: Callable[[], None]
    clock: Callable[[], float] = time.monotonic
    kills: list[Kill] = field(default_factory=list)
    _task: str = ""
    _since: float = 0.0
    _first: float | None = None
    _next: float | None = None
    _started: float = 0.0
    _killed: float = 0.0
    _hasty: int = 0
    _waits: bool = False
    _spared: bool = False
    _count: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def started(self) -> None:
        """The orchestrator's process has begun."""
        with self._lock:
            self._started = self.clock()

    def hear(self, line: str) -> None:
        """Take note of what the orchestrator says of its work."""
        found = _LINE.search(line)
        if found is None:
            return
        kind, task, text = found.groups()
        now = self.clock()
        with self._lock:
            if kind == "resumed":
                self._back(text, now)
                return
            if kind == "task_started":
                self._first = now if self._first is None else self._first
                self._task, self._since = task, now
            else:
                self._task = ""
            if self._next is None and not self._waits:
                self._next = now + float(self.rng.uniform(0.0, _WITHIN))
            elif self._spared and kind != "task_started":
                self._spared = self._waits = False
                self._next = now + float(self.rng.uniform(0.0, _WITHIN / 2))

    def _back(self, text: str, now: float) -> None:
        """The work goes on; `found: what was seen`."""
        how, _, seen = text.partition(": ")
        for row in self.kills[:-1]:
            row["found"] = row["found"] or "killed again"
        if self.kills:
            self.kills[-1] |= {"found": how, "text": seen}
            self.kills[-1]["back"] = round(now - self._killed, 2)
        self._waits = False
        if self._next is None:
            self._next = now + float(self.rng.uniform(0.0, _WITHIN))

    def ended(self) -> None:
        """The shift is over; a kill that nobody went on after came at its very end."""
        for i, row in enumerate(self.kills):
            if row["found"] == "":
                row["found"] = "over" if i == len(self.kills) - 1 else "killed again"

    def poll(self) -> None:
        """Kill where it is time to."""
        now = self.clock()
        with self._lock:
            if self._next is None or now < self._next or len(self.kills) >= self.quota:
                return
            if self._count[self._task] >= _OFTEN and self._task:
                self._next, self._spared = None, True
                self._waits = True
                return
            hasty = now - self._started < HASTY
            if hasty and self._hasty >= TRIES - 2:
                self._next = self._started + HASTY + 0.1  # not what no stack would live through
                return
            self._hasty = self._hasty + 1 if hasty else 0
            self._count[self._task] += 1
            into = round(now - self._since, 2) if self._task else None
            at = round(now - (self._first or now), 2)
            row = {
                "at": at,
                "task": self._task,
                "into": into,
                "found": "",
                "text": "",
                "back": None,
            }
            self.kills.append(row)
            self._killed, self._next, self._waits = now, None, True
            if self.rng.random() < _SOON:
                self._next = now + float(self.rng.uniform(0.5, _STARTING))
            self.kill()


# ---------------------------------------------------------------- what was lost or done twice


def journal_wrong(
    entries: Sequence[Entry], world: World, blades: Iterable[BladeResult]
) -> list[str]:
    """What a shift that has ended has lost, or done twice, by its journal and its result.

    Args:
        entries: of the journal.
        world: of the shift.
        blades: of the result.
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
    ended = {e.line.subject for e in entries if e.line.kind in ("task_done", "task_aborted")}
    wrong += [f"{task} was begun and never ended" for task in begun if task not in ended]
    judged = {b.name for b in blades if b.decision != "none"}
    wrong += [f"{name} was never judged" for name in world.blades if name not in judged]
    return wrong


def places_wrong(places: Mapping[str, Sequence[str]], racks: Mapping[str, str | None]) -> list[str]:
    """What blades that were watched have been through twice, or where they should not lie.

    Args:
        places: of each blade in order: racks with pockets, `fixture`.
        racks: where each is by the result, as `rack/pocket`; None where it is left out.
    """
    wrong = []
    for part, through in places.items():
        again = [place for place, n in Counter(through).items() if n > 1]
        wrong += [f"{part} was put into {place} twice" for place in again]
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


# ---------------------------------------------------------------- shifts


def read_shifts(path: Path) -> list[Shift]:
    """The shifts of an earlier run, to go on with; none where there is no file.

    Raises:
        TwincellError: the file holds something else.
    """
    if not path.is_file():
        return []
    try:
        shifts: list[Shift] = json.loads(path.read_text(encoding="utf-8"))
        [(s["shift"], [k["found"] for k in s["kills"]], s["why"] + []) for s in shifts]
    except (ValueError, TypeError, KeyError) as error:
        raise TwincellError(
            f"{path} holds no kills ({error!r}); move it away or give another folder"
        ) from None
    return shifts


def run_kills(
    world_path: Path, seed: int, count: int, out: Path, echo: Callable[[str], None]
) -> list[Shift]:
    """Kill the orchestrator until it was killed `count` times, over as many shifts as it takes.

    Args:
        world_path: of the world file.
        seed: root of all chance.
        count: of kills.
        out: folder of the stack's logs and of `kills.json`; shifts that it has are not run again.
        echo: called with what happens.

    Raises:
        TwincellError: the stack could not be run.
    """
    world, file = load_world(world_path), out / "kills.json"
    shifts = read_shifts(file)
    while (done := sum(len(s["kills"]) for s in shifts)) < count:
        number = len(shifts) + 1
        echo(f"shift {number}: {done} of {count} kills")
        shifts.append(_shift(world, world_path, seed, number, count - done, out, echo))
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f".{file.name}.part")
        part.write_text(json.dumps(shifts, indent=1) + "\n", encoding="utf-8")
        part.replace(file)
        if not shifts[-1]["kills"]:
            raise TwincellError(f"shift {number} had no kill: see {out / f'shift_{number}'}")
    return shifts


def _shift(
    world: World,
    path: Path,
    seed: int,
    number: int,
    quota: int,
    out: Path,
    echo: Callable[[str], None],
) -> Shift:
    """One shift of the stack with as many kills as it has time for."""
    folder = out.resolve() / f"shift_{number}"
    fresh_folder(folder)
    pids: dict[str, int] = {}

    def kill() -> None:
        row = killer.kills[-1]
        echo(f"kill {len(killer.kills)} at {row['at']:.1f} s: {row['task'] or 'between tasks'}")
        with suppress(ProcessLookupError):
            os.kill(pids["orchestrator"], signal.SIGKILL)

    killer = Killer(np.random.default_rng([seed, number]), quota, kill)

    def started(new: Mapping[str, int]) -> None:
        pids.update(new)
        killer.started()

    def hear(spec: NodeSpec, line: str) -> None:
        if spec.name == "orchestrator":
            killer.hear(line)

    over = threading.Event()

    def poll() -> None:
        while not over.wait(0.02):
            killer.poll()

    specs = node_specs(world, path, seed=seed, out=folder)
    polling = threading.Thread(target=poll)
    began = time.monotonic()
    polling.start()
    try:
        code = up(specs, out=folder, echo=hear, timeout=2.0 * LONGEST, on_started=started)
    finally:
        over.set()
        polling.join()
    killer.ended()
    if code == INTERRUPTED:
        raise TwincellError("interrupted; the same command goes on")
    why = [f"the stack ended with exit code {code}; see {folder / 'logs'}"] if code else []
    why += _wrong(world, folder) if code == 0 else []
    back = [row["back"] for row in killer.kills if row["back"] is not None]
    echo(f"shift {number}: {len(killer.kills)} kills, {len(back)} restarts, {why or 'all is well'}")
    seconds = round(time.monotonic() - began, 1)
    return {"shift": number, "seed": seed, "kills": killer.kills, "why": why, "seconds": seconds}


def _wrong(world: World, folder: Path) -> list[str]:
    """Everything that a shift's files say against it."""
    journal = folder / "journal.mcap"
    try:
        found = check(journal)
        result = RunResult.from_json((folder / "result.json").read_text(encoding="utf-8"))
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        through, events = _watched(folder / "bag", world)
    except (ProductionError, AssetError, OSError, ValueError) as error:
        return [f"cannot be read: {error}"]
    lost = journal_fault(journal, events)
    wrong = [lost] if lost else []
    wrong += journal_wrong(found.entries, world, result.blades)
    racks: dict[str, str | None] = defaultdict(lambda: None)
    for name, blade in summary["blades"].items():
        if blade["where"] in ("bin", "returned") and blade["rack"] is not None:
            racks[name] = f"{blade['rack']}/{blade['pocket']}"
    return wrong + places_wrong(through, racks)


def summary(shifts: Sequence[Shift]) -> dict[str, Any]:
    """What came of all shifts.

    Returns:
        `kills`, `shifts`, `restarts` (kills after which a shift was taken up), `found` (how often
        a task was found done, half done, ...), `back_s` (`median` and `slowest` wall time from a
        kill until the work was taken up; None without one), `wrong` (what was lost or done twice).
    """
    rows = [row for shift in shifts for row in shift["kills"]]
    back = [row["back"] for row in rows if row["back"] is not None]
    times = {"median": float(np.median(back)), "slowest": max(back)} if back else None
    return {
        "kills": len(rows),
        "shifts": len(shifts),
        "restarts": len(back),
        "found": dict(Counter(row["found"] for row in rows)),
        "back_s": times,
        "wrong": [f"shift {s['shift']}: {why}" for s in shifts for why in s["why"]],
    }
