"""From the light on a crack to the first deceleration: where the time goes, message size by size.

Blades with a critical crack are cut anew and scanned again and again, each pass with its lines at
another place. Profiler, detector, supervisor and controller are those of the cell, in one process;
what each computes is timed. Waits follow from the clock of the cell: a message is full with its
last line, the sensor measures when it hears body states as new as that line, the detector takes
messages one after the other, and the arm slows down by the end of the next physics step. Transport
between processes is not in it: `make bench-reaction` measures that. The peer is a detector that
waits for the whole pass.

    make bench-light                    # 10 blades, 10 passes over each
    make bench-light ARGS="30 10"
"""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from figures import figure, report

from twincell.assets import world_path
from twincell.geometry.blade import BladeModel, blade_model
from twincell.geometry.bodies import Body
from twincell.geometry.catalogue import blades_of
from twincell.geometry.description import describe
from twincell.inspection.anomaly import Anomaly
from twincell.inspection.detector import CrackDetector
from twincell.motion.controller import TrajectoryController
from twincell.motion.limits import JointLimits
from twincell.motion.trajectory import JointTrajectory
from twincell.safety.reaction import Reaction
from twincell.safety.supervisor import Supervisor
from twincell.sensing.profiler import lines
from twincell.sensing.scene import Scene
from twincell.sensing.types import Profiles
from twincell.study.passes import passes
from twincell.world.load import load_world
from twincell.world.model import World

STAGES = ("message full", "bodies heard", "lines cast", "detected", "decided", "slower")
"""Ends of the stages, the first of which begins with the light."""
RUN_UP = 45
"""Lines before the crack's first, so that the detector knows its neighbourhood."""


@dataclass(frozen=True)
class Way:
    """How lines get to the detector.

    Attributes:
        batch: lines a message; None for those that a body state makes known.
        bodies: body and joint states a second [Hz].
        physics: steps of the Bullet world a second [Hz].
    """

    batch: int | None
    bodies: float
    physics: float

    @property
    def name(self) -> str:
        """In words."""
        lines = "lines as known" if self.batch is None else f"{self.batch} lines"
        return f"{lines}, {self.bodies:.0f} of {self.physics:.0f} Hz"

    def messages(self, stamps: np.ndarray) -> Iterator[tuple[slice, float]]:
        """The lines of each message, and the body state after which they can be cast [s]."""
        known = np.ceil(stamps * self.bodies - 1e-9) / self.bodies
        if self.batch is None:
            first = np.flatnonzero(np.diff(known, prepend=-1.0) > 1e-9)
        else:
            first = np.arange(0, len(stamps), self.batch)
        for begin, end in pairwise([*first.tolist(), len(stamps)]):
            yield slice(begin, end), float(known[end - 1])


@dataclass(frozen=True)
class Chain:
    """One reaction: ends of the stages, shape (6,), and the light it rests on [s]."""

    ends: np.ndarray
    light: float


class Arm:
    """The inspector's controller and the supervisor before it."""

    def __init__(self, world: World, base) -> None:
        arm = world.arms[world.inspection.arm]
        description = describe(world.inspection.arm, arm, base)
        limits = JointLimits.of(description, arm)
        self._controller = TrajectoryController(
            world.inspection.arm, description.joints, limits, arm.home
        )
        self._world, self._home = world, np.asarray(arm.home, float)
        self.dt = 1.0 / world.physics_rate

    def stop(self, found: Anomaly, now: float) -> tuple[float, float]:
        """Decide and stop a moving arm; computing time [s] and simulated time until slower [s]."""
        controller, reaction = self._controller, Reaction(self._world)
        supervisor = Supervisor(self._world)
        for name in supervisor.sources:
            supervisor.heard(name, now)
        times = np.linspace(0.0, 4.0, 41)
        way = np.zeros((41, len(self._home)))
        way[:, 0] = 0.1 * (1 - np.cos(np.pi * times / 2.0))
        rate = np.zeros_like(way)
        rate[:, 0] = 0.05 * np.pi * np.sin(np.pi * times / 2.0)
        q, _ = controller.command
        sign = -1.0 if q[0] > self._home[0] else 1.0  # stop after stop it stays in its range
        swing = JointTrajectory(controller.joints, times, q + sign * way, sign * rate)
        controller.accept(swing, now)
        for _ in range(int(1.0 / self.dt)):  # the fastest place of the swing
            controller.update(now, self.dt)
            now += self.dt
        start = time.thread_time()
        asked = reaction.request(
            found.id, found.part, found.severity, found.length, found.light, now
        )
        if asked is None:
            raise SystemExit("a critical crack led to no request")
        state = supervisor.request(asked, now)
        category = state.mover(controller.name).category
        if category is None:
            raise SystemExit("a critical crack did not stop the inspector")
        controller.stop(category, now)
        spent = time.thread_time() - start
        while (rest := controller.take_standstill()) is None:
            controller.update(now, self.dt)
            now += self.dt
        controller.release()
        return spent, rest.first_deceleration - rest.accepted


def one_pass(
    way: Way, arm: Arm, view, scene: Scene, detector: CrackDetector, spec, rng, cast: Profiles
) -> Chain | None:
    """Lines of `cast` by messages, until a crack is called critical; None where none is.

    Args:
        way: how lines travel.
        arm: that is stopped, of as many physics steps a second.
        view: the pass; its last lines are those of `cast`.
        scene: cast into once more, to time it.
        detector: is started anew.
        spec: of the profiler.
        rng: of the noise of what is cast once more.
        cast: the lines.
    """
    placement = scene.place({"part": view.part})
    detector.start("part", 0.0)
    skipped = len(view.sensors) - len(cast.stamps)
    busy_sensor = busy_detector = 0.0
    for some, heard in way.messages(cast.stamps):
        where = slice(some.start + skipped, some.stop + skipped)
        full = float(cast.stamps[some][-1])
        begin = time.thread_time()
        lines(scene, spec, view.sensors[where], placement, cast.stamps[some], rng)
        busy_sensor = max(heard, busy_sensor) + time.thread_time() - begin
        message = Profiles(cast.stamps[some], cast.points[some], cast.intensity[some])
        begin = time.thread_time()
        found = detector.push(message, view.in_part[where], full)
        busy_detector = max(busy_sensor, busy_detector) + time.thread_time() - begin
        grave = [a for a in found if a.severity == "critical"]
        if not grave:
            continue
        spent, slower = arm.stop(grave[0], full)
        decided = busy_detector + spent
        # accepted between two steps; the next one begins as the last is over
        step = math.ceil(decided / arm.dt - 1e-9) * arm.dt + slower
        ends = (full, heard, busy_sensor, busy_detector, decided, step)
        return Chain(np.array(ends), grave[0].light)
    return None


def main(blades: int = 10, times: int = 10) -> None:
    """Measure and report."""
    path = world_path("blade_cell")
    world = load_world(path)
    model: BladeModel = blade_model(world.part, path.parent)
    spec = world.profilers()[world.inspection.profiler]
    detector = CrackDetector(model, world.inspection, spec)
    state, physics = world.state_rate, world.physics_rate
    ways = [Way(None, state, physics), Way(10, 80.0, physics), Way(4, 80.0, physics)]
    ways += [Way(2, state, physics), Way(1, state, physics)]
    ways += [Way(None, physics, physics), Way(None, 2 * physics, 2 * physics)]
    arms = {
        rate: Arm(replace(world, physics_rate=rate), path.parent)
        for rate in sorted({way.physics for way in ways})
    }
    rows: dict[Way, list[np.ndarray]] = {way: [] for way in ways}
    whole: list[float] = []
    silent = 0
    for seed in range(blades):
        blade = blades_of(world, seed, path.parent)["blade_4"]
        body = Body("part", blade.mesh, world.part.material, None, True)
        scene = Scene([body])
        low = min(float(f.path[:, 2].min()) for f in blade.flaws)
        for k in range(times):
            rng = np.random.default_rng([seed, k])
            view = passes(world, model, float(rng.random()))[0]
            heights = np.array([s.p[2] for s in view.in_part])
            first = max(int(np.searchsorted(heights, low)) - RUN_UP, 0)
            stamps = float(rng.random()) / state  # lines have a clock of their own
            stamps = stamps + np.arange(1, len(heights) - first + 1) / spec.rate
            placement = scene.place({"part": view.part})
            cast = lines(scene, spec, view.sensors[first:], placement, stamps, rng)
            given = (view, scene, detector, spec, rng, cast)
            if seed == k == 0:
                one_pass(ways[0], arms[physics], *given)  # first calls take their time
            chains = {way: one_pass(way, arms[way.physics], *given) for way in ways}
            if None in chains.values():
                silent += 1
                continue
            # the line that makes the crack critical is the one after which it is called so
            light = min(chain.light for chain in chains.values())
            for way, chain in chains.items():
                rows[way].append(1e3 * (chain.ends - light))
            whole.append(1e3 * (float(stamps[-1]) - light))
        print(f"{seed + 1} of {blades} blades", flush=True)
    _table(rows, silent)
    now = np.array(rows[ways[0]])[:, -1]
    best = min(ways[1:], key=lambda w: float(np.percentile(np.array(rows[w])[:, -1], 99)))
    then = np.array(rows[best])[:, -1]
    late = float(np.median(whole))
    report(
        "light",
        [
            figure(f"light to first deceleration, {what}, {q} %", float(np.percentile(x, q)),
                   "ms", "wait for the whole pass", late, bar)
            for what, x in ((ways[0].name, now), (best.name, then))
            for q, bar in ((50, 8.0), (99, 20.0))
        ],
    )  # fmt: skip


def _table(rows: dict[Way, list[np.ndarray]], silent: int) -> None:
    """Stage by stage; each stage beside the one before it."""
    count = len(next(iter(rows.values())))
    print(
        f"{count} passes each way; {silent} more without a call while lines arrived; "
        f"load {os.getloadavg()[0]:.1f}, computing is CPU time"
    )
    print(f"{'median of a stage [ms]':27} " + " ".join(f"{s:>13}" for s in STAGES), end="")
    print(f" {'p50':>7} {'p90':>7} {'p99':>7} {'most':>7}")
    for way, chains in rows.items():
        ends = np.array(chains)
        stages = np.diff(ends, axis=1, prepend=0.0)
        print(f"{way.name:27} " + " ".join(f"{x:13.2f}" for x in np.median(stages, axis=0)), end="")
        cuts = np.percentile(ends[:, -1], [50, 90, 99, 100])
        print(" " + " ".join(f"{c:7.1f}" for c in cuts))


if __name__ == "__main__":
    main(*(int(a) for a in sys.argv[1:]))
