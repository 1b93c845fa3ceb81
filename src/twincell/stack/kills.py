"""Kills the orchestrator of a running stack at random moments, over as many shifts as it takes."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from twincell.errors import TwincellError
from twincell.production.identity import require_rows, shift_line
from twincell.stack.demo import LONGEST, fresh_folder
from twincell.stack.killer import Killer
from twincell.stack.lost import shift_wrong
from twincell.stack.rows import read_rows, write_rows
from twincell.stack.specs import NodeSpec, node_specs
from twincell.stack.up import INTERRUPTED, up
from twincell.world.load import load_world
from twincell.world.model import World

__all__ = ["Shift", "read_shifts", "run_kills", "summary"]

_RESTART = 120.0
"""By which a kill may lengthen a shift, on a slow machine too [s of wall time]."""

Shift = dict[str, Any]
"""One shift: `shift`, `name` of its world, `seed` and `world` (digests) as in its journal's first
line, `kills` (rows), `why` (what was lost or done twice), `seconds`."""


def read_shifts(path: Path) -> list[Shift]:
    """The shifts of an earlier run, to go on with; none where there is no file.

    Raises:
        TwincellError: the file holds something else.
    """
    return read_rows(path, "kills", _touch)


def _touch(shift: Shift) -> None:
    _ = (shift["shift"], [kill["found"] for kill in shift["kills"]], shift["why"] + [])
    _ = (shift["name"], shift["seed"], shift["world"].items())


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
        TwincellError: the stack could not be run, or `out` has shifts of another world or seed.
    """
    world, file = load_world(world_path), out / "kills.json"
    shifts = read_shifts(file)
    require_rows(shifts, world, seed, str(file))
    while (done := sum(len(s["kills"]) for s in shifts)) < count:
        number = len(shifts) + 1
        echo(f"shift {number}: {done} of {count} kills")
        shifts.append(_shift(world, world_path, seed, number, count - done, out, echo))
        write_rows(file, shifts)
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
        longest = 2.0 * LONGEST + _RESTART * quota
        code = up(specs, out=folder, echo=hear, timeout=longest, on_started=started)
    finally:
        over.set()
        polling.join()
    killer.ended()
    if code == INTERRUPTED:
        raise TwincellError("interrupted; the same command goes on")
    why = [f"the stack ended with exit code {code}; see {folder / 'logs'}"] if code else []
    why += shift_wrong(world, folder) if code == 0 else []
    back = [row["back"] for row in killer.kills if row["back"] is not None]
    echo(f"shift {number}: {len(killer.kills)} kills, {len(back)} restarts, {why or 'all is well'}")
    seconds = round(time.monotonic() - began, 1)
    line = shift_line(world, seed)
    identity = {"shift": number, "name": line.subject, **line.detail}
    return {**identity, "kills": killer.kills, "why": why, "seconds": seconds}


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
