"""Gymnasium environments over the arms of a world file; importing this room registers them.

| id | task |
|---|---|
| `twincell/Reach-v0` | bring the tip of an arm to a point and hold it there |
"""

from __future__ import annotations

import gymnasium

__all__ = ["IDS"]

IDS = ("twincell/Reach-v0",)
"""Every registered environment."""

if IDS[0] not in gymnasium.registry:
    gymnasium.register(
        IDS[0],
        entry_point="twincell.envs.reach:ReachEnv",
        vector_entry_point="twincell.envs.vector:ReachVectorEnv",
        max_episode_steps=50,
    )
