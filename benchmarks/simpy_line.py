"""The line's twin in SimPy: the same model written anew, a process a resource, interrupts.

It takes durations, inspections and failures from the twin's draws, so that both can be held
against each other shift by shift. Nothing else is shared.
"""

from __future__ import annotations

import numpy as np
import simpy

from twincell.production.line import LOOKS, Line, LinePlan, Rule
from twincell.twin.line_draws import (
    BRANCH,
    DURATION,
    MOST_FAILURES,
    factor,
    uniform,
    windows_of,
)

_LATE = 5  # after all else that happens at the same time


class SimpyLine:
    """One shift from its start; `run` gives the metrics by name."""

    def __init__(self, line: Line, plan: LinePlan, key: int) -> None:
        self.line, self.plan, self.key = line, plan, np.uint64(key)
        self.env = simpy.Environment()
        n, m = len(line.jobs), len(line.resources)
        windows, count = np.empty((m, len(line.windows) + MOST_FAILURES, 3)), np.empty(m, int)
        windows_of(self.key, 0.0, line.windows, line.uptime, line.repair, line.slow,
                   line.slow_speed, windows, count)  # fmt: skip
        self.windows = [windows[r, : count[r]] for r in range(m)]
        self.step, self.looks, self.back = [0] * n, [0] * n, [0] * n
        self.queued: dict[int, float] = {}
        self.begun: set[tuple[int, int]] = set()
        self.outcome: dict[int, tuple[str, float]] = {}
        self.busy: dict[int, tuple[int, int]] = {}
        self.family = [-1] * m
        self.last = self.joules = self.bill = 0.0
        self.called = False
        self.lists = [
            sorted(
                ((j, k) for j in range(n) for k in range(line.steps) if plan.resource[j, k] == r),
                key=lambda at: plan.rank[at],
            )
            for r in range(m)
        ]

    def run(self) -> dict[str, float]:
        """Play it, once."""
        for j, release in enumerate(self.line.release):
            self.env.process(self._arrive(j, float(release)))
        for r in range(len(self.line.resources)):
            for edge in sorted({t for w in self.windows[r] for t in w[:2] if t > 0}):
                self.env.process(self._wake(edge))
        self.env.run()
        return self._metrics()

    def _arrive(self, j, release):
        yield self.env.timeout(release)
        self._queue(j)

    def _wake(self, when):
        yield self.env.timeout(when)
        self._call()

    def _queue(self, j):
        self.queued[j] = self.env.now
        k = self.step[j]
        if k < self.line.steps and self.plan.earliest[j, k] > self.env.now:
            self.env.process(self._wake(self.plan.earliest[j, k] - self.env.now))
        self._call()

    def _call(self):
        """Dispatch once, after everything that happens now."""
        if not self.called:
            self.called = True
            event = self.env.event()
            event._ok, event._value = True, None
            event.callbacks.append(self._dispatch)
            self.env.schedule(event, priority=_LATE)

    def _speed(self, r, t):
        speed = 1.0
        for start, end, value in self.windows[r]:
            if start <= t < end:
                speed *= value
        return speed

    def _dispatch(self, _event):
        self.called = False
        while (choice := self._choose()) is not None:
            j, r = choice
            k = self.step[j]
            del self.queued[j]
            self.begun.add((j, k))
            self.busy[r] = (j, k)
            line = self.line
            wait = 0.0 if self.family[r] < 0 else line.setup[r, self.family[r], line.family[j]]
            self.family[r] = int(line.family[j])
            which = k if k < line.steps else line.steps + self.back[j]
            scale = factor(self.key, DURATION, j, which, self.looks[j], line.spread)
            self.env.process(self._do(j, k, r, wait + line.durations[j, k, r] * scale))

    def _choose(self):
        line, plan, now = self.line, self.plan, self.env.now
        used = sum(line.busy[k, r] for r, (_, k) in self.busy.items())

        def rank(j):
            k = self.step[j]
            if k == line.steps or self.looks[j]:
                return (0, self.queued[j], j)
            return (1, self.queued[j] if plan.rule == Rule.FIFO else plan.rank[j, k], j)

        found = []
        for j in sorted(self.queued, key=rank):
            k = self.step[j]
            extra = rank(j)[0] == 0
            if not extra and plan.earliest[j, k] > now:
                continue
            choices = []
            for r in range(len(line.resources)):
                if r in self.busy or np.isnan(line.durations[j, k, r]) or not self._speed(r, now):
                    continue
                if not extra and plan.resource[j, k] not in (-1, r):
                    continue
                if used + line.busy[k, r] > line.cap * (1 + 1e-9):
                    continue
                if plan.rule == Rule.STRICT and not extra and self._next(r) != (j, k):
                    continue
                wait = 0.0 if self.family[r] < 0 else line.setup[r, self.family[r], line.family[j]]
                choices.append((line.durations[j, k, r] + wait, r))
            if choices:
                length, r = min(choices)
                kind, place, _ = rank(j)
                fitting = 0.0 if extra else length - line.durations[j, k, r]
                found.append((kind, place + plan.setup_weight * fitting, j, r))
        return min(found)[2:] if found else None

    def _next(self, r):
        for at in self.lists[r]:
            if at not in self.begun and at[0] not in self.outcome:
                return at
        return None

    def _do(self, j, k, r, work):
        """Work in pieces of one speed."""
        line = self.line
        while work > 0:
            now = self.env.now
            speed = self._speed(r, now)
            edges = [t - now for w in self.windows[r] for t in w[:2] if t > now]
            piece = min([*edges, work / speed if speed > 0 else np.inf])
            done = speed > 0 and piece == work / speed
            yield self.env.timeout(piece)
            if speed > 0:
                power = float(line.busy[k, r] - line.idle[r])
                self.joules += power * (self.env.now - now)
                self.bill += line.tariff.cost(power, now, self.env.now)
                work -= speed * piece
            if done:
                break
        del self.busy[r]
        self.last = self.env.now
        self._done(j, k)

    def _done(self, j, k):
        line = self.line
        if k == line.steps:
            self.step[j] = self.back[j]
            self._queue(j)
            return
        if line.inspects[k]:
            self.looks[j] += 1
            u = uniform(self.key, BRANCH, j, k, self.looks[j])
            rework, reject, rescan = line.chances[j, k]
            if u < rework:
                verdict = "rework"
            elif u < rework + reject:
                verdict = "reject"
            else:
                verdict = "rescan" if u < rework + reject + rescan else "accept"
            if verdict in ("rework", "rescan") and self.looks[j] >= LOOKS:
                verdict = "reject"
            if verdict == "reject":
                self.outcome[j] = ("rejected", self.env.now)
                self._call()
                return
            if verdict == "rework":
                self.back[j], self.step[j] = k, line.steps
            if verdict != "accept":
                self._queue(j)
                return
        self.looks[j] = 0
        self.step[j] = k + 1
        if k + 1 == line.steps:
            self.outcome[j] = ("accepted", self.env.now)
            self._call()
        else:
            self._queue(j)

    def _metrics(self):
        line = self.line
        quiet = float(line.idle.sum())
        bill = self.bill + line.tariff.cost(quiet, 0.0, self.last)
        late = lateness = earned = held = turn = 0.0
        for j, (verdict, end) in self.outcome.items():
            over = max(0.0, (end if verdict == "accepted" else self.last) - line.due[j])
            late += over
            lateness += line.penalty[j] * over
            earned += line.margin[j] if verdict == "accepted" else -line.scrap[j]
            turn += end - line.arrival[j]
            held += line.holding * (end - line.arrival[j])
        good = [end for verdict, end in self.outcome.values() if verdict == "accepted"]
        return {
            "makespan": self.last,
            "tardiness": late,
            "lateness": lateness,
            "energy": self.joules + quiet * self.last,
            "energy_cost": bill,
            "margin": earned - lateness - bill,
            "turnaround": turn / len(line.jobs),
            "accepted": len(good),
            "in_shift": sum(end <= line.length for end in good),
            "cost": lateness + bill + held,
        }
