"""A person of two shapes: a body, and an arm that is stretched out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import trimesh
from numpy.typing import NDArray

from twincell.geometry.pose import Pose

__all__ = ["ARM", "BODY", "Figure"]

ARM = 0.06
"""Radius of the arm, a capsule [m]."""
BODY = 0.25
"""Radius of the body, a cylinder [m]."""


@dataclass(frozen=True)
class Figure:
    """Who walks by with a hand stretched out.

    Attributes:
        height: of the body [m].
        reach: from the middle of the body to the end of the hand [m].
    """

    height: float
    reach: float

    def meshes(self) -> dict[str, trimesh.Trimesh]:
        """Shapes by name, their axes along z, their middles in the origin."""
        arm = trimesh.creation.capsule(height=self.reach - ARM, radius=ARM, count=(16, 16))
        arm.apply_translation(-arm.bounds.mean(axis=0))
        return {"body": trimesh.creation.cylinder(BODY, self.height), "arm": arm}

    def poses(self, at: NDArray[np.float64], side: float, hand: float) -> dict[str, Pose]:
        """World poses of the shapes.

        Args:
            at: of the body on the floor, shape (2,) [m].
            side: -1 or 1: the hand points along this times y.
            hand: its height [m].
        """
        x, y = at.tolist()
        lying = np.array([np.sqrt(0.5), 0.0, 0.0, np.sqrt(0.5)])  # z along y
        return {
            "body": Pose.of((x, y, 0.5 * self.height)),
            "arm": Pose(np.array([x, y + side * 0.5 * (self.reach - ARM), hand]), lying),
        }
