"""A made-up shift that tests of the report and of the command line share."""

from __future__ import annotations

import hypothesis
import numpy as np
import pytest

from twincell.cell.extras import DeviationMap, Extras
from twincell.cell.result import FlawTruth, OrderResult, RunResult, Stop
from twincell.cell.score import blade_result
from twincell.inspection.anomaly import Anomaly, Verdict
from twincell.production.messages import Journalled, Plan, PlannedTask
from twincell.safety.types import Function, StopReport, StopRequest
from twincell.world.work import Criteria

pytest_plugins = ["tests.shipped"]

# on a busy machine an example may take any time
hypothesis.settings.register_profile("busy", deadline=None)
hypothesis.settings.load_profile("busy")

SPAN = (0.030, 0.110)


def camber(x):
    return 0.006 - 8.0 * x**2


def anomaly(name, length, center, severity="major", direction=(1.0, 0.0, 0.3)):
    run = np.array(direction) / np.linalg.norm(direction)
    return Anomaly(
        f"{name}-1", name, "crack", severity, 0.97, length, 2.1e-4, 5.5e-4, np.array(center), run,
        np.array([center, center]), 21.0, 21.034,
    )  # fmt: skip


def flaw(length, center, side, direction=(1.0, 0.0, 0.3)):
    run = np.array(direction) / np.linalg.norm(direction)
    path = [tuple(np.array(center) + s * run) for s in np.linspace(-length / 2, length / 2, 9)]
    return FlawTruth(length, 2e-4, 6e-4, side, tuple(path))


def surface(flaws, rng):
    x, z = np.meshgrid(np.linspace(-0.019, 0.019, 150), np.linspace(*SPAN, 320))
    points, deviation, suction = [], [], []
    for side, sign in (("suction", 1), ("pressure", -1)):
        grid = np.stack([x, camber(x) + sign * 0.002, z], axis=-1).reshape(-1, 3)
        values = 6e-6 * rng.standard_normal(len(grid)) + 1.5e-5 * np.sin(90 * grid[:, 2])
        for cut in flaws:
            if cut.side == side:
                path = np.array(cut.path)[:, [0, 2]]
                near = np.linalg.norm(grid[:, None, [0, 2]] - path, axis=2).min(axis=1) < 4e-4
                values[near] -= 3e-4
        points.append(grid)
        deviation.append(values)
        suction.append(np.full(len(grid), sign > 0))
    return DeviationMap(np.concatenate(points), np.concatenate(deviation), np.concatenate(suction))


def task(blade, kind, resource, start, end, status="done"):
    return PlannedTask(f"{blade}/{kind}", blade, kind, resource, start, end, status, "")


def shift(blades, delays):
    tasks, now = [], 0.0
    for i, blade in enumerate(blades):
        now += delays.get(i, 0.0)
        tasks += [
            task(blade, "load", "handler", now, now + 6.2),
            task(blade, "inspect", "inspector", now + 6.4, now + 16.8),
            task(blade, "unload", "handler", now + 17.0, now + 22.5),
        ]
        now += 23.0
    return tuple(tasks)


def stop(key, cause, function, mover, at):
    request = StopRequest(key, function, 2, cause, mover, "seen", at - 0.12, at)
    report = StopReport(mover, key, cause, 2, at, at + 0.004, at + 0.008, at + 0.19, 0.041)
    return Stop(request, report)


@pytest.fixture(scope="session")
def made_up():
    """A shift with six blades, a false call, a miss, two stops, three plans, and pictures."""
    rng = np.random.default_rng(1)
    names = [f"blade_{i}" for i in range(1, 7)]
    center = {"suction": (0.002, float(camber(0.002)) + 0.002, 0.07)}
    center["pressure"] = (-0.004, float(camber(-0.004)) - 0.002, 0.055)
    flaws = {
        "blade_2": (flaw(0.0025, center["suction"], "suction"),),
        "blade_4": (flaw(0.009, center["suction"], "suction"),),
        "blade_6": (flaw(0.005, center["pressure"], "pressure", (0.2, 0.0, 1.0)),),
    }
    told = {
        "blade_3": (anomaly("blade_3", 0.0013, (0.01, float(camber(0.01)) + 0.002, 0.09)),),
        "blade_4": (anomaly("blade_4", 0.0088, center["suction"], "critical"),),
        "blade_6": (anomaly("blade_6", 0.0048, center["pressure"], direction=(0.2, 0.0, 1.0)),),
    }
    decided = dict.fromkeys(names, "accept") | {"blade_4": "reject", "blade_6": "reject"}
    blades = tuple(
        blade_result(
            name,
            Verdict(name, decided[name], told.get(name, ()), 0.94, 6.1e-6),
            flaws.get(name, ()),
            Criteria(),
        )
        for name in names
    )
    stops = (
        stop("r-1", "person_in_zone", Function.PROTECTIVE, "handler", 46.3),
        stop("r-1", "person_in_zone", Function.PROTECTIVE, "inspector", 46.3),
        stop("r-2", "critical_anomaly", Function.PROCESS, "inspector", 88.9),
    )
    first, real = shift(names, {}), shift(names, {2: 7.0, 4: 3.0})
    plans = tuple(
        Plan(f"plan-{i}", i, at, reason, first, 138.0 + 5 * i, 2.0 * i, 0.0012, text)
        for i, (at, reason, text) in enumerate(
            (
                (0.0, "start of the shift", "6 blades in the order of their due times"),
                (30.0, "rush order: order_b now due at 80 s", "blade_4 goes before blade_3"),
                (89.1, "critical crack on blade_4", "blade_4 goes to reject, inspection cut short"),
            )
        )
    )
    t = np.arange(0, 150, 0.1)
    busy = np.interp(t % 23, [0, 6, 7, 17, 18, 23], [420, 500, 330, 360, 470, 410])
    power = np.stack([t, busy + 25 * rng.standard_normal(len(t))], axis=1)
    gradient = np.linspace(60, 220, 960 * 540 * 3).reshape(540, 960, 3).astype(np.uint8)
    return RunResult(
        world="blade_cell", seed=7, hash="5e1f" * 16, duration=149.0, wall=21.7, blades=blades,
        stops=stops, plans=plans, tasks=real, energy=61_400.0, energy_cost=0.0017,
        orders=(
            OrderResult("order_a", 75.0, 78.5, 3.5, ("blade_1", "blade_2", "blade_3")),
            OrderResult("order_b", 150.0, 148.0, 0.0, ("blade_4", "blade_5", "blade_6")),
        ),
        events=(Journalled(30.0, "rush_order", "order_b", {"due": 80.0}),),
        extras=Extras(
            power=power,
            tariff=((0.0, 82.0), (60.0, 140.0), (120.0, 95.0)),
            maps={n: surface(flaws.get(n, ()), rng) for n in ("blade_4", "blade_6")},
            picture=gradient,
            files=("out/demo/cell.mcap", "out/demo/rates.json"),
        ),
    )  # fmt: skip
