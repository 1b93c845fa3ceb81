"""How good a policy is: whole episodes, each from its own seed, with an exact interval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import gymnasium
import numpy as np

from twincell.errors import TrainingError
from twincell.study.rates import share_interval

__all__ = ["Judgement", "Policy", "judge"]


class Policy(Protocol):
    """Whatever answers an observation with an action, as stable-baselines3's models do."""

    def predict(self, observation: Any, *, deterministic: bool = True) -> tuple[Any, Any]:
        """The action for an observation, and what it wants to remember."""


@dataclass(frozen=True)
class Judgement:
    """What came out of whole episodes.

    Attributes:
        episodes: how many.
        successes: that ended with `is_success`.
        steps: of all episodes.
        mean_return: sum of rewards, mean over episodes.
        mean_distance: to the goal at the end, where the environment tells it [m].
        contacts: episodes with a contact, where the environment tells it.
    """

    episodes: int
    successes: int
    steps: int
    mean_return: float
    mean_distance: float | None
    contacts: int | None

    @property
    def share(self) -> float:
        """Of successes."""
        return self.successes / self.episodes

    @property
    def interval(self) -> tuple[float, float]:
        """Exact 95 % interval of the share (Clopper-Pearson)."""
        return share_interval(self.successes, self.episodes)


def judge(
    env: str, options: Mapping[str, Any], policy: Policy, episodes: int, seed: int
) -> Judgement:
    """Play episodes without exploration; episode i starts from `seed` + i.

    Args:
        env: registered id.
        options: of the environment.
        policy: to be judged.
        episodes: how many.
        seed: of the first.

    Raises:
        TrainingError: fewer than one episode, or an environment that tells no success.
        EnvError: options that the environment refuses.
    """
    if episodes < 1:
        raise TrainingError(f"episodes {episodes}; valid: from 1 on")
    successes = steps = touched = 0
    returns, distances, tells = 0.0, [], False
    with gymnasium.make(env, **options) as world:
        for number in range(episodes):
            seen, _ = world.reset(seed=seed + number)
            touch = over = False
            info: dict[str, Any] = {}
            while not over:
                action, _ = policy.predict(seen, deterministic=True)
                seen, reward, terminated, truncated, info = world.step(action)
                over = terminated or truncated
                returns += float(reward)
                steps += 1
                if "contact" in info:
                    tells, touch = True, touch or bool(info["contact"])
            if "is_success" not in info:
                raise TrainingError(f"{env}: its info has no 'is_success'; valid: one that has")
            successes += bool(info["is_success"])
            touched += touch
            if "distance" in info:
                distances.append(float(info["distance"]))
    return Judgement(
        episodes,
        successes,
        steps,
        returns / episodes,
        float(np.mean(distances)) if distances else None,
        touched if tells else None,
    )
