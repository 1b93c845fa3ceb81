"""A cell of time only: trajectories take their duration, blades are where hands left them."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twincell.errors import MotionError, ProductionError, SafetyError
from twincell.geometry.pose import Pose
from twincell.inspection.anomaly import Anomaly, Verdict
from twincell.motion.trajectory import JointTrajectory
from twincell.production.journal import Journal
from twincell.production.messages import (
    AnomalyFound,
    Clamp,
    Done,
    Event,
    FinishScan,
    Grip,
    Inject,
    Journalled,
    Look,
    Move,
    Publish,
    RequestStop,
    SafetyHeard,
    Sighted,
    StartScan,
    Tick,
    Verdicts,
)
from twincell.production.orchestrator import Orchestrator
from twincell.production.targets import Targets, grasp_of
from twincell.production.triggers import Triggers
from twincell.production.whereabouts import Standstill, amiss
from twincell.safety.operator import Operator
from twincell.safety.reaction import Reaction
from twincell.safety.supervisor import Supervisor
from twincell.world.load import load_world
from twincell.world.model import World

STEP = 0.02
HANDLER_SPEED = 0.5


class PlainMotions:
    """Joint space is the tip's position: the first three joints are x, y, z."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.fail: Callable[[str, Pose | None], bool] = lambda mover, pose: False

    def forward(self, mover: str, q: np.ndarray) -> Pose:
        if mover == self.world.handler:
            return Pose.of(q[:3], (np.pi, 0.0, 0.0))
        return Pose.of((0.55, 0.0, 0.72))

    def _go(self, mover: str, a: np.ndarray, b: np.ndarray, speed: float) -> JointTrajectory:
        seconds = max(0.1, float(np.linalg.norm(b - a)) / speed)
        times = np.array([0.0, seconds])
        zero = np.zeros((2, len(a)))
        return JointTrajectory(
            tuple(f"{mover}{i}" for i in range(len(a))), times, np.stack([a, b]), zero
        )

    def to_joints(self, mover, q_from, q_to, others, carrying):
        if self.fail(mover, None):
            raise MotionError("no way")
        return self._go(mover, q_from, q_to, 1.5)

    def _joints(self, mover: str, pose: Pose) -> np.ndarray:
        q = np.zeros(len(self.world.arms[mover].home))
        q[:3] = pose.p
        return q

    def to_pose(self, mover, q_from, pose, others, carrying):
        if self.fail(mover, pose):
            raise MotionError("no way")
        return self._go(mover, q_from, self._joints(mover, pose), HANDLER_SPEED)

    def line(self, mover, q_from, pose, speed):
        if self.fail(mover, pose):
            raise MotionError("no line")
        return self._go(mover, q_from, self._joints(mover, pose), speed)

    def scan_pass(self, view):
        low, high = np.full(6, 0.3 + view), np.full(6, 0.3 + view)
        low[2], high[2] = 0.75, 0.85
        return self._go(self.world.inspection.arm, low, high, 0.025)


class FakeCell:
    """Lockstep of the orchestrator with the real supervisor and operator, and plain kinematics."""

    def __init__(
        self,
        world: World,
        cracks: dict[str, float] | None = None,
        period: float = STEP,
        kept: Path | None = None,
        **kwargs: Any,
    ) -> None:
        self.world = world
        self.period = period
        self.motions = PlainMotions(world)
        self.orchestrator = Orchestrator(world, self.motions, seed=1, **kwargs)
        # of an orchestrator that is killed after some of its commands, and started anew
        self.kept = Journal(kept) if kept is not None else None
        self.kills: set[int] = set()
        self.kill_after = ""
        self.count = 0
        self.scans: list[str] = []
        self.down = 0.0
        self.still = Standstill()
        self.closed = False
        self.triggers = Triggers(world.production.disruptions if kept is not None else (), 1)
        self.supervisor = Supervisor(world)
        self.operator = Operator(world)
        self.reaction = Reaction(world)
        self.targets = Targets(world, Pose.of((0.55, 0.0, 0.72)) @ Pose.at(world.fixture.place))
        self.cracks = cracks or {}
        self.now = 0.0
        self.q = {m: np.asarray(a.home, float) for m, a in world.arms.items()}
        self.moves: dict[str, tuple[Move, float]] = {}
        self.due: list[tuple[float, Event]] = []
        tray = world.rack_of("in_tray")
        self.place = {b: (tray, s.pocket) for b, s in self.orchestrator.state.blades.items()}
        self.hand: str | None = None
        self.clamped: str | None = None
        self.fallen: set[str] = set()
        self.grip_fails: dict[str, int] = {}
        self.person: list[tuple[float, float]] = []
        self.injects: list[tuple[float, Inject]] = []
        self.scan: str | None = None
        self.passes: list[tuple[str | None, int]] = []
        self.journal: list[Journalled] = []
        self.plans: list[Any] = []
        self.loads: list[str] = []
        self.phases: list[tuple[float, str]] = []
        self.state = self.supervisor.tick(0.0)

    # -- what the cell does ------------------------------------------------------------------

    def _send(self, event: Event) -> None:
        if self.now < self.down or getattr(event, "tag", "").startswith("orphan"):
            return
        for command in self.orchestrator.handle(event, self.now):
            self._do(command)
            self.count += 1
            kind = getattr(command, "kind", "")
            if self.count in self.kills or (kind and kind == self.kill_after):
                self.kill_after = ""
                self._kill()
                return

    def _kill(self) -> None:
        """What it has sent goes on, its answers reach nobody; a new one reads the journal."""
        assert self.kept is not None
        os.close(self.kept._file)
        self.kept = Journal(self.kept.path)
        entries = tuple(self.kept.replay())
        orphans = {
            m: replace(move, tag=f"orphan/{move.tag}") for m, (move, _) in self.moves.items()
        }
        self.moves = {m: (orphans[m], t) for m, (_, t) in self.moves.items()}
        self.due = []
        self.orchestrator = Orchestrator(self.world, self.motions, seed=1)
        self.orchestrator.take_up(entries, self.plans)
        self.triggers = Triggers(self.world.production.disruptions, 1)
        self.triggers.take_up(e.line for e in entries)
        self.still = Standstill()
        self.down = self.now + 0.7

    def sighted(self) -> Sighted:
        tip = self.motions.forward(self.world.handler, self.q[self.world.handler])
        grasp = grasp_of(self.world.part).inverse()
        fixture = self.targets.fixture() @ grasp
        poses = {}
        for part, place in self.place.items():
            stands = fixture if place == "fixture" else self.targets.places.get(place)
            poses[part] = tip @ grasp if place == "hand" else stands
        return Sighted({m: q.copy() for m, q in self.q.items()}, self.opening, poses)

    @property
    def opening(self) -> float:
        return 0.012 if self.hand is not None else 0.0 if self.closed else 0.078

    def _do(self, command: Any) -> None:
        if isinstance(command, Move):
            self.phases.append((self.now, command.tag.rsplit("/", 1)[0]))
            if self.state.mover(command.mover).category is not None:
                self.due.append((self.now, Done(command.tag, False, "stopped: refused")))
                return
            assert command.mover not in self.moves, f"{command.tag}: {command.mover} is moving"
            assert "/lower/" not in command.tag or not self.closed, "closed fingers hit the blade"
            start = command.trajectory.positions[0]
            np.testing.assert_allclose(start, self.q[command.mover], atol=0.02)
            self.moves[command.mover] = (command, 0.0)
        elif isinstance(command, Grip):
            self.due.append((self.now + 0.3, Done(command.tag, *self._grip(command))))
        elif isinstance(command, Clamp):
            self.due.append((self.now + 0.4, Done(command.tag, *self._clamp(command))))
        elif isinstance(command, Look):
            self.due.append((self.now, Done(command.tag, *self._look(command))))
        elif isinstance(command, StartScan):
            assert self.clamped == command.part
            self.scans.append(command.part)
            self.scan = command.part
            self.due.append((self.now, Done(command.tag, True)))
        elif isinstance(command, FinishScan):
            self.due.append((self.now + 0.1, Verdicts(command.tag, self._verdict(command.part))))
        elif isinstance(command, RequestStop):
            self.supervisor.request(command.request, self.now)
        elif isinstance(command, Publish):
            self.plans.append(command.plan)
        else:
            assert isinstance(command, Journalled)
            self.journal.append(command)
            self.triggers.hear(command)
            if self.kept is not None:
                self.kept.append(command)

    def _at(self, place: Any) -> bool:
        pose = self.targets.fixture() if place == "fixture" else self.targets.pocket(*place)
        return bool(np.linalg.norm(self.q[self.world.handler][:3] - pose.p) < 1e-3)

    def _grip(self, grip: Grip) -> tuple[bool, str]:
        self.closed = grip.close
        if grip.close and self.hand == grip.part:
            return True, ""
        if not grip.close:
            if self.hand is not None:
                spots = [
                    (r, i) for r, k in self.world.racks.items() for i in range(k.rows * k.columns)
                ]
                spot = next(s for s in ["fixture", *spots] if self._at(s))
                taken = {p for b, p in self.place.items() if b != self.hand}
                assert spot not in taken, f"{self.hand} set down on another blade at {spot}"
                if spot == "fixture":
                    self.loads.append(self.hand)
                self.place[self.hand] = spot
                self.hand = None
            return True, ""
        if self.grip_fails.get(grip.part, 0) > 0:
            self.grip_fails[grip.part] -= 1
            return False, "nothing held"
        assert self._at(self.place[grip.part]), f"hand not at {grip.part}"
        assert self.hand is None
        self.hand = grip.part
        self.place[grip.part] = "hand"
        return True, ""

    def _clamp(self, clamp: Clamp) -> tuple[bool, str]:
        assert self._at("fixture"), "the hand holds the blade while the clamp moves"
        assert self.hand == clamp.part
        self.clamped = clamp.part if clamp.close else None
        return True, ""

    def _look(self, look: Look) -> tuple[bool, str]:
        pose = self.sighted().blades[look.part]
        if look.part in self.fallen and self.place[look.part] != "fixture":
            pose = pose @ Pose.of((0.02, 0.0, 0.0), (0.0, np.pi / 2, 0.0))
        wrong = amiss(pose, look.pose)
        return not wrong, wrong

    def _verdict(self, part: str) -> Verdict:
        assert len({v for p, v in self.passes if p == part}) == len(self.world.inspection.views)
        length = self.cracks.get(part, 0.0)
        limits = self.world.inspection.criteria
        decision = "accept" if length < limits.report else "rework"
        if length >= limits.reject:
            decision = "reject"
        found = (self.anomaly(part, length, "major"),) if length else ()
        return Verdict(part, decision, found, 1.0, 1e-5)

    def anomaly(self, part: str, length: float, severity: str) -> Anomaly:
        zero = np.zeros(3)
        return Anomaly(
            f"{part}-1", part, "crack", severity, 0.9, length, 2e-4, 5e-4,
            zero, zero, np.zeros((1, 3)), self.now, self.now,
        )  # fmt: skip

    def step(self) -> None:
        self.now = round(self.now + self.period, 6)
        for lidar in self.supervisor.sources:
            self.supervisor.heard(lidar, self.now)
        inside = any(a <= self.now < b for a, b in self.person)
        self.supervisor.cause("person_in_zone", inside, self.now, "a person")
        self.state = self.supervisor.tick(self.now)
        if self.operator.update(self.state, self.now):
            try:
                self.supervisor.reset(self.now)
            except SafetyError:
                assert self.state.persisting
            self.state = self.supervisor.tick(self.now)
        self._advance()
        self._send(SafetyHeard(self.state))
        self._send(Tick({m: q.copy() for m, q in self.q.items()}, 300.0 * self.now))
        if self.orchestrator.awaits_sight and self.still.update(self.now, self.q, self.opening):
            self._send(self.sighted())
        if self.now >= self.down:
            for inject in self.triggers.due(self.now):
                with suppress(ProductionError):  # refused; the journal's line comes later
                    self._send(inject)
        for at, inject in [i for i in self.injects if i[0] <= self.now]:
            self.injects.remove((at, inject))
            self._send(inject)
        ready = [d for d in self.due if d[0] <= self.now]
        self.due = [d for d in self.due if d[0] > self.now]
        for _, event in ready:
            self._send(event)

    def _advance(self) -> None:
        for mover, (move, t) in list(self.moves.items()):
            entry = self.state.mover(mover)
            if entry.category is not None:
                del self.moves[mover]
                self.due.append((self.now, Done(move.tag, False, "stopped by person_in_zone")))
                continue
            t += self.period * entry.speed_scale
            self.q[mover] = move.trajectory.sample(t)[0]
            passing = "/pass-" in move.tag and move.trajectory.duration > 3.0
            if passing and t > 2.0:
                self._shine(move)
            if t >= move.trajectory.duration:
                del self.moves[mover]
                self.due.append((self.now, Done(move.tag, True)))
                if passing:
                    self.passes.append((self.scan, int(move.tag.split("/pass-")[1].split("/")[0])))
            else:
                self.moves[mover] = (move, t)
        # the two arms share the space at the fixture
        away = {
            m: np.max(np.abs(self.q[m] - np.asarray(self.world.arms[m].home))) > 0.06
            for m in (self.world.handler, self.world.inspection.arm)
        }
        near = np.linalg.norm(self.q[self.world.handler][:2] - self.targets.fixture().p[:2]) < 0.05
        assert not (all(away.values()) and near), "both arms at the fixture"

    def _shine(self, move: Move) -> None:
        part = self.scan or ""
        length = self.cracks.get(part, 0.0)
        if length >= self.world.inspection.criteria.critical:
            found = self.anomaly(part, length, "critical")
            asked = self.reaction.request(
                found.id, part, found.severity, length, found.light, self.now
            )
            if asked is not None:
                self.supervisor.request(asked, self.now)
            self._send(AnomalyFound(found))

    def run(self, limit: float = 600.0) -> dict[str, Any]:
        while not self.orchestrator.finished:
            self.step()
            assert self.now < limit, f"hangs: {self.orchestrator.executor._runs}"
        return self.orchestrator.summary()


@pytest.fixture(scope="session")
def whole_world() -> World:
    return load_world("blade_cell")


@pytest.fixture(scope="session")
def small_world(whole_world: World) -> World:
    """Two blades, two orders: short enough for many runs."""
    names = ("blade_1", "blade_4")
    blades = {n: whole_world.blades[n] for n in names}
    orders = {
        "order_a": replace(whole_world.production.orders["order_a"], parts=names[:1]),
        "order_b": replace(whole_world.production.orders["order_b"], parts=names[1:]),
    }
    production = replace(whole_world.production, orders=orders)
    return replace(whole_world, blades=blades, production=production)


@pytest.fixture(scope="session")
def fake_cell() -> type[FakeCell]:
    return FakeCell
