"""Forward and inverse kinematics of one mover, by Pinocchio from its URDF text."""

from __future__ import annotations

import numpy as np
import pinocchio as pin
from numpy.typing import ArrayLike, NDArray

from twincell.errors import MotionError, did_you_mean
from twincell.geometry.description import RobotDescription
from twincell.geometry.pose import Pose
from twincell.motion.limits import JointLimits
from twincell.motion.links import positions_of, world_of
from twincell.world.robots import Arm

__all__ = ["ArmModel"]

Array = NDArray[np.float64]

_SETTLED = 1e-7
"""Residual at which an inverse is found: metres and radians alike."""


class ArmModel:
    """Where the links of one mover are, and which joint positions bring its tip to a pose.

    Args:
        description: the mover's merged URDF; gripper joints are locked at zero.
        arm: its entry in the world file (place, limits).

    Attributes:
        limits: of the joints, in the order of `description.joints`.
        size: number of joints.
    """

    def __init__(self, description: RobotDescription, arm: Arm) -> None:
        full = pin.buildModelFromXML(description.urdf)
        moved = set(description.joints)
        locked = [full.getJointId(n) for n in list(full.names)[1:] if n not in moved]
        self._model = pin.buildReducedModel(full, locked, pin.neutral(full))
        self._data = self._model.createData()
        self.description = description
        self.limits = JointLimits.of(description, arm)
        self.size = len(description.joints)
        self._index = np.array(positions_of(self._model, description.joints))
        self._world = world_of(self._model, description.root_link, Pose.at(arm.place))
        self._tip = self._frame(description.tip)

    def _frame(self, link: str) -> int:
        if not self._model.existFrame(link, pin.BODY):
            raise MotionError(
                f"{self.description.name}: no link '{link}'; "
                f"{did_you_mean(link, self.description.links)}"
            )
        return int(self._model.getFrameId(link, pin.BODY))

    def _place(self, q: ArrayLike, frame: int) -> pin.SE3:
        full = np.empty(self.size)
        full[self._index] = np.asarray(q, float)
        pin.forwardKinematics(self._model, self._data, full)
        return self._world * pin.updateFramePlacement(self._model, self._data, frame)

    def forward(self, q: ArrayLike) -> Pose:
        """Pose of the tip in the world at joint positions `q`, shape (d,)."""
        return Pose.from_array(pin.SE3ToXYZQUAT(self._place(q, self._tip)))

    def link_pose(self, q: ArrayLike, link: str) -> Pose:
        """Pose of a link in the world at joint positions `q`, shape (d,).

        Raises:
            MotionError: the mover has no such link.
        """
        return Pose.from_array(pin.SE3ToXYZQUAT(self._place(q, self._frame(link))))

    def jacobian(self, q: ArrayLike) -> Array:
        """Velocity, then angular velocity of the tip per joint speed, in world axes, (6, d)."""
        full = np.empty(self.size)
        full[self._index] = np.asarray(q, float)
        local = pin.computeFrameJacobian(
            self._model, self._data, full, self._tip, pin.LOCAL_WORLD_ALIGNED
        )
        local = np.reshape(local, (6, -1))  # one joint gives a vector
        turn = self._world.rotation
        turned: Array = np.vstack([turn @ local[:3], turn @ local[3:]])[:, self._index]
        return turned

    def refine(self, target: Pose, seed: ArrayLike, steps: int = 60) -> tuple[Array, float]:
        """Levenberg-Marquardt towards `target` from `seed`, kept within the joint limits.

        The error is the twist log(T^-1 T_target) in the tip's frame, the step
        J^T (J J^T + m I)^-1 e with damping m proportional to |e|^2 (Sugihara, IEEE T-RO 2011).

        Returns:
            Joint positions, shape (d,), and the remaining error (norm over metres and radians).
        """
        goal = pin.SE3(target.matrix())
        q = np.clip(np.asarray(seed, float), self.limits.lower, self.limits.upper)
        full = np.empty(self.size)
        size = np.inf
        best, least = q, np.inf
        for _ in range(steps):
            full[self._index] = q
            pin.computeJointJacobians(self._model, self._data, full)
            placed = self._world * pin.updateFramePlacement(self._model, self._data, self._tip)
            found = pin.getFrameJacobian(self._model, self._data, self._tip, pin.LOCAL)
            jacobian = np.reshape(found, (6, -1))  # one joint gives a vector
            error = pin.log6(placed.actInv(goal)).vector
            size = float(np.linalg.norm(error))
            if size < least:
                best, least = q, size
            if size < _SETTLED:
                break
            J = jacobian[:, self._index]
            damping = 0.5 * size**2 * 1e-2 + 1e-12
            step = J.T @ np.linalg.solve(J @ J.T + damping * np.eye(6), error)
            step *= min(1.0, 0.5 / max(float(np.max(np.abs(step))), 1e-12))
            q = np.clip(q + step, self.limits.lower, self.limits.upper)
        return best, least

    def inverse(self, target: Pose, seed: ArrayLike, tries: int = 24) -> Array:
        """Joint positions, shape (d,), that bring the tip to `target`.

        The solution from `seed` is taken where it converges; otherwise fixed restarts spread
        over the joint range are tried in order, so that the answer never depends on chance.

        Raises:
            MotionError: no start converged; tells the best remaining error.
        """
        best, least = self.refine(target, seed)
        if least < 1e-6:
            return best
        spread = np.random.default_rng(0).random((tries, self.size))
        low = np.maximum(self.limits.lower, -np.pi)
        high = np.minimum(self.limits.upper, np.pi)
        for start in low + spread * (high - low):
            q, error = self.refine(target, start, steps=120)
            if error < 1e-6:
                return q
            if error < least:
                best, least = q, error
        near = self.forward(best)
        raise MotionError(
            f"{self.description.name}: tip '{self.description.tip}' cannot reach position "
            f"{np.round(target.p, 3).tolist()} m, orientation {np.round(target.q, 3).tolist()}; "
            f"it came within {np.linalg.norm(near.p - target.p) * 1e3:.1f} mm"
        )
