"""Pictures of the Bullet world by its software renderer."""

from __future__ import annotations

import numpy as np
import pybullet as p
from numpy.typing import ArrayLike, NDArray

from twincell.physics.bullet import Colour

__all__ = ["COLOURS", "Rgb", "picture"]

Rgb = NDArray[np.uint8]

COLOURS: dict[str, Colour] = {
    "painted_steel": (0.62, 0.65, 0.68, 1.0),
    "concrete": (0.50, 0.50, 0.48, 1.0),
    "in_tray": (0.25, 0.35, 0.55, 1.0),
    "accept": (0.25, 0.50, 0.30, 1.0),
    "rework": (0.75, 0.60, 0.20, 1.0),
    "reject": (0.65, 0.22, 0.20, 1.0),
}
"""By optical material of furniture and role of racks."""


def picture(
    client: int, width: int, height: int, eye: ArrayLike, target: ArrayLike, field: float
) -> Rgb:
    """What a camera sees, shape (height, width, 3); see `PhysicsCell.picture`."""
    view = p.computeViewMatrix(list(np.asarray(eye)), list(np.asarray(target)), [0, 0, 1])
    lens = p.computeProjectionMatrixFOV(np.degrees(field), width / height, 0.05, 20.0)
    _, _, pixels, _, _ = p.getCameraImage(
        width,
        height,
        view,
        lens,
        lightDirection=[1.0, -2.0, 4.0],
        shadow=1,
        renderer=p.ER_TINY_RENDERER,
        physicsClientId=client,
    )
    rgba = np.asarray(pixels, np.uint8).reshape(height, width, 4)
    return np.ascontiguousarray(rgba[:, :, :3])
