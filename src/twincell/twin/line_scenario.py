"""A disrupted shift: what is true, what is known of it at a moment, and what an event does.

The true line carries every outage and price from the start, the believed one what has been told so
far. Orders and parts change in both when their event comes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from twincell.production.line import Line, LineState
from twincell.production.line_shift import (
    SHIFT,
    Disruption,
    disruptions,
    example_shift,
    with_job,
)
from twincell.production.tariff import Tariff

__all__ = ["Scenario", "apply", "draw_scenario", "final"]

_OUTAGES = ("arm_failed", "arm_slow", "sensor_blackout")
_OVERDUE = 600.0
"""A repair that is over its estimate is believed to take this much longer [s]."""
_ESTIMATE = 0.3
"""Spread of an estimate, as `disruptions` draws it."""


@dataclass(frozen=True)
class Scenario:
    """A shift and what goes wrong in it.

    Attributes:
        line: without outages, as known at the start.
        events: by time; failures that the line's own statistics bring are among them.
        key: of the shift's chance.
        seed: of the policies' own chance.
    """

    line: Line
    events: tuple[Disruption, ...]
    key: int
    seed: int

    def true_line(self) -> Line:
        """With every outage and spike that will come, to play the truth."""
        return _with(self.line, self.events, np.inf)

    def believed(self, line: Line, now: float) -> Line:
        """The line with what is known at `now`: estimates where an outage goes on.

        Args:
            line: with the orders of the moment; its windows and tariff are replaced.
            now: [s].
        """
        known = [e for e in self.events if e.time <= now]
        plain = replace(line, windows=self.line.windows, tariff=self.line.tariff)
        return _with(plain, known, now)


def _with(line: Line, events: Sequence[Disruption], now: float) -> Line:
    """Outages and spikes of the events; an outage that goes on after `now` by its estimate."""
    rows, tariff = [line.windows], line.tariff
    base = line.tariff
    for event in events:
        if event.kind in _OUTAGES:
            over = event.until <= now
            end = event.until if over else max(event.expected, now + _OVERDUE)
            spread = 0.0 if over else _ESTIMATE
            rows.append(np.array([[event.resource, event.time, end, event.value, spread]]))
        elif event.kind == "tariff_spike":
            # above the day's mean, so that a spike in an hour of negative prices is one
            price = max(base.price(event.time), base.mean(0.0, line.length)) * event.value
            tariff = tariff.spiked(event.time, event.until, price)
    return replace(line, windows=np.concatenate(rows), tariff=tariff)


def draw_scenario(
    seed: int, number: int, tariff: Tariff, jobs: int = 20, intake: float = SHIFT / 2
) -> Scenario:
    """Scenario of a number: the shift, its disruptions, and failures by the line's statistics."""
    rng = np.random.default_rng([seed, number])
    line = example_shift(rng, tariff, jobs, intake)
    events = disruptions(line, rng)
    for r in range(len(line.resources)):
        t = float(rng.exponential(line.uptime[r]))
        while t < 3 * line.length:
            length = float(rng.exponential(line.repair[r]))
            slow = bool(rng.random() < line.slow)
            guess = float(np.exp(_ESTIMATE * rng.standard_normal()))
            kind, speed = ("arm_slow", line.slow_speed) if slow else ("arm_failed", 0.0)
            events.append(Disruption(t, kind, -1, r, t + length, t + length * guess, speed))
            t += length + float(rng.exponential(line.uptime[r]))
    events.sort(key=lambda e: (e.time, e.kind))
    key, own = (int(k) for k in rng.integers(1, 2**31, 2))
    return Scenario(line, tuple(events), key, own)


def apply(line: Line, state: LineState, event: Disruption) -> tuple[Line, LineState]:
    """Orders and parts after an event; outages and prices are not touched.

    Args:
        line: the true one, with the outages that matter for energy.
        state: at the event; left as it is.
        event: at `state.now`.
    """
    state = state.copy()
    j = event.job
    if event.kind == "rush_order":
        name = f"rush {len(line.jobs) + 1}"
        return with_job(line, j, event.time, name), _with_row(state, event.time)
    if event.kind == "late_material" and j >= 0 and state.status[j] == 0:
        release = line.release.copy()
        release[j] = max(release[j], event.until)
        if np.isnan(state.starts[j, 0]):
            state.ready[j] = max(float(state.ready[j]), event.until)
        return replace(line, release=release), state
    if event.kind in ("cancelled_order", "cracked_part") and state.status[j] < 2:
        for r in np.nonzero(state.job == j)[0]:
            _take_off(line, state, int(r))
        state.status[j] = 4 if event.kind == "cancelled_order" else 3
        state.end[j] = state.now
    return line, state


def _with_row(state: LineState, ready: float) -> LineState:
    """Room for one more job."""
    zero = np.zeros(1, np.int64)
    steps = state.starts.shape[1]
    return replace(
        state,
        step=np.append(state.step, zero),
        back=np.append(state.back, zero),
        looks=np.append(state.looks, zero),
        status=np.append(state.status, zero),
        ready=np.append(state.ready, ready),
        end=np.append(state.end, 0.0),
        starts=np.vstack([state.starts, np.full((1, steps), np.nan)]),
        where=np.vstack([state.where, np.full((1, steps), -1, np.int64)]),
    )


def _take_off(line: Line, state: LineState, r: int) -> None:
    """Free a station; the energy of the work that is left is given back, as it was spent ahead."""
    j = int(state.job[r])
    power = float(line.busy[state.step[j], r] - line.idle[r])
    now, until = state.now, float(state.until[r])
    mine = line.windows[line.windows[:, 0] == r]
    inner = {float(t) for t in mine[:, 1:3].ravel() if now < t < until}
    cuts = sorted({now, until} | inner)
    for a, b in pairwise(cuts):
        stands = (mine[:, 1] <= a) & (a < mine[:, 2]) & (mine[:, 3] == 0)
        if not stands.any():
            state.spent[0] -= power * (b - a)
            state.spent[1] -= line.tariff.cost(power, a, b)
    state.job[r] = -1


def final(state: LineState, events: Sequence[Disruption]) -> LineState:
    """The end of a shift, with parts that were done before their event judged as for everyone.

    A part that was finished before its order was cancelled or its crack was known is taken out or
    rejected all the same, so that no policy gains by the moment at which the event strikes.
    """
    status: NDArray[np.int64] = state.status.copy()
    for event in events:
        if event.kind == "cracked_part" and status[event.job] == 2:
            status[event.job] = 3
    for event in events:
        if event.kind == "cancelled_order":
            status[event.job] = 4
    # from the start, so that an event after the last work adds no idling
    return replace(state, status=status, now=0.0)
