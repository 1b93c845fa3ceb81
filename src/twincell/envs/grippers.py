"""Arms with grippers, and the axes of the parts that they hold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from twincell.errors import EnvError
from twincell.world.model import World
from twincell.world.robots import Arm, Gripper

__all__ = ["arm_with_gripper", "part_axes"]


def arm_with_gripper(world: World, name: str) -> tuple[Arm, Gripper]:
    """An arm and its gripper.

    Raises:
        EnvError: it has none.
    """
    entry = world.arms[name]
    if entry.gripper is None:
        valid = ", ".join(n for n, a in world.arms.items() if a.gripper is not None)
        raise EnvError(f"arm '{name}' has no gripper; valid: {valid}")
    return entry, entry.gripper


def part_axes(turn: Rotation) -> NDArray[np.float64]:
    """The parts' x and z axes in the world, shape (n, 6), as observations hold them.

    Args:
        turn: of n parts.
    """
    return np.asarray(turn.as_matrix()[:, :, [0, 2]].transpose(0, 2, 1).reshape(-1, 6))
