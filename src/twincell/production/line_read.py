"""The arrays of a line from its file."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from twincell.production.line import Line
from twincell.production.tariff import Tariff
from twincell.world.line import Chances, LineFile, Setup, Station, Step, power_of

__all__ = ["line_of"]

F64 = NDArray[np.float64]
_HOUR = 3600.0


def _times(step: Step, stations: tuple[str, ...]) -> F64:
    """Mean time of a step on each station, NaN without the skill, shape (m,) [s]."""
    return np.array([step.on.get(name, np.nan) for name in stations])


def _power(step: Step, stations: Mapping[str, Station]) -> F64:
    """Of a step on each station, 0 without the skill, shape (m,) [W]."""
    rows = [power_of(step, name, s) if name in step.on else 0.0 for name, s in stations.items()]
    return np.array(rows)


def _matrix(setup: Setup, families: tuple[str, ...]) -> F64:
    """From family to family, shape (f, f) [s]."""
    return np.array([[setup.get(a, {}).get(b, 0.0) for b in families] for a in families])


def line_of(file: LineFile) -> Line:
    """The line that a file describes; a job is a tray, named `ORDER/NUMBER`.

    Where nothing is sent to rework, that step is the last of the route, and nobody takes it.

    Args:
        file: checked, as `world.load.load_line` gives it.

    Raises:
        ProductionError: it cannot be a line.
    """
    stations, families = tuple(file.stations), tuple(file.families)
    steps = list(file.steps.values())
    rework = file.rework or steps[-1]
    orders = [order for order in file.orders.values() for _ in range(order.trays)]
    factor = np.array([file.families[o.family].factor for o in orders])
    times = np.stack([_times(step, stations) for step in [*steps, rework]])
    looks = [step.inspects or Chances() for step in steps]
    chances = np.array([[look.rework, look.reject, look.again] for look in looks])
    inspects = np.array([s.inspects is not None for s in steps])
    windows = [
        [r, w.start, w.end, w.speed, 0.0]
        for r, station in enumerate(file.stations.values())
        for w in station.calendar
    ]
    arrival = np.array([o.arrives for o in orders])
    material = [o.arrives if o.material is None else o.material for o in orders]
    up = [np.inf if s.uptime is None else s.uptime for s in file.stations.values()]
    setups = [
        _matrix(file.setup if s.setup is None else s.setup, families)
        for s in file.stations.values()
    ]
    return Line(
        jobs=tuple(
            f"{name}/{i + 1}" for name, order in file.orders.items() for i in range(order.trays)
        ),
        resources=stations,
        operations=tuple(file.steps),
        durations=np.ascontiguousarray(factor[:, None, None] * times[None]),
        spread=file.spread,
        inspects=inspects,
        chances=np.repeat(chances[None], len(orders), axis=0),
        family=np.array([families.index(o.family) for o in orders], np.int64),
        setup=np.stack(setups),
        arrival=arrival,
        release=np.array(material),
        due=np.array([o.due for o in orders]),
        penalty=np.array([o.penalty for o in orders]) / _HOUR,
        margin=np.array([o.margin for o in orders]),
        scrap=np.array([o.scrap for o in orders]),
        holding=file.holding / _HOUR,
        busy=np.stack([_power(step, file.stations) for step in [*steps, rework]]),
        idle=np.array([s.idle for s in file.stations.values()]),
        cap=np.inf if file.cap is None else file.cap,
        tariff=Tariff.of(file.tariff),
        windows=np.array(windows, float).reshape(-1, 5),
        uptime=np.array(up),
        repair=np.array([s.repair for s in file.stations.values()]),
        slow=file.slow,
        slow_speed=file.slow_speed,
        length=file.length,
    )
