"""Where all links of one mover are, its fingers among them, by Pinocchio from its URDF text."""

from __future__ import annotations

import numpy as np
import pinocchio as pin
from numpy.typing import ArrayLike

from twincell.geometry.description import RobotDescription
from twincell.geometry.pose import Pose

__all__ = ["LinkPoses"]


class LinkPoses:
    """Forward kinematics of every link.

    Args:
        description: the mover's merged URDF, and where it stands.
    """

    def __init__(self, description: RobotDescription) -> None:
        self._model = pin.buildModelFromXML(description.urdf)
        self._data = self._model.createData()
        names = (description.joints, description.gripper_joints)
        self._index, self._fingers = (
            [self._model.joints[self._model.getJointId(n)].idx_q for n in some] for some in names
        )
        self._frames = {n: self._model.getFrameId(n, pin.BODY) for n in description.links}
        pin.framesForwardKinematics(self._model, self._data, pin.neutral(self._model))
        root = self._data.oMf[self._frames[description.root_link]]
        self._world = pin.SE3(description.place.matrix()) * root.inverse()

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
