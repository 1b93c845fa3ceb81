"""The second, slower twin: the physics cell itself tries a motion before the cell makes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from twincell.cell.assembly import Assembly
from twincell.errors import MotionError
from twincell.geometry.pose import Pose
from twincell.motion.motions import CellMotions
from twincell.motion.trajectory import JointTrajectory
from twincell.physics.cell import PhysicsCell
from twincell.physics.collision import CollisionChecker
from twincell.production.legs import HOME
from twincell.production.messages import Leg, Rehearse, Rehearsed, Tried
from twincell.production.targets import Targets

__all__ = ["BUDGET", "Rehearsal"]

BUDGET = 60.0
"""Motion in the physics cell for one question, beyond the leg at which it ends [s]."""
_SETTLE = 0.3
"""An arm may take this long to come to rest after its trajectory [s]."""
_LOOK = 4
"""Steps of physics between two looks at contacts."""
_MOVED = 0.005
"""A blade that a leg moves this far was pushed [m]."""
_SPEED = 0.25
"""Of the tip on straight lines [m/s]."""


class Rehearsal:
    """Plans each leg as the cell would, then plays it in a Bullet world of its own.

    The hand goes to the leg's start, then to its end, and down to the blade there; the other
    movers stand at home, and blades stand where they stand in the cell. A leg is blocked where no
    path is found, where anything is touched or moved that must not be, or where the arm does not
    arrive.

    Args:
        assembly: the cell.
        budget: of simulated motion for one question [s].
    """

    def __init__(self, assembly: Assembly, budget: float = BUDGET) -> None:
        self._assembly = assembly
        self._world = replace(assembly.world, visitor=None)
        self._budget = budget
        model = assembly.model
        self._checker = CollisionChecker(self._world, assembly.descriptions, model)
        self._motions = CellMotions(
            self._world, assembly.descriptions, self._checker.free, model.airfoil, model.grasp
        )
        self._hand = self._world.handler
        self._home = np.asarray(self._world.arms[self._hand].home, float)
        self._grasps = {n: p @ self._motions.grasp for n, p in self._motions.places.items()}

    def __call__(self, asked: Rehearse, late: Callable[[], bool] = lambda: False) -> Rehearsed:
        """Try legs in their order, at least one, until the budget is used.

        Args:
            asked: legs, and where the blades stand.
            late: whether no further leg may be begun.
        """
        cell = self._set_up(asked)
        tried: list[Tried] = []
        spent = 0.0
        for leg in asked.legs:
            if tried and (spent >= self._budget or late()):
                break
            began = cell.time
            stood = {blade: cell.blade_pose(blade).p for blade in asked.standing}
            found = _undisturbed(cell, stood, self._try(cell, leg))
            tried.append(found)
            spent += cell.time - began
            if not found.ok:
                cell = self._set_up(asked)  # what was touched may have moved
        return Rehearsed(tuple(tried))

    def _set_up(self, asked: Rehearse) -> PhysicsCell:
        cell = PhysicsCell(self._world, self._assembly.descriptions, self._assembly.model)
        for blade, place in asked.standing.items():
            cell.put(blade, self._motions.places[place])
        for blade in self._world.blades:
            if blade not in asked.standing:
                cell.put(blade, Pose.of((0.0, 0.0, -10.0)))  # in hand or fixture: not in the way
        return cell

    def _try(self, cell: PhysicsCell, leg: Leg) -> Tried:
        motions, hand, others = self._motions, self._hand, self._others()
        at = self._home
        try:
            if leg.start != HOME:
                there = Targets.above(self._grasps[leg.start])
                way = motions.to_pose(hand, at, there, others, False)
                fault, at = self._play(cell, way), way.positions[-1]
                if fault:
                    return Tried(leg, False, text=f"on the way to {leg.start}: {fault}")
            began = cell.time
            goal = self._grasps[leg.end]
            way = motions.to_pose(hand, at, Targets.above(goal), others, False)
            down = motions.line(hand, way.positions[-1], goal, _SPEED)
            up = motions.line(hand, down.positions[-1], Targets.above(goal), _SPEED)
            for each in (way, down):
                fault = self._play(cell, each)
                if fault:
                    return Tried(leg, False, cell.time - began, fault)
            seconds = cell.time - began
            back = motions.to_joints(hand, up.positions[-1], self._home, others, False)
            for each in (up, back):
                fault = self._play(cell, each)
                if fault:
                    return Tried(leg, False, seconds, f"on the way back: {fault}")
        except MotionError as error:
            return Tried(leg, False, text=self._why(leg, str(error)))
        return Tried(leg, True, seconds)

    def _others(self) -> dict[str, NDArray[np.float64]]:
        arms = self._world.arms.items()
        return {n: np.asarray(a.home, float) for n, a in arms if n != self._hand}

    def _play(self, cell: PhysicsCell, trajectory: JointTrajectory) -> str:
        """What goes wrong on a trajectory, empty where nothing does."""
        t, step = 0.0, 0
        goal, tolerance = trajectory.positions[-1], self._world.arms[self._hand].tolerance
        while True:
            t, step = t + cell.dt, step + 1
            q, v, _ = trajectory.sample(t)
            cell.command(self._hand, q, v)
            cell.step()
            if step % _LOOK == 0:
                for a, b, depth in cell.contacts():
                    if self._hand in (a, b):
                        return f"{a} touches {b}, {1e3 * depth:.0f} mm deep"
            if t < trajectory.duration:
                continue
            off = float(np.max(np.abs(cell.joints(self._hand)[0] - goal)))
            if off < tolerance:
                return ""
            if t > trajectory.duration + _SETTLE:
                return f"the arm stays {off:.3f} rad short"

    def _why(self, leg: Leg, error: str) -> str:
        """What stands in the way at the leg's end, else the planner's words."""
        goal = self._grasps[leg.end]
        for pose in (Targets.above(goal), goal):
            try:
                q = self._motions.reach(self._hand, pose)
            except MotionError:
                return f"{leg.end} is out of reach: {error}"
            found = self._checker.obstacle(self._hand, q, self._others(), False, {leg.end})
            if found is not None:
                return found
        return error


def _undisturbed(cell: PhysicsCell, stood: dict[str, NDArray[np.float64]], found: Tried) -> Tried:
    """A leg on which a blade was moved from where it stood is blocked."""
    for blade, p in stood.items():
        if found.ok and np.linalg.norm(cell.blade_pose(blade).p - p) > _MOVED:
            return Tried(found.leg, False, found.seconds, f"it pushes {blade}")
    return found
