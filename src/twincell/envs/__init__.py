"""Gymnasium environments over the arms of a world file; importing this room registers them.

| id | task |
|---|---|
| `twincell/Reach-v0` | bring the tip of an arm to a point and hold it there |
| `twincell/ReachPose-v0` | the same with an orientation |
"""

from __future__ import annotations

import gymnasium

__all__ = ["IDS"]

_ENTRIES = {
    "twincell/Reach-v0": ("twincell.envs.reach:ReachEnv", "twincell.envs.vector:ReachVectorEnv"),
    "twincell/ReachPose-v0": (
        "twincell.envs.pose:ReachPoseEnv",
        "twincell.envs.vector:ReachPoseVectorEnv",
    ),
}

IDS = tuple(_ENTRIES)
"""Every registered environment."""

for _name, (_one, _many) in _ENTRIES.items():
    if _name not in gymnasium.registry:
        gymnasium.register(
            _name, entry_point=_one, vector_entry_point=_many, max_episode_steps=50
        )  # fmt: skip
