"""Where the handler's tip has to be: at blades in pockets and in the fixture, and above them."""

from __future__ import annotations

import numpy as np

from twincell.geometry.pose import Pose
from twincell.geometry.rack import pocket_poses
from twincell.motion.reach import LIFT
from twincell.world.blades import Part
from twincell.world.model import World

__all__ = ["Targets", "grasp_of"]


def grasp_of(part: Part) -> Pose:
    """The grasp frame in the part frame: centre of the tip shroud, z down, x along the chord."""
    shape = part.shape
    height = shape.root[2] + shape.span + shape.shroud[2] / 2
    return Pose.of((0.0, 0.0, height), (np.pi, 0.0, 0.0))


class Targets:
    """Grasp poses in the world.

    Args:
        world: racks and parts.
        fixture: world pose of a blade that stands in the fixture while the table is at home.
        grasp: pose of the gripper's tip in the part frame; of the parametric blade where not given.

    Attributes:
        grasp: the same.
    """

    def __init__(self, world: World, fixture: Pose, grasp: Pose | None = None) -> None:
        self.grasp = grasp_of(world.part) if grasp is None else grasp
        self._fixture = fixture
        self._pockets = {name: pocket_poses(rack) for name, rack in world.racks.items()}

    @property
    def places(self) -> dict[tuple[str, int], Pose]:
        """Pose of a blade that stands in each pocket, by rack and pocket."""
        return {(n, i): pose for n, poses in self._pockets.items() for i, pose in enumerate(poses)}

    @property
    def pockets(self) -> dict[tuple[str, int], Pose]:
        """The tip's pose at a blade in each pocket, by rack and pocket."""
        return {place: self.grasped(pose) for place, pose in self.places.items()}

    def grasped(self, blade: Pose) -> Pose:
        """The tip's pose at a blade that stands anywhere."""
        return blade @ self.grasp

    def blade(self, tip: Pose) -> Pose:
        """The blade's pose where the tip is at it."""
        return tip @ self.grasp.inverse()

    def pocket(self, rack: str, index: int) -> Pose:
        """The tip's pose at a blade in a pocket."""
        return self._pockets[rack][index] @ self.grasp

    def fixture(self) -> Pose:
        """The tip's pose at the blade in the fixture, the table at home."""
        return self._fixture @ self.grasp

    @staticmethod
    def above(pose: Pose) -> Pose:
        """The pose `LIFT` higher."""
        return Pose(pose.p + np.array([0.0, 0.0, LIFT]), pose.q)
