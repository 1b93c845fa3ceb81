"""A joint trajectory: what a controller executes and what FollowJointTrajectory carries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["JointTrajectory"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class JointTrajectory:
    """Way-points in time, joined by cubic Hermite segments as a JointTrajectoryController does.

    Attributes:
        joints: joint names, length d.
        times: strictly rising, from 0, shape (n,) [s].
        positions: shape (n, d) [rad or m].
        velocities: shape (n, d) [rad/s or m/s].
    """

    joints: tuple[str, ...]
    times: Array
    positions: Array
    velocities: Array

    @property
    def duration(self) -> float:
        """Time from first to last way-point [s]."""
        return float(self.times[-1])

    @classmethod
    def joined(cls, pieces: Sequence[JointTrajectory]) -> JointTrajectory:
        """Several trajectories of the same joints run one after the other."""
        times, start = [pieces[0].times], pieces[0].duration
        for piece in pieces[1:]:
            times.append(start + piece.times[1:])
            start += piece.duration
        skip = [0] + [1] * (len(pieces) - 1)
        return cls(
            pieces[0].joints,
            np.concatenate(times),
            np.concatenate([p.positions[k:] for p, k in zip(pieces, skip, strict=True)]),
            np.concatenate([p.velocities[k:] for p, k in zip(pieces, skip, strict=True)]),
        )

    def sample(self, t: float) -> tuple[Array, Array, Array]:
        """Position, velocity and acceleration at `t` [s], each shape (d,); held at both ends."""
        i = int(np.searchsorted(self.times, t, side="right")) - 1
        if i < 0 or len(self.times) == 1:
            return self.positions[0], np.zeros(len(self.joints)), np.zeros(len(self.joints))
        if i >= len(self.times) - 1:
            return self.positions[-1], np.zeros(len(self.joints)), np.zeros(len(self.joints))
        h = self.times[i + 1] - self.times[i]
        u = (t - self.times[i]) / h
        p0, p1 = self.positions[i], self.positions[i + 1]
        m0, m1 = self.velocities[i] * h, self.velocities[i + 1] * h
        c2, c3 = 3 * (p1 - p0) - 2 * m0 - m1, 2 * (p0 - p1) + m0 + m1
        return (
            p0 + u * (m0 + u * (c2 + u * c3)),
            (m0 + u * (2 * c2 + u * 3 * c3)) / h,
            (2 * c2 + 6 * u * c3) / h**2,
        )
