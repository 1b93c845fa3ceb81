"""What the orchestrator asks of motion planning; `motion.motions.CellMotions` gives it."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from twincell.geometry.pose import Pose
from twincell.motion.trajectory import JointTrajectory

__all__ = ["Motions", "retimed"]

Array = NDArray[np.float64]


class Motions(Protocol):
    """Trajectories by mover; each method raises MotionError where there is none."""

    def forward(self, mover: str, q: Array) -> Pose:
        """Pose of the mover's tip in the world at joint positions, shape (d,)."""

    def to_joints(
        self, mover: str, q_from: Array, q_to: Array, others: dict[str, Array], carrying: bool
    ) -> JointTrajectory:
        """Free of collision to joint positions; `others` stand where they are."""

    def to_pose(
        self, mover: str, q_from: Array, pose: Pose, others: dict[str, Array], carrying: bool
    ) -> JointTrajectory:
        """Free of collision until the tip has a pose in the world."""

    def line(self, mover: str, q_from: Array, pose: Pose, speed: float) -> JointTrajectory:
        """The tip on a straight line to a pose, at most at `speed` [m/s]."""

    def scan_pass(self, view: int) -> JointTrajectory:
        """The inspector's pass over a view, from standstill to standstill."""


def retimed(trajectory: JointTrajectory, share: float) -> JointTrajectory:
    """The same path at a share of its speed, in (0, 1]."""
    if share == 1.0:
        return trajectory
    return JointTrajectory(
        trajectory.joints,
        trajectory.times / share,
        trajectory.positions,
        trajectory.velocities * share,
    )
