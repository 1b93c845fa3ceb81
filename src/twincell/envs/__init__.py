"""Gymnasium environments over the arms of a world file; importing this room registers them.

| id | task |
|---|---|
| `twincell/Reach-v0` | bring the tip of an arm to a point and hold it there |
| `twincell/ReachPose-v0` | the same with an orientation |
| `twincell/ReachClear-v0` | the same among other arms and a visitor, nothing touched |
| `twincell/ScanBlade-v0` | carry a profiler past a blade: see what the planned pass sees, as fast |
| `twincell/PickBlade-v0` | grasp a blade in the in-tray, lift it, and bring it into the fixture |
| `twincell/TwoArmHandOver-v0` | give a blade from one arm's hand into another's |
"""

from __future__ import annotations

import gymnasium

__all__ = ["IDS"]

_ENTRIES = {
    "twincell/Reach-v0": ("reach:ReachEnv", "vector:ReachVectorEnv", 50),
    "twincell/ReachPose-v0": ("pose:ReachPoseEnv", "vector:ReachPoseVectorEnv", 50),
    "twincell/ReachClear-v0": ("clear:ReachClearEnv", "vector:ReachClearVectorEnv", 100),
    "twincell/ScanBlade-v0": ("scan:ScanBladeEnv", "vector:ScanBladeVectorEnv", 1000),
    "twincell/PickBlade-v0": ("pick:PickBladeEnv", "vector:PickBladeVectorEnv", 100),
    "twincell/TwoArmHandOver-v0": (
        "hand_over:TwoArmHandOverEnv",
        "vector:TwoArmHandOverVectorEnv",
        100,
    ),
}

IDS = tuple(_ENTRIES)
"""Every registered environment."""

for _name, (_one, _many, _periods) in _ENTRIES.items():
    if _name not in gymnasium.registry:
        gymnasium.register(
            _name,
            entry_point=f"twincell.envs.{_one}",
            vector_entry_point=f"twincell.envs.{_many}",
            max_episode_steps=_periods,
        )
