"""When disruptions of the world file happen: by time, by event, by chance."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from twincell.production.messages import Inject, Journalled
from twincell.world.disruptions import Disruption, Moment

__all__ = ["Triggers"]

_STREAM = tuple(b"disruption")
"""Keeps the chance of disruptions apart from that of all else under the same seed."""


@dataclass
class _Armed:
    """A disruption that has not happened for the last time.

    Attributes:
        index: of the disruption in the world file.
        disruption: as it stands there.
        count: how often it has happened.
        at: when it happens next [s]; `inf` while its event has not come.
        left: fitting events until it happens.
        rng: of its own, so that no other disruption changes its chance.
    """

    index: int
    disruption: Disruption
    at: float
    left: int
    rng: np.random.Generator
    count: int = 0

    @property
    def more(self) -> bool:
        """Whether it may happen (again)."""
        return self.count == 0 or self.disruption.rate is not None

    def happens(self) -> Inject:
        """It happens now; when it does next, where it does."""
        d = self.disruption
        self.count += 1
        if d.rate is not None:
            self.at += float(self.rng.exponential(1.0 / d.rate))
        trigger = f"{self.index}/{self.count}"
        return Inject(d.kind, d.subject, dict(d.parameters), trigger)


class Triggers:
    """Says what happens now; the same seed and the same journal give the same disruptions.

    Args:
        disruptions: of the world file.
        seed: root of all chance.
    """

    def __init__(self, disruptions: Sequence[Disruption], seed: int) -> None:
        self._armed: list[_Armed] = []
        self._told: set[str] = set()
        for i, disruption in enumerate(disruptions):
            rng = np.random.default_rng([seed, *_STREAM, i])
            if rng.random() >= disruption.chance:
                continue
            at, left = math.inf, 0
            if disruption.at is not None:
                at = disruption.at
            elif disruption.rate is not None:
                at = float(rng.exponential(1.0 / disruption.rate))
            elif disruption.when is not None:
                left = disruption.when.count
            self._armed.append(_Armed(i, disruption, at, left, rng))

    def hear(self, line: Journalled) -> None:
        """Take note of an event of the shift."""
        for armed in self._armed:
            moment = armed.disruption.when
            if moment is None or armed.left == 0 or not _fits(moment, line):
                continue
            armed.left -= 1
            if armed.left == 0:
                armed.at = line.stamp + moment.after

    def due(self, now: float) -> list[Inject]:
        """What happens at or before `now` [s] and was not told before, in order of time."""
        found: list[tuple[float, Inject]] = []
        for armed in self._armed:
            while armed.more and armed.at <= now:
                found.append((armed.at, armed.happens()))
        self._armed = [armed for armed in self._armed if armed.more]
        found = [(at, inject) for at, inject in found if inject.trigger not in self._told]
        return [inject for _, inject in sorted(found, key=lambda pair: pair[0])]

    def take_up(self, lines: Iterable[Journalled]) -> None:
        """Go on after the lines of a journal: what they tell of does not happen again.

        What fell due since the last of them happens at the next look.

        Args:
            lines: all, in order.
        """
        for line in lines:
            self.hear(line)
            self._told.add(line.detail.get("trigger", ""))


def _fits(moment: Moment, line: Journalled) -> bool:
    """Whether a line of the journal tells of the event that is waited for."""
    event = _event(line)
    if event is None or event[0] != moment.event:
        return False
    return moment.subject is None or moment.subject in event[1]


def _event(line: Journalled) -> tuple[str, tuple[str, ...]] | None:
    """The event that a line tells of, with its subjects; None where nobody can wait for it."""
    kind, subject, detail = line.kind, line.subject, line.detail
    if kind == "verdict":
        judged = {"accept": "accepted", "reject": "rejected", "rework": "reworked"}
        event = judged.get(detail["decision"])
        return None if event is None else (event, (subject,))
    part, _, task = subject.partition("/")
    if kind == "task_done" and task.startswith(("load", "unload")):
        return ("loaded" if task.startswith("load") else "unloaded"), (part,)
    if kind == "task_aborted" and str(detail.get("note", "")).startswith("critical "):
        return "rejected", (part,)
    if kind == "stop":
        return "stopped", tuple(subject.split(","))
    told = {"plan": "planned", "released": "released", "disruption": "disrupted"}
    return (told[kind], (subject,)) if kind in told else None
