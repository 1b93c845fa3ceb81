"""Where all links of one mover are, its fingers among them, by Pinocchio from its URDF text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pinocchio as pin
from numpy.typing import ArrayLike

from twincell.geometry.description import RobotDescription
from twincell.geometry.pose import Pose

__all__ = ["LinkPoses", "positions_of", "world_of"]


def positions_of(model: pin.Model, joints: Sequence[str]) -> list[int]:
    """Where joints stand in Pinocchio's configuration, which has an order of its own."""
    return [model.joints[model.getJointId(name)].idx_q for name in joints]


def world_of(model: pin.Model, root_link: str, place: Pose) -> pin.SE3:
    """Pose of a model's own origin in the world, in which its root link is at a place."""
    data = model.createData()
    pin.framesForwardKinematics(model, data, pin.neutral(model))
    root = data.oMf[model.getFrameId(root_link, pin.BODY)]
    return pin.SE3(place.matrix()) * root.inverse()


class LinkPoses:
    """Forward kinematics of every link.

    Args:
        description: the mover's merged URDF, and where it stands.
    """

    def __init__(self, description: RobotDescription) -> None:
        self._model = pin.buildModelFromXML(description.urdf)
        self._data = self._model.createData()
        self._index = positions_of(self._model, description.joints)
        self._fingers = positions_of(self._model, description.gripper_joints)
        self._frames = {n: self._model.getFrameId(n, pin.BODY) for n in description.links}
        self._world = world_of(self._model, description.root_link, description.place)

    def __call__(self, q: ArrayLike, opening: float = 0.0) -> dict[str, Pose]:
        """World poses by link.

        Args:
            q: joint positions, shape (d,), in the order of the description [rad or m].
            opening: between the fingers, to which each gives the same share [m].
        """
        full = pin.neutral(self._model)
        full[self._index] = np.asarray(q, float)
        full[self._fingers] = opening / max(len(self._fingers), 1)
        pin.framesForwardKinematics(self._model, self._data, full)
        return {
            name: Pose.from_array(pin.SE3ToXYZQUAT(self._world * self._data.oMf[frame]))
            for name, frame in self._frames.items()
        }
