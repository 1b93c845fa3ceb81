"""A shift in lockstep with somebody at the console: paced by the clock on the wall, no ROS."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Mapping
from functools import partial

from twincell.cell.guard import Answer
from twincell.cell.lockstep import LockstepCell
from twincell.console.console import Console
from twincell.console.panel import Actions
from twincell.inspection.anomaly import Anomaly

__all__ = ["AttendedShift"]

PERIOD = 0.05
"""Between pictures [s of wall time]."""
CATCH_UP = 0.5
"""A shift that was slow may hurry after so much, and no more [s of wall time]."""
LINGER = 0.3
"""In which the last picture reaches the browser [s of wall time]."""


class AttendedShift:
    """Shows a cell while it is stepped, and presses in it what is pressed in the browser.

    Nobody who only looks changes the shift: it has the hash that it has without.

    Args:
        cell: that somebody steps.
        port: of the console; 0 for any that is free.
        pace: simulated seconds a second of wall time, at most.

    Attributes:
        console: that shows it.

    Raises:
        TwincellError: the port is taken, or is none.
    """

    def __init__(self, cell: LockstepCell, port: int, pace: float = 1.0) -> None:
        self._cell, self._pace = cell, pace
        self._calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        actions = Actions(
            stop=lambda: self._ask("emergency stop", lambda: cell.guard.emergency_stop(cell.time)),
            reset=lambda: self._ask("reset", lambda: cell.guard.reset(cell.time)),
            inject=self._inject,
        )
        self.console = Console(cell.assembly.world, cell.assembly.bodies, actions, port)
        self._lines = self._plans = 0
        self._found: dict[str, tuple[Anomaly, ...]] = {}
        self._over = False
        self._due = time.monotonic()
        self._began = self._due - cell.time / pace
        self._show()

    def between(self) -> None:
        """After each step: what was pressed, what is to be seen, and the pace."""
        self._take()
        now = time.monotonic()
        if now >= self._due:
            self._due = now + PERIOD
            self._show()
            now = time.monotonic()
        ahead = self._cell.time / self._pace - (now - self._began)
        if ahead > 0.0:
            time.sleep(ahead)
        elif ahead < -CATCH_UP:
            self._began -= ahead + CATCH_UP

    def close(self) -> None:
        """The last picture, and the end of the page; what was pressed too late is refused."""
        self._over = True
        try:
            self._take()
            self._show()
            self.console.answer("the shift is over", True)
            self.console.flush()
            time.sleep(LINGER)
        finally:
            self.console.close()

    # ---------------------------------------------------------------- what is pressed

    def _ask(self, what: str, press: Callable[[], Answer]) -> None:
        """From a thread of the server; done between two steps."""
        if self._over:
            self.console.answered(what, False, "the shift is over")
            return
        self.console.answer(f"{what}: asked", True)
        self._calls.put(partial(self._press, what, press))

    def _take(self) -> None:
        while not self._calls.empty():
            self._calls.get()()

    def _inject(self, kind: str, subject: str, parameters: Mapping[str, float | str]) -> None:
        self._ask(kind, partial(self._cell.inject, kind, subject, parameters))

    def _press(self, what: str, press: Callable[[], Answer]) -> None:
        answer = Answer(False, "the shift is over") if self._over else press()
        self.console.answered(what, answer.ok, answer.text)

    # ---------------------------------------------------------------- what is shown

    def _show(self) -> None:
        cell, log, console = self._cell, self._cell.log, self.console
        poses = zip(cell.physics.body_names, cell.physics.poses(), strict=True)
        console.move(dict(poses))
        if cell.guard.state is not None:
            console.state(cell.guard.state)
        # of plans that came at once each may have asked the twin
        for plan in log.plans[self._plans :] or log.plans[-1:]:
            console.plan(plan, cell.time)
        self._plans = len(log.plans)
        for line in log.events[self._lines :]:
            console.line(line)
        self._lines = len(log.events)
        found = log.findings()
        for part in found.keys() | self._found.keys():
            now, before = found.get(part, ()), self._found.get(part, ())
            if [*map(id, now)] != [*map(id, before)]:
                console.findings(part, now)
        self._found = found
