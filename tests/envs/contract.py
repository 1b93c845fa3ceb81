"""What every environment with Bullet's contacts keeps to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np

Act = Callable[[np.random.Generator], np.ndarray]


def many_do_as_one(name: str, alone: gym.Env, most: float = 1.0) -> None:
    """An environment of many does what one with its seed does, to the bit.

    Args:
        name: registered id.
        alone: one of it.
        most: largest action.
    """
    many = gym.make_vec(name, 2, vectorization_mode="vector_entry_point")
    first, _ = many.reset(seed=5)
    seen, _ = alone.reset(seed=6)
    assert np.array_equal(first["observation"][1], seen["observation"])
    rng = np.random.default_rng(1)
    size = alone.action_space.shape[0]
    for _ in range(10):
        actions = rng.uniform(-most, most, (2, size)).astype(np.float32)
        all_seen, rewards, *_ = many.step(actions)
        seen, reward, *_ = alone.step(actions[1])
        assert np.array_equal(all_seen["observation"][1], seen["observation"])
        assert rewards[1] == reward
    many.close()


def episodes_do_not_depend_on_those_before(
    name: str, act: Act, periods: int, **options: Any
) -> None:
    """One seed gives one episode, whatever the same environment did before it.

    Args:
        name: registered id.
        act: draws an action.
        periods: of an episode, at most.
        **options: of the environment.
    """

    def joints(seen: Any) -> np.ndarray:
        return seen["observation"] if isinstance(seen, dict) else seen

    def episode(env: gym.Env, seed: int) -> list[np.ndarray]:
        rng = np.random.default_rng(seed)
        seen = [joints(env.reset(seed=seed)[0])]
        for _ in range(periods):
            now, _, terminated, truncated, _ = env.step(act(rng))
            seen.append(joints(now))
            if terminated or truncated:
                break
        return seen

    with gym.make(name, **options) as env:
        first = episode(env, 4)
        for other in (7, 8):
            episode(env, other)
        again = episode(env, 4)
    assert len(first) == len(again)
    for a, b in zip(first, again, strict=True):
        assert np.array_equal(a, b)
