#!/usr/bin/env python3
"""Draw docs/pictures/environments.png, hand_over.png or both: strips of episodes.

Shipped policies act; what has none goes the scripted way.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from PIL import Image

import twincell.envs  # noqa: F401  (registers)
from twincell.training.policy import OnnxPolicy
from twincell.training.teachers import teacher

ROOT = Path(__file__).resolve().parent.parent
SHOWN = (0, 2, 5, 24)
"""Periods shown of an episode; of ReachClear-v0 four times as late."""
LONGER = (0, 0.2, 0.6, 1)
"""Shares shown of an episode that ends when all is done."""


def shipped(name: str) -> Callable[..., np.ndarray]:
    """A policy of this project."""
    policy = OnnxPolicy.load(name)
    return lambda seen, _env: policy.act(seen)


def scripted(name: str) -> Callable[..., np.ndarray]:
    """The scripted way through an environment."""
    act = teacher(name)

    def policy(seen: Any, env: Any) -> np.ndarray:
        keyed = isinstance(seen, dict)
        one = {k: v[None] for k, v in seen.items()} if keyed else seen[None]
        return act(env.unwrapped.task, one)[0]

    return policy


def played(
    name: str,
    seed: int,
    policy: Callable[..., np.ndarray],
    shown: Sequence[int] = (),
) -> tuple[int, list[np.ndarray]]:
    """How long an episode is, and pictures of it before some of its periods."""
    env = gym.make(name, render_mode="rgb_array")
    seen, info = env.reset(seed=seed)
    pictures, over, period = [], False, 0
    while True:
        if period in shown:
            pictures += [np.asarray(env.render())] * shown.count(period)
        if over:
            break
        action = np.clip(policy(seen, env), -1, 1).astype(np.float32)
        seen, _, terminated, truncated, info = env.step(action)
        period, over = period + 1, terminated or truncated
    env.close()
    if shown:
        print(name, period, info)
    return period, pictures


def strip(name: str, seed: int, policy: Callable[..., np.ndarray], shown: Sequence[int]) -> Any:
    """Some moments of an episode side by side."""
    pictures = played(name, seed, policy, shown)[1]
    small = [Image.fromarray(picture).resize((240, 180)) for picture in pictures]
    return np.concatenate([np.asarray(picture) for picture in small], axis=1)


def whole(name: str, seed: int, policy: Callable[..., np.ndarray]) -> Any:
    """A strip from the first to the last; the same seed gives the same episode twice."""
    last = played(name, seed, policy)[0]
    return strip(name, seed, policy, [round(share * last) for share in LONGER])


def main() -> None:
    """Draw and write both pictures, or the one that is named."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "picture", nargs="?", choices=("environments", "hand_over"), help="both without it"
    )
    wanted = parser.parse_args().picture
    if wanted != "environments":
        hand_over()
    if wanted != "hand_over":
        environments()


def hand_over() -> None:
    """Draw the strip of TwoArmHandOver."""
    both = "twincell/TwoArmHandOver-v0"
    hands = Image.fromarray(strip(both, 1, scripted(both), (0, 14, 26, 60)))
    hands.save(ROOT / "docs/pictures/hand_over.png", optimize=True)


def environments() -> None:
    """Draw one strip of each of the others."""
    clear, scan = "twincell/ReachClear-v0", "twincell/ScanBlade-v0"
    rows = [
        strip("twincell/Reach-v0", 1, shipped("reach-5mm"), SHOWN),
        strip("twincell/ReachPose-v0", 4, shipped("reach-pose"), SHOWN),
        strip(clear, 3, shipped("reach-clear"), [4 * k for k in SHOWN]),
        whole(scan, 1, shipped("scan-blade")),
        whole("twincell/PickBlade-v0", 1, shipped("pick-blade")),
    ]
    picture = Image.fromarray(np.concatenate(rows))
    picture.save(ROOT / "docs/pictures/environments.png", optimize=True)


if __name__ == "__main__":
    main()
