"""Example shifts of a blade line, and what may go wrong in them.

Twenty trays of turbine blades go through five steps on six stations in eight hours. The figures are
ours, chosen so that the work with its set-ups fills the shift to about nine tenths.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from scipy.optimize import linprog

from twincell.errors import ProductionError
from twincell.production.line import LOOKS, Line
from twincell.production.tariff import Tariff

__all__ = [
    "KINDS",
    "SHIFT",
    "Disruption",
    "bottleneck_time",
    "disruptions",
    "example_shift",
    "orders_for",
    "with_job",
]

_MINUTE = 60.0
SHIFT = 8 * 3600.0
"""Length of a shift [s]."""
_STEPS = ("load", "scan", "blend", "verify", "pack")
_STATIONS = ("handler 1", "handler 2", "scanner 1", "scanner 2", "blender 1", "blender 2")
_RANGE = ((4, 9), (12, 24), (12, 26), (9, 18), (4, 9), (10, 20))
"""Shortest and longest mean of each step, and of rework [min]."""
_SPEED = (
    (1.0, 1.0, np.nan, 0.7, np.nan, np.nan),
    (0.7, np.nan, 1.0, 1.0, np.nan, np.nan),
    (np.nan, np.nan, np.nan, np.nan, 1.0, 0.9),
    (np.nan, np.nan, 1.0, 0.9, np.nan, 0.6),
    (1.0, 1.0, np.nan, np.nan, np.nan, np.nan),
    (np.nan, np.nan, np.nan, np.nan, 1.0, 0.9),
)
"""Of each station at each step and at rework; NaN where it has not the skill."""
_CHANCES = {1: (0.12, 0.02, 0.05), 3: (0.06, 0.03, 0.04)}
"""Of rework, reject and another look, by step."""
_BUSY = (1.2e3, 1.2e3, 2.0e3, 2.0e3, 14e3, 14e3)
_IDLE = (0.3e3, 0.3e3, 0.5e3, 0.5e3, 2.5e3, 2.5e3)

KINDS = (
    "late_material",
    "cracked_part",
    "arm_failed",
    "arm_slow",
    "rush_order",
    "cancelled_order",
    "tariff_spike",
    "sensor_blackout",
)


@dataclass(frozen=True)
class Disruption:
    """Something that happens, and what is known of it.

    Attributes:
        time: at which it becomes known [s].
        kind: one of `KINDS`.
        job: index, or -1.
        resource: index, or -1.
        until: true end of what lasts, or when the material comes [s].
        expected: the same as estimated when it becomes known [s].
        value: speed of an arm, or factor on the price.
    """

    time: float
    kind: str
    job: int = -1
    resource: int = -1
    until: float = 0.0
    expected: float = 0.0
    value: float = 0.0


@cache
def bottleneck_time() -> float:
    """Mean time of a tray on the busiest station when work is shared out best [s].

    A linear program over the share of each step that each station takes; repeated looks and rework
    count by their expectation, set-ups and failures do not.
    """
    visits = np.ones(6)
    alive, rework = 1.0, 0.0
    for step in (1, 3):
        again_after_rework, reject, again = _CHANCES[step]
        back = again_after_rework + again
        looks = alive * sum(back**i for i in range(LOOKS))
        rework += again_after_rework * alive * sum(back**i for i in range(LOOKS - 1))
        visits[step] = looks
        alive -= reject * looks + alive * back**LOOKS
        visits[step + 1 :] = alive
    visits[5] = rework
    speed = np.array(_SPEED)
    mean = np.array(_RANGE).mean(axis=1) * _MINUTE
    pairs = np.argwhere(~np.isnan(speed))
    load = np.zeros((len(_STATIONS), len(pairs) + 1))
    shares = np.zeros((6, len(pairs) + 1))
    for i, (k, r) in enumerate(pairs):
        load[r, i] = visits[k] * mean[k] / speed[k, r]
        shares[k, i] = 1.0
    load[:, -1] = -1.0
    cost = np.append(np.zeros(len(pairs)), 1.0)
    return float(linprog(cost, load, np.zeros(len(load)), shares, np.ones(6)).fun)


def orders_for(load: float) -> int:
    """Trays whose work is `load` times what the bottleneck can do in a shift."""
    if not 0.1 <= load <= 3:
        raise ProductionError(f"load: given: {load:g}; valid: 0.1 to 3 times the bottleneck")
    return max(1, round(load * SHIFT / bottleneck_time()))


def example_shift(
    rng: np.random.Generator, tariff: Tariff, jobs: int = 20, intake: float = SHIFT / 2
) -> Line:
    """A shift of trays, drawn by chance: half are there at the start, the others come later.

    Args:
        rng: of the trays.
        tariff: from the shift's start.
        jobs: trays.
        intake: over which the others come [s].
    """
    m, families = len(_STATIONS), 4
    base = np.stack([rng.uniform(a, b, jobs) for a, b in _RANGE], axis=1) * _MINUTE
    durations = base[:, :, None] / np.array(_SPEED)[None]
    work = base[:, :5].sum(axis=1)
    arrival = np.where(rng.random(jobs) < 0.5, 0.0, rng.uniform(0.0, intake, jobs))
    arrival = np.sort(np.round(arrival, 3))
    # total work content rule: a job is allowed a multiple of its own work (Baker 1984)
    due = arrival + work * rng.uniform(1.8, 4.5, jobs)
    chances = np.zeros((jobs, 5, 3))
    for step, each in _CHANCES.items():
        chances[:, step] = each
    fixture = np.round(rng.uniform(2, 8, (families, families)) * _MINUTE)
    np.fill_diagonal(fixture, 0.0)
    return Line(
        jobs=tuple(f"tray {i + 1}" for i in range(jobs)),
        resources=_STATIONS,
        operations=_STEPS,
        durations=np.ascontiguousarray(durations),
        spread=0.15,
        inspects=np.array([False, True, False, True, False]),
        chances=chances,
        family=rng.integers(0, families, jobs),
        setup=np.repeat(fixture[None], m, axis=0),
        arrival=arrival,
        release=arrival.copy(),
        due=due,
        penalty=rng.choice([20.0, 40.0, 120.0], jobs, p=[0.5, 0.35, 0.15]) / 3600,
        margin=rng.uniform(250.0, 900.0, jobs),
        scrap=rng.uniform(100.0, 300.0, jobs),
        holding=6.0 / 3600,
        busy=np.repeat(np.array(_BUSY)[None], 6, axis=0),
        idle=np.array(_IDLE),
        cap=np.inf,
        tariff=tariff,
        windows=np.zeros((0, 5)),
        uptime=np.full(m, 16 * 3600.0),
        repair=np.full(m, 25 * _MINUTE),
        slow=0.3,
        slow_speed=0.6,
        length=SHIFT,
    )


def disruptions(line: Line, rng: np.random.Generator, mean: float = 3.0) -> list[Disruption]:
    """What goes wrong in a shift: 1 + Poisson(mean - 1) events, kinds equally likely, by time."""
    found = []
    for _ in range(1 + int(rng.poisson(max(mean - 1, 0.0)))):
        kind = KINDS[int(rng.integers(len(KINDS)))]
        time = float(rng.uniform(0.05, 0.7) * line.length)
        job = int(rng.integers(len(line.jobs)))
        resource = int(rng.integers(len(line.resources)))
        guess = float(np.exp(0.3 * rng.standard_normal()))
        if kind == "late_material":
            later = np.nonzero(line.release > time)[0]
            job = int(rng.choice(later)) if len(later) else -1
            until = float(line.release[job] + rng.uniform(0.5, 2.5) * 3600) if job >= 0 else 0.0
            event = Disruption(time, kind, job, -1, until, until)
        elif kind in ("arm_failed", "arm_slow", "sensor_blackout"):
            hours = {
                "arm_failed": (0.7, 2.0),
                "arm_slow": (1.0, 3.0),
                "sensor_blackout": (0.2, 0.8),
            }
            length = float(rng.uniform(*hours[kind]) * 3600)
            if kind == "sensor_blackout":
                resource = int(rng.choice([2, 3]))
            speed = 0.5 if kind == "arm_slow" else 0.0
            event = Disruption(
                time, kind, -1, resource, time + length, time + length * guess, speed
            )
        elif kind == "tariff_spike":
            until = time + float(rng.uniform(1.0, 3.0) * 3600)
            event = Disruption(time, kind, -1, -1, until, until, float(rng.uniform(2.5, 6.0)))
        else:
            event = Disruption(time, kind, job)
        found.append(event)
    return sorted(found, key=lambda d: (d.time, d.kind))


def with_job(line: Line, like: int, arrival: float, name: str) -> Line:
    """The line with a rush order at its end: as job `like`, due soon, dear."""
    steps = line.durations[like, : line.steps]
    work = float(np.nanmin(steps, axis=1).sum())
    added: dict[str, Any] = {
        "arrival": arrival,
        "release": arrival,
        "due": arrival + 1.6 * work,
        "penalty": 180.0 / 3600,
    }
    changes: dict[str, Any] = {}
    each: Sequence[str] = (
        "durations", "chances", "family", "arrival", "release", "due", "penalty", "margin", "scrap",
    )  # fmt: skip
    for key in each:
        old = getattr(line, key)
        last = np.array([added[key]]) if key in added else old[like : like + 1]
        changes[key] = np.concatenate([old, last])
    return replace(line, jobs=(*line.jobs, name), **changes)
