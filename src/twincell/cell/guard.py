"""Who decides about stops: LiDARs that look for people, supervisor, operator, buttons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twincell.cell.assembly import Assembly
from twincell.cell.drives import Drives
from twincell.cell.eyes import Eyes
from twincell.cell.shift import ShiftLog
from twincell.errors import SafetyError
from twincell.geometry.pose import Pose
from twincell.inspection.anomaly import Anomaly
from twincell.production.messages import Journalled, SafetyHeard
from twincell.safety.arm_motion import SPEED_WINDOW, arm_motions
from twincell.safety.button import EmergencyButton
from twincell.safety.masks import body_spheres, spheres_at
from twincell.safety.operator import Operator
from twincell.safety.reaction import Reaction
from twincell.safety.separation import SeparationMonitor
from twincell.safety.supervisor import Supervisor
from twincell.safety.types import SafetyState, StopReport, StopRequest

__all__ = ["Answer", "Guard"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Answer:
    """What came of somebody's asking.

    Attributes:
        ok: whether it was done.
        text: the cell's word, or why not.
    """

    ok: bool
    text: str


class Guard:
    """Stops the drives of a cell in lockstep, and permits them to move.

    Args:
        assembly: the world made concrete.
        eyes: cast the LiDARs' rays.
        drives: hear each state.
        log: keeps stops and resets.
        blind: whether a sensor sees nothing at a time [s].
        tell: takes each state that is news to the orchestrator.

    Attributes:
        supervisor: that decides.
        monitor: of people's distance.
        state: the supervisor's last word; None before the first.
    """

    def __init__(
        self,
        assembly: Assembly,
        eyes: Eyes,
        drives: Drives,
        log: ShiftLog,
        blind: Callable[[str, float], bool],
        tell: Callable[[SafetyHeard], None],
    ) -> None:
        world = assembly.world
        self._world, self._eyes, self._drives = world, eyes, drives
        self._log, self._blind, self._tell = log, blind, tell
        self.supervisor = Supervisor(world)
        self.monitor = SeparationMonitor(world, eyes.scene)
        self.state: SafetyState | None = None
        self._reaction = Reaction(world)
        self._operator = Operator(world)
        self._button = EmergencyButton(world)
        self._spheres = body_spheres(assembly.bodies)
        self._next_beat = 0.0
        self._told: tuple[object, ...] = ()

    # ---------------------------------------------------------------- what is seen

    def found(self, anomaly: Anomaly, now: float) -> bool:
        """A crack under the laser; whether it stops the cell."""
        asked = self._reaction.request(
            anomaly.id, anomaly.part, anomaly.severity, anomaly.length, anomaly.light, now
        )
        if asked is not None:
            self.request(asked, now)
        return asked is not None

    def watch(self, poses: Array, now: float) -> None:
        """LiDARs look for people.

        Args:
            poses: of all bodies, shape (n, 7).
            now: time [s].
        """
        for name in self._world.lidars():
            if not self._eyes.due(name, now) or self._blind(name, now):
                continue
            scan = self._eyes.turn(name, poses, now)
            self.supervisor.heard(name, now, scan.stamp)
            links = self._links(poses)
            masks = spheres_at(self._spheres, links)
            before = self._links(self._eyes.poses_at(now - SPEED_WINDOW))
            motions = arm_motions(self._drives.names, self._spheres, links, before, SPEED_WINDOW)
            self.monitor.update(name, scan, masks, now, motions)
            for level in self.monitor.levels(now):
                self.supervisor.cause(level.name, level.present, now, level.evidence, level.stamp)

    def _links(self, poses: Array) -> dict[str, Pose]:
        """Poses of the cell's own moving bodies: no person."""
        return {
            name: Pose.from_array(row)
            for name, row in zip(self._eyes.names, poses, strict=True)
            if not name.startswith("visitor/")
        }

    def stopped(self, reports: list[StopReport]) -> None:
        """Movers that came to rest."""
        self._log.reports += reports
        for report in reports:
            self.monitor.stopped(report)

    # ---------------------------------------------------------------- what is asked

    def request(self, request: StopRequest, now: float) -> None:
        """Somebody wants a stop."""
        self._say(self.supervisor.request(request, now), now)

    def emergency_stop(self, now: float) -> Answer:
        """Somebody presses the emergency button."""
        try:
            state = self.supervisor.request(self._button.press(now, "pressed by hand"), now)
        except SafetyError as error:
            return Answer(False, str(error))
        self._say(state, now)
        return Answer(True, state.text)

    def reset(self, now: float) -> Answer:
        """Somebody presses reset; refused while a cause lasts."""
        refused = self._reset("by hand", self.supervisor.tick(now), now)
        state = self.supervisor.tick(now)
        self._say(state, now)
        return Answer(not refused, refused or state.text)

    def _reset(self, who: str, before: SafetyState, now: float) -> str:
        """Reset from a state; why not, where the supervisor refuses it."""
        try:
            self.supervisor.reset(now)
        except SafetyError as error:
            self._log.line(Journalled(now, "reset_refused", who, {"why": str(error)}))
            return str(error)
        self._log.line(Journalled(now, "reset", who, {"text": before.text}))
        return ""

    # ---------------------------------------------------------------- what is said

    def beat(self, now: float) -> None:
        """The supervisor's heartbeat, and the operator who listens to it."""
        if now + 1e-9 < self._next_beat:
            return
        self._next_beat = now + 1.0 / self._world.safety.heartbeat
        state = self.supervisor.tick(now)
        if self._operator.update(state, now):
            self._reset("operator", state, now)
            state = self.supervisor.tick(now)
        self._say(state, now)

    def _say(self, state: SafetyState, now: float) -> None:
        self.state = state
        self._log.hear(state)
        self._drives.hear(state, now, now)
        told = (state.mode, state.movers, state.active)
        if told != self._told:
            self._told = told
            self._tell(SafetyHeard(state))

    def forget(self) -> None:
        """Who listens is new: the next state is news again."""
        self._told = ()
