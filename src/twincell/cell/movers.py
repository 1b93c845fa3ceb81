"""The movers of the lockstep cell: a controller each, obeying the safety state."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from twincell.errors import GoalError
from twincell.geometry.description import RobotDescription
from twincell.motion.controller import TrajectoryController
from twincell.motion.limits import JointLimits
from twincell.motion.trajectory import JointTrajectory
from twincell.physics.cell import PhysicsCell
from twincell.production.messages import Done
from twincell.safety.types import SafetyState, StopReport, StopRequest
from twincell.world.model import World

__all__ = ["Movers"]

Array = NDArray[np.float64]


class Movers:
    """Passes trajectories, stops and set-points between orchestrator, supervisor and physics.

    Args:
        world: the cell.
        descriptions: of the movers.
        physics: the Bullet world.
    """

    def __init__(
        self, world: World, descriptions: Mapping[str, RobotDescription], physics: PhysicsCell
    ) -> None:
        self._physics = physics
        self._controllers = {
            name: TrajectoryController(
                name,
                descriptions[name].joints,
                JointLimits.of(descriptions[name], arm),
                arm.home,
                goal_tolerance=arm.tolerance,
            )
            for name, arm in world.arms.items()
        }
        self._tags: dict[str, str] = {}
        self._why: dict[str, StopRequest] = {}
        self.answers: list[Done] = []
        self.reports: list[tuple[StopRequest, StopReport]] = []

    def start(self, tag: str, mover: str, trajectory: JointTrajectory, now: float) -> None:
        """Give a mover a goal; a refusal is an answer like any other."""
        try:
            self._controllers[mover].accept(trajectory, now)
        except GoalError as error:
            self.answers.append(Done(tag, False, str(error)))
            return
        self._tags[mover] = tag

    def obey(self, state: SafetyState, now: float) -> None:
        """Stop, release or slow each mover as the supervisor says."""
        for name, controller in self._controllers.items():
            entry = state.mover(name)
            if entry.category is None:
                if controller.stopped:
                    controller.release()
                    if not controller.stopped:
                        self._physics.power_on(name)
                if entry.speed_scale > 0.0:
                    controller.speed_scale = entry.speed_scale
                continue
            if not controller.stopped and state.active:
                self._why[name] = _cause(state, name)
            controller.stop(entry.category, now)
            if entry.category == 0:
                self._physics.power_off(name)

    def step(self, now: float, dt: float) -> None:
        """One step of every controller; set-points go to physics, results are collected."""
        for name, controller in self._controllers.items():
            measured = self._physics.joints(name)[0]
            q, v = controller.update(now, dt, measured)
            self._physics.command(name, q, v)
            if controller.result is not None and name in self._tags:
                outcome = controller.result
                self.answers.append(Done(self._tags.pop(name), outcome.ok, outcome.text))
            standstill = controller.take_standstill()
            why = self._why.get(name)
            if standstill is not None and why is not None:
                report = StopReport(
                    mover=name,
                    request=why.id,
                    cause=why.cause,
                    category=standstill.category,
                    requested=why.requested,
                    accepted=standstill.accepted,
                    first_deceleration=standstill.first_deceleration,
                    standstill=standstill.standstill,
                    distance=standstill.distance,
                )
                self.reports.append((why, report))

    def positions(self) -> dict[str, Array]:
        """Measured joint positions by mover, each shape (d,) [rad]."""
        return {name: self._physics.joints(name)[0] for name in self._controllers}


def _cause(state: SafetyState, mover: str) -> StopRequest:
    """The newest request that concerns a mover."""
    mine = [r for r in state.active if r.scope in ("cell", mover)]
    return (mine or list(state.active))[-1]
