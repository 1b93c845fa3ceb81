"""Stop requests by the hundred thousand in one process: none missed, none spurious, how fast.

Supervisor and trajectory controllers as the cell has them; arms move all the time. Each round asks
for a stop by chance (function, category, cause, scope), sometimes several at once, repeated, or
senseless. The oracle is a table written anew here: the rule's category or a stricter one, the
rule's scope or the cell. Checked for each mover: in scope it stops and stands within its limits,
out of scope it goes on, before any request nothing stops. The peer is the mere function call of
as many controllers.
"""

from __future__ import annotations

import sys
import time

import numpy as np
from figures import figure, report

from twincell.assets import world_path
from twincell.errors import SafetyError
from twincell.geometry.description import describe
from twincell.motion.controller import TrajectoryController
from twincell.motion.limits import JointLimits
from twincell.motion.trajectory import JointTrajectory
from twincell.safety.supervisor import Supervisor
from twincell.safety.types import CELL, Function, StopRequest
from twincell.world.load import load_world

_DT = 1 / 240


def main(requests: int = 100_000, seed: int = 1) -> None:
    """Inject, check, report."""
    path = world_path("blade_cell")
    world = load_world(path)
    arms = {}
    for name, arm in world.arms.items():
        description = describe(name, arm, path.parent)
        limits = JointLimits.of(description, arm)
        arms[name] = TrajectoryController(name, description.joints, limits, arm.home)
    supervisor = Supervisor(world)
    rng = np.random.default_rng(seed)
    rules = world.safety.rules
    now, sent, missed, spurious, beyond, refused, accepted = 0.0, 0, 0, 0, 0, 0, 0
    spent: list[float] = []
    computing: list[float] = []
    while sent < requests:
        for name in world.lidars():
            supervisor.heard(name, now)
        state = supervisor.tick(now)
        for name, arm in arms.items():
            if state.mover(name).category is not None or arm.stopped:
                spurious += 1
            if not arm.active:
                arm.accept(_swing(arm, world.arms[name].home, rng), now)
        for _ in range(int(rng.integers(2, 30))):
            now += _DT
            for arm in arms.values():
                arm.update(now, _DT, arm.command[0])
        busy = {name for name, arm in arms.items() if arm.active}
        batch = [_draw(rng, rules, list(arms), now, sent + i) for i in range(rng.integers(1, 4))]
        if rng.random() < 0.2:
            batch.append(batch[0])  # heard twice
        expected: dict[str, int] = {}
        before, computed = time.perf_counter(), time.thread_time()
        for request in batch:
            try:
                state = supervisor.request(request, now)
            except SafetyError:
                refused += 1
                continue
            for name, arm in arms.items():
                category = state.mover(name).category
                if category is not None:
                    arm.stop(category, now)
        spent.append((time.perf_counter() - before) / len(batch))
        computing.append((time.thread_time() - computed) / len(batch))
        sent += len(batch)
        for request in batch:
            rule = rules.get(request.cause)
            if rule is None or not np.isfinite(request.stamp) or request.category not in (0, 1, 2):
                continue
            accepted += 1
            scope = request.scope if request.scope == rule.scope else CELL
            for name in arms if scope == CELL else [scope]:
                strict = min(request.category, rule.category)
                expected[name] = min(strict, expected.get(name, 2))
        state = supervisor.tick(now)
        for name, arm in arms.items():
            entry = state.mover(name).category
            missed += name in expected and (not arm.stopped or entry != expected[name])
            goes_on = entry is None and not arm.stopped and (arm.active or name not in busy)
            spurious += name not in expected and not goes_on
        standing: set[str] = set()
        while expected and standing != set(expected):
            now += _DT
            for name in expected:
                _, v = arms[name].update(now, _DT, arms[name].command[0])
                beyond += bool((np.abs(v) > 1.001 * arms[name].limits.velocity).any())
                if arms[name].take_standstill() is not None:
                    standing.add(name)
            if now - batch[0].requested > 5.0:
                missed += len(set(expected) - standing)
                break
        if not expected:
            continue
        moved = {name: arms[name].command[0] for name in expected}
        for _ in range(5):
            for name in expected:
                q, _ = arms[name].update(now, _DT, arms[name].command[0])
                missed += bool(np.abs(q - moved[name]).max() > 1e-9)  # moves after its stop
        for name in world.lidars():
            supervisor.heard(name, now)
        supervisor.reset(now)
        for arm in arms.values():
            if arm.stopped and not arm.release():
                raise SystemExit(f"{arm.name} stands and cannot be released")
    p50, p99, p999 = (1e3 * float(np.quantile(spent, q)) for q in (0.5, 0.99, 0.999))
    print(
        f"{sent} requests, {accepted} in force, {refused} senseless and refused: {missed} missed, "
        f"{spurious} spurious, {beyond} commands beyond a speed limit"
    )
    call = _calls(list(arms.values()))
    report(
        "stops",
        [
            figure("requests that were missed", missed, "count", "", None, 0),
            figure("stops that nobody asked for", spurious, "count", "", None, 0),
            figure("request to accepted by controllers, median", p50, "ms",
                   "bare calls of the controllers", 1e3 * call, 0.5),
            figure("request to accepted, 99 %", p99, "ms", "", None, 0.5),
            figure("request to accepted, 99.9 %", p999, "ms", "", None, 0.5),
            figure("the same, its own computing, 99 %", 1e3 * float(np.quantile(computing, 0.99)),
                   "ms", "", None, 0.5),
        ],
    )  # fmt: skip
    if missed or spurious:
        sys.exit(1)


def _draw(rng, rules, movers, now, number) -> StopRequest:
    """One request; one in ten makes no sense."""
    cause = str(rng.choice(list(rules)))
    category, stamp = int(rng.integers(0, 3)), now - float(rng.random()) * 0.02
    fault = rng.random()
    if fault < 0.03:
        cause = "earthquake"
    elif fault < 0.06:
        stamp = float("nan")
    elif fault < 0.10:
        category = 7
    return StopRequest(
        id=f"r{number}",
        function=Function(int(rng.integers(1, 4))),
        category=category,
        cause=cause,
        scope=str(rng.choice([CELL, *movers])),
        evidence="injected",
        stamp=stamp,
        requested=now,
    )


def _swing(arm: TrajectoryController, home, rng) -> JointTrajectory:
    """From where the arm is, there and back, slowly enough for any limit."""
    q, _ = arm.command
    times = np.linspace(0.0, 6.0, 25)
    reach = 0.25 * rng.uniform(-1, 1, len(q)) + 0.2 * (np.asarray(home) - q)
    wave = (1 - np.cos(np.pi * times / 6.0)) / 2
    rate = np.pi / 12.0 * np.sin(np.pi * times / 6.0)
    return JointTrajectory(arm.joints, times, q + wave[:, None] * reach, rate[:, None] * reach)


def _calls(arms: list[TrajectoryController]) -> float:
    """Time of stop calls alone, controllers that are stopped already [s]."""
    for arm in arms:
        arm.stop(2, 0.0)
    start = time.perf_counter()
    for _ in range(2000):
        for arm in arms:
            arm.stop(2, 0.0)
    return (time.perf_counter() - start) / 2000


if __name__ == "__main__":
    main(*(int(a) for a in sys.argv[1:]))
