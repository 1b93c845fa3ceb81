"""Rigid transforms: position and quaternion (x, y, z, w), as in ROS."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, sin

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import Rotation, Slerp

from twincell.world.robots import Place

__all__ = ["Pose"]

Array = NDArray[np.float64]

_CONJUGATE = np.array([-1.0, -1.0, -1.0, 1.0])


@dataclass(frozen=True)
class Pose:
    """The pose of frame b in frame a, which maps points of b into a.

    Attributes:
        p: position, shape (3,) [m].
        q: unit quaternion x, y, z, w, shape (4,).
    """

    p: Array
    q: Array

    @classmethod
    def identity(cls) -> Pose:
        """The pose that changes nothing."""
        return cls(np.zeros(3), np.array([0.0, 0.0, 0.0, 1.0]))

    @classmethod
    def of(cls, xyz: ArrayLike, rpy: ArrayLike = (0.0, 0.0, 0.0)) -> Pose:
        """From a position [m] and roll, pitch, yaw about fixed axes [rad] (REP-103)."""
        r, p, y = (0.5 * float(angle) for angle in np.asarray(rpy, float))
        a, b, c, d, e, f = cos(r), sin(r), cos(p), sin(p), cos(y), sin(y)
        q = np.array(
            [
                b * c * e - a * d * f,
                a * d * e + b * c * f,
                a * c * f - b * d * e,
                a * c * e + b * d * f,
            ]
        )
        return cls(np.asarray(xyz, float), q)

    @classmethod
    def at(cls, place: Place) -> Pose:
        """From a world file's place."""
        return cls.of(place.xyz, place.rpy)

    @classmethod
    def from_matrix(cls, matrix: ArrayLike) -> Pose:
        """From a homogeneous matrix, shape (4, 4)."""
        m = np.asarray(matrix, float)
        return cls(m[:3, 3].copy(), Rotation.from_matrix(m[:3, :3]).as_quat())

    @classmethod
    def from_array(cls, array: ArrayLike) -> Pose:
        """From x, y, z, qx, qy, qz, qw, shape (7,)."""
        a = np.asarray(array, float)
        return cls(a[:3].copy(), a[3:7].copy())

    def as_array(self) -> Array:
        """x, y, z, qx, qy, qz, qw, shape (7,)."""
        return np.concatenate([self.p, self.q])

    def rotation(self) -> Array:
        """The rotation matrix, shape (3, 3)."""
        x, y, z, w = self.q.tolist()
        return np.array(
            [
                [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
                [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
                [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
            ]
        )

    def matrix(self) -> Array:
        """The homogeneous matrix, shape (4, 4)."""
        m = np.eye(4)
        m[:3, :3] = self.rotation()
        m[:3, 3] = self.p
        return m

    def inverse(self) -> Pose:
        """The pose of a in b."""
        return Pose(-(self.p @ self.rotation()), self.q * _CONJUGATE)

    def __matmul__(self, other: Pose) -> Pose:
        """Chain: (a from b) @ (b from c) = (a from c)."""
        # written out: scipy's Rotation costs ten times as much for one rotation
        x, y, z, w = self.q.tolist()
        i, j, k, r = other.q.tolist()
        q = np.array(
            [
                w * i + x * r + y * k - z * j,
                w * j - x * k + y * r + z * i,
                w * k + x * j - y * i + z * r,
                w * r - x * i - y * j - z * k,
            ]
        )
        return Pose(self.p + self.rotation() @ other.p, q / np.sqrt(q @ q))

    def apply(self, points: ArrayLike) -> Array:
        """Map points of b, shape (..., 3) [m], into a."""
        x = np.asarray(points, float)
        moved: Array = x @ self.rotation().T + self.p
        return moved

    def rotate(self, vectors: ArrayLike) -> Array:
        """Turn vectors of b, shape (..., 3), into a, without moving them."""
        turned: Array = np.asarray(vectors, float) @ self.rotation().T
        return turned

    def interpolate(self, other: Pose, fraction: float) -> Pose:
        """Straight line in position, great arc in orientation; 0 gives self, 1 gives other."""
        slerp = Slerp([0.0, 1.0], Rotation.from_quat(np.stack([self.q, other.q])))
        return Pose(self.p + fraction * (other.p - self.p), slerp(fraction).as_quat())
