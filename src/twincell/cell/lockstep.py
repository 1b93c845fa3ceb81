"""The whole cell in one process, in lockstep: physics, sensors, detector, safety, orchestrator.

One call of `step` is one step of physics. Everything else happens at its own rate in simulation
time, in a fixed order, so that a world, a seed and a build give one run, to the bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from twincell.cell.active_goals import ActiveGoals
from twincell.cell.assembly import Assembly
from twincell.cell.drives import Drives
from twincell.cell.eyes import Eyes
from twincell.cell.guard import Answer, Guard
from twincell.cell.led import Lead, Led
from twincell.cell.rehearsal import Rehearsal
from twincell.cell.scanning import Scanning
from twincell.cell.shift import ShiftLog
from twincell.errors import InspectionError, ProductionError
from twincell.motion.motions import CellMotions
from twincell.physics.cell import PhysicsCell
from twincell.physics.collision import CollisionChecker
from twincell.production.journal import Entry
from twincell.production.messages import (
    AnomalyFound,
    Clamp,
    Command,
    Done,
    Event,
    FinishScan,
    Grip,
    Inject,
    Journalled,
    Look,
    Move,
    Publish,
    Rehearse,
    RequestStop,
    Sighted,
    StartScan,
    Steer,
    Tick,
    Verdicts,
)
from twincell.production.orchestrator import Orchestrator
from twincell.production.physical import blinded, intruded
from twincell.production.triggers import Triggers
from twincell.production.whereabouts import Standstill, amiss
from twincell.twin.cell_policies import CELL_POLICIES, CellPolicy
from twincell.twin.gate import TwinGate

__all__ = ["LockstepCell"]

Array = NDArray[np.float64]
Witness = Callable[[Event, Sequence[Command], float], None]

THINK = 0.02
"""Period of the orchestrator's ticks [s]."""


class LockstepCell:
    """Assembles every core and carries messages between them.

    Args:
        assembly: the world made concrete.
        lead: has policies lead arms; without it, what they would do is planned.
        witness: told every event, what was commanded upon it, and the time [s].
        policy: who decides the order of the blades (see `twin.cell_policies`); the twin's gate
            without.

    Attributes:
        log: plans, events, verdicts, stops.
        guard: decides about stops.
        scanning: the scan under way; maps of those that were.
        power: rows (time [s], power [W]), shape (n, 2).
    """

    def __init__(
        self,
        assembly: Assembly,
        lead: Lead | None = None,
        witness: Witness | None = None,
        policy: CellPolicy = CELL_POLICIES["ours"],
    ) -> None:
        world, seed = assembly.world, assembly.seed
        self._witness, self._policy = witness, policy
        self.assembly = assembly
        self.eyes = Eyes(assembly)
        self.physics = PhysicsCell(
            world, assembly.descriptions, assembly.model, seed, names=self.eyes.names
        )
        checker = CollisionChecker(world, assembly.descriptions, assembly.model)
        model = assembly.model
        motions = CellMotions(
            world, assembly.descriptions, checker.free, model.airfoil, model.grasp
        )
        self.drives = Drives(world, assembly.descriptions, self.physics)
        self._goals = ActiveGoals(self.drives, self.physics)
        self._rehearsal: Rehearsal | None = None
        self._led = Led(lead, self.drives, self.physics, checker, world.physics_rate)
        self.scanning = Scanning(assembly, self.eyes, self.physics, self._is_blind)
        self.log = ShiftLog()
        self.guard = Guard(assembly, self.eyes, self.drives, self.log, self._is_blind, self._hear)
        self._motions = motions
        self.orchestrator = self._orchestrate()
        self.power: list[tuple[float, float]] = []
        self._inbox: list[Event] = []
        self._triggers = Triggers(world.production.disruptions, seed)
        self._still = Standstill()
        self._blind: dict[str, float] = {}
        self._next_think = 0.0
        self._poses = self.physics.poses()
        self.eyes.see(0.0, self._poses)

    def _orchestrate(self) -> Orchestrator:
        assembly = self.assembly
        seed, grasp = assembly.seed, assembly.model.grasp
        twin = TwinGate.of(assembly.world, assembly.base, seed)
        gate = self._policy(twin)
        tries = gate is twin  # others change the line without having tried a way
        return Orchestrator(
            assembly.world, self._motions, seed, twin.means, grasp, gate, rehearse=tries
        )

    def restart(self, entries: Iterable[Entry]) -> None:
        """The orchestrator is killed, and a new one goes on from its journal.

        Motions that it had sent go on; their answers reach nobody.

        Args:
            entries: of the journal, in order.
        """
        kept = tuple(entries)
        self._inbox.clear()
        self._goals.forget()
        self.guard.forget()
        self.orchestrator = self._orchestrate()
        self.orchestrator.take_up(kept, self.log.plans)
        self._triggers = Triggers(self.assembly.world.production.disruptions, self.assembly.seed)
        self._triggers.take_up(entry.line for entry in kept)
        self._still = Standstill()

    # ---------------------------------------------------------------- what came of it

    @property
    def time(self) -> float:
        """Simulation time [s]."""
        return self.physics.time

    @property
    def finished(self) -> bool:
        """Whether the shift is over and the arms are home."""
        return self.orchestrator.finished

    # ---------------------------------------------------------------- from outside

    def inject(self, kind: str, subject: str, parameters: Mapping[str, float | str]) -> Answer:
        """Something happens between two steps, where the orchestrator does not refuse it."""
        event = Inject(kind, subject, dict(parameters))  # type: ignore[arg-type]  # any text
        begun = len(self.log.events)
        try:
            commands = self.orchestrator.handle(event, self.time)
        except ProductionError as error:
            return Answer(False, str(error))
        self._carry_out_all(event, commands, self.time)
        told = [e for e in self.log.events[begun:] if e.kind == "disruption"]
        return Answer(True, str(told[0].detail["text"]) if told else "")

    # ---------------------------------------------------------------- one step

    def step(self) -> None:
        """Advance by one step of physics."""
        t0 = self.time
        self.drives.watch(t0, t0)
        self._inbox += self._led.step(t0)
        self.drives.step(t0, self.physics.dt)
        self.physics.step()
        self._poses, now = self.physics.poses(), self.time
        self.eyes.see(now, self._poses)
        self._scan(t0, now)
        self.guard.watch(self._poses, now)
        self.guard.beat(now)
        self._answers(now)
        self._disrupt(now)
        self._think(now)

    def _scan(self, t0: float, now: float) -> None:
        """Safety hears of a critical crack before anybody else, and cuts the scan short."""
        for anomaly in self.scanning.profile(t0, now):
            self.log.anomaly(anomaly)
            if self.guard.found(anomaly, now):
                self.scanning.cut_short(anomaly.part)
            self._inbox.append(AnomalyFound(anomaly))
        self.scanning.photograph(self._poses, now)

    def _hear(self, event: Event) -> None:
        self._inbox.append(event)

    def _answers(self, now: float) -> None:
        """Commands that ended."""
        self.guard.stopped(self.drives.take_reports())
        self._inbox += self._goals.ended(now)

    def _disrupt(self, now: float) -> None:
        self._inbox += self._triggers.due(now)

    def _is_blind(self, sensor: str, now: float) -> bool:
        """Whether a sensor sees nothing at the moment."""
        return now < self._blind.get(sensor, 0.0)

    def _journal(self, line: Journalled, now: float) -> None:
        """Keep a line; what it tells befalls sensors and people, and may lead to more."""
        self.log.line(line)
        self._triggers.hear(line)
        if (blind := blinded(line)) is not None:
            self._blind[blind[0]] = blind[1]
        if (until := intruded(line)) is not None and until > now:
            self.physics.intrude(until)

    def _think(self, now: float) -> None:
        """The orchestrator hears everything at once, and time at its own rate."""
        events, self._inbox = self._inbox, []
        if now + 1e-9 >= self._next_think:
            self._next_think = now + THINK
            energy = sum(self.physics.energy().values())
            self.power.append((now, sum(self.physics.power().values())))
            events.append(Tick({m: self.physics.joints(m)[0] for m in self.drives.names}, energy))
        if self.orchestrator.awaits_sight:
            events += self._sight(now)
        for event in events:
            try:
                commands = self.orchestrator.handle(event, now)
            except ProductionError:
                if not isinstance(event, Inject):
                    raise
                continue  # refused; the journal's line comes with the next commands
            self._carry_out_all(event, commands, now)

    def _carry_out_all(self, event: Event, commands: Sequence[Command], now: float) -> None:
        if self._witness is not None:
            self._witness(event, commands, now)
        for command in commands:
            self._carry_out(command, now)

    def _sight(self, now: float) -> list[Event]:
        """What stands where, as soon as nothing moves: a new orchestrator asks for it."""
        joints = {mover: self.physics.joints(mover)[0] for mover in self.drives.names}
        opening = self.physics.opening(self.assembly.world.handler)
        if not self._still.update(now, joints, opening):
            return []
        blades = {name: self.physics.blade_pose(name) for name in self.assembly.world.blades}
        return [Sighted(joints, opening, blades)]

    # ---------------------------------------------------------------- commands

    def _carry_out(self, command: Command, now: float) -> None:
        if isinstance(command, Move):
            self._inbox += self._goals.move(command, now)
        elif isinstance(command, Steer):
            refused = self._led.begin(command)
            self._inbox += [refused] if refused is not None else []
        elif isinstance(command, Grip):
            self._goals.grip(command, now)
        elif isinstance(command, Clamp):
            self._goals.clamp(command)
        elif isinstance(command, Look):
            wrong = amiss(self.physics.blade_pose(command.part), command.pose)
            self._inbox.append(Done(command.tag, not wrong, wrong))
        elif isinstance(command, StartScan):
            self.scanning.start(command.part, now)
            self._inbox.append(Done(command.tag, True))
        elif isinstance(command, FinishScan):
            self._finish(command, now)
        elif isinstance(command, RequestStop):
            self.guard.request(command.request, now)
        elif isinstance(command, Rehearse):
            self._rehearsal = self._rehearsal or Rehearsal(self.assembly)
            self._inbox.append(self._rehearsal(command))
        elif isinstance(command, Publish):
            self.log.plans.append(command.plan)
        else:
            self._journal(command, now)

    def _finish(self, command: FinishScan, now: float) -> None:
        try:
            verdict = self.scanning.finish(now)
        except InspectionError as error:
            self._inbox.append(Done(command.tag, False, str(error)))
            return
        self.log.verdicts[verdict.part] = verdict
        self._inbox.append(Verdicts(command.tag, verdict))
