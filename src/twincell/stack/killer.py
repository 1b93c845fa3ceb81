"""When to kill the orchestrator of a running stack, and what came of each kill."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from twincell.stack.up import HASTY, TRIES

__all__ = ["Kill", "Killer"]

Kill = dict[str, Any]

_OFTEN = 2
"""Kills a task, at most: a scan that is cut short is begun anew, and must get to its end."""
_SOON = 0.2
"""Share of the kills that hit an orchestrator that has not taken up its shift yet."""
_WITHIN, _STARTING = 20.0, 6.0
"""A kill comes so long after the work has gone on, or after the one before, at most [s]."""
_LINE = re.compile(r"(task_started|task_done|task_aborted|resumed) ([^\s:]+)(?:: (.*))?")


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
                self._back(text or "", now)
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
