"""Observations as one vector: which parts, of which size, in which order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

__all__ = ["FITS", "layout", "of_environment", "told"]

FITS = ("arm", "joints", "action", "rate", "home")
"""What must be the same where a policy acts and where it was trained."""
_TOLD = ("world", "arm", "action", "rate", "tolerance")


def layout(space: spaces.Space[Any]) -> list[tuple[str, int]]:
    """Keys and sizes of an observation as one vector, in the order of the policy's file.

    A plain box counts as the key `observation`.
    """
    if isinstance(space, spaces.Dict):
        return [(key, int(np.prod(box.shape or (1,)))) for key, box in space.spaces.items()]
    return [("observation", int(np.prod(space.shape or (1,))))]


def told(task: Any) -> dict[str, Any]:
    """What a task of ours says of itself: world, arm, joints, action, rate [Hz], tolerance, home.

    `home` is the tip's position [m] and its x and z axis at the world file's home, to 0.1 mm: an
    arm that stands elsewhere, or carries another tool, sees and does something else.

    Args:
        task: of an environment; None where it has none.
    """
    options = getattr(task, "options", None)
    said = {name: getattr(options, name) for name in _TOLD if hasattr(options, name)}
    if options is not None:
        said["joints"] = list(task.arm.joints)
        axes = task.turn[:, [0, 2]].T
        said["home"] = (np.round([*task.centre, *axes.ravel()], 4) + 0.0).tolist()
    return said


def of_environment(env: str, options: Mapping[str, Any]) -> tuple[dict[str, int], dict[str, Any]]:
    """Sizes of the observation by key, and `FITS`, of an environment as made.

    Raises:
        EnvError: options that the environment refuses.
    """
    with gymnasium.make(env, **options) as world:
        said = told(getattr(world.unwrapped, "task", None))
        sizes = dict(layout(world.observation_space))
    return sizes, {k: v for k, v in said.items() if k in FITS}
