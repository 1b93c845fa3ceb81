#!/usr/bin/env python3
"""Draw docs/pictures/environments.png: a strip of each environment, solved by who knows the way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from PIL import Image
from scipy.spatial.transform import Rotation

import twincell.envs  # noqa: F401  (registers)

ROOT = Path(__file__).resolve().parent.parent
SHOWN = (0, 2, 5, 24)
"""Periods shown of an episode; of ReachClear-v0 four times as late."""


def point(seen: dict[str, Any], _env: Any) -> np.ndarray:
    """The step to the goal."""
    return np.asarray((seen["desired_goal"] - seen["achieved_goal"])[:3] / 0.05) * 0.4


def pose(seen: dict[str, Any], env: Any) -> np.ndarray:
    """The step and the turn to the goal."""

    def turn(goal: np.ndarray) -> Any:
        x, z = goal[3:6].astype(float), goal[6:].astype(float)
        return Rotation.from_matrix(np.stack([x, np.cross(z, x), z], axis=1))

    by = turn(seen["desired_goal"]) * turn(seen["achieved_goal"]).inv()
    return np.concatenate([point(seen, env), 0.4 * by.as_rotvec() / 0.2])


def clear(seen: dict[str, Any], env: Any) -> np.ndarray:
    """Wait until the visitor has passed."""
    middle = env.unwrapped.task.centre
    if seen["observation"][20] < middle[0] + 0.3:
        return np.asarray((middle - seen["achieved_goal"]) / 0.05)
    return point(seen, env)


def strip(name: str, seed: int, policy: Callable[..., np.ndarray], slower: int) -> np.ndarray:
    """Pictures side by side."""
    env = gym.make(name, render_mode="rgb_array")
    seen, info = env.reset(seed=seed)
    pictures = []
    for k in range(SHOWN[-1] * slower + 1):
        if k % slower == 0 and k // slower in SHOWN:
            picture = Image.fromarray(np.asarray(env.render())).resize((240, 180))
            pictures.append(np.asarray(picture))
        action = np.clip(policy(seen, env), -1, 1).astype(np.float32)
        seen, *_, info = env.step(action)
    env.close()
    print(name, info)
    return np.concatenate(pictures, axis=1)


def main() -> None:
    """Draw and write."""
    rows = [
        strip("twincell/Reach-v0", 1, point, 1),
        strip("twincell/ReachPose-v0", 4, pose, 1),
        strip("twincell/ReachClear-v0", 3, clear, 4),
    ]
    picture = Image.fromarray(np.concatenate(rows))
    picture.save(ROOT / "docs/pictures/environments.png", optimize=True)


if __name__ == "__main__":
    main()
