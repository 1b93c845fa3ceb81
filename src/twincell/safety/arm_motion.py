"""Where the arms are and how fast they go, from the poses of their links alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twincell.errors import SafetyError
from twincell.geometry.pose import Pose
from twincell.safety.masks import spheres_at

__all__ = ["SPEED_WINDOW", "ArmMotion", "arm_motions", "outline", "stopping_time"]

F64 = NDArray[np.float64]

SPEED_WINDOW = 0.05
"""Arms' speeds are differences over this time [s]."""


@dataclass(frozen=True)
class ArmMotion:
    """One arm at a moment.

    Attributes:
        arm: its name.
        spheres: that cover its moving links in the world, shape (n, 4) [m].
        speed: of the fastest sphere's middle [m/s].
        joint_speed: of the fastest joint [rad/s].
    """

    arm: str
    spheres: F64
    speed: float
    joint_speed: float

    def distance(self, points: F64) -> float:
        """From the nearest of some points to the arm's surface, at least 0 [m].

        Args:
            points: shape (n, 3) [m].
        """
        if not len(points) or not len(self.spheres):
            return float("inf")
        apart = np.linalg.norm(points[:, None] - self.spheres[None, :, :3], axis=2)
        return max(0.0, float((apart - self.spheres[:, 3]).min()))


def arm_motions(
    arms: Iterable[str],
    spheres: Mapping[str, F64],
    poses: Mapping[str, Pose],
    before: Mapping[str, Pose],
    dt: float,
) -> tuple[ArmMotion, ...]:
    """The motion of each arm, by differences.

    Args:
        arms: names of the movers; their bodies are named `<arm>/<link>`, from the base outwards.
        spheres: of each body, in its frame (see `masks.body_spheres`).
        poses: of the bodies now.
        before: of the bodies a little earlier.
        dt: time in between [s].

    Raises:
        SafetyError: `dt` is not positive.
    """
    if not dt > 0:
        raise SafetyError(f"poses are {dt} s apart; valid: more than 0")
    motions = []
    for arm in arms:
        links = [n for n in spheres if n.startswith(f"{arm}/") and n in poses and n in before]
        mine = {name: spheres[name] for name in links}
        now, then = spheres_at(mine, poses), spheres_at(mine, before)
        ways = np.linalg.norm(now[:, :3] - then[:, :3], axis=1)
        # a joint turns its link against the one before it
        turns = [
            _angle(_against(before, a, b), _against(poses, a, b))
            for a, b in zip([None, *links][: len(links)], links, strict=True)
        ]
        speed = float(ways.max(initial=0.0)) / dt
        motions.append(ArmMotion(arm, now, speed, max(turns, default=0.0) / dt))
    return tuple(motions)


def outline(spheres: F64, distance: float, corners: int = 72) -> F64:
    """The floor within some distance of an arm, seen from above, as a polygon.

    Discs about the spheres overlap far around their middle, so that a ray from there leaves their
    union once: at the farthest exit from any of them, d c + sqrt(R^2 - |c|^2 + (d c)^2).

    Args:
        spheres: shape (n, 4) [m].
        distance: beyond their surfaces [m].
        corners: of the polygon.

    Returns:
        Shape (corners, 2) [m]; empty where there is no sphere.
    """
    if not len(spheres):
        return np.zeros((0, 2))
    angle = np.arange(corners) * 2 * np.pi / corners
    rays = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    middle = spheres[:, :2].mean(axis=0)
    c, radius = spheres[:, :2] - middle, spheres[:, 3] + distance
    along = rays @ c.T
    under = radius**2 - (c**2).sum(axis=1) + along**2
    leaves = np.where(under >= 0, along + np.sqrt(np.maximum(under, 0.0)), 0.0)
    polygon: F64 = middle + rays * leaves.max(axis=1)[:, None]
    return polygon


def stopping_time(speed: float, acceleration: float, jerk: float) -> float:
    """Time in which a joint comes to rest, within its limits, from even motion [s].

    A trapezoid of deceleration where the speed is at least a^2/j, otherwise a triangle.

    Args:
        speed: of the joint [rad/s].
        acceleration: largest [rad/s^2].
        jerk: largest [rad/s^3].
    """
    if speed >= acceleration**2 / jerk:
        return speed / acceleration + acceleration / jerk
    return 2.0 * float(np.sqrt(speed / jerk))


def _against(poses: Mapping[str, Pose], parent: str | None, child: str) -> Pose:
    return poses[child] if parent is None else poses[parent].inverse() @ poses[child]


def _angle(a: Pose, b: Pose) -> float:
    """Of the rotation from one orientation to another [rad]."""
    turn = (a.inverse() @ b).q
    return 2.0 * float(np.arctan2(np.linalg.norm(turn[:3]), abs(turn[3])))
