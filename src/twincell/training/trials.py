"""A policy judged goal by goal, so that the environment and the cell stand side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np

from twincell.envs.randomise import Randomise
from twincell.errors import TrainingError
from twincell.study.rates import share_interval
from twincell.training.policy import OnnxPolicy

__all__ = ["CONDITIONS", "Tally", "Trial", "in_environment", "tally"]

CONDITIONS: Mapping[str, dict[str, tuple[float, float]]] = {
    "as it is": {"noise": (0.0, 0.0), "latency": (0, 0)},
    "noise and latency": {"noise": (0.0, 0.002), "latency": (0, 2)},
}
"""Ranges of `envs.randomise` that the loop is disturbed with; the arm stays what it is."""


@dataclass(frozen=True)
class Trial:
    """One goal.

    Attributes:
        goal: of the tip [m].
        reached: within the tolerance, at the end.
        distance: from the tip to the goal then [m].
        duration: until then [s].
        text: why it was not reached, where that is told.
    """

    goal: tuple[float, float, float]
    reached: bool
    distance: float
    duration: float
    text: str = ""


@dataclass(frozen=True)
class Tally:
    """What came of many goals.

    Attributes:
        trials: how many.
        reached: of them.
        interval: exact 95 % interval of the share.
        distance: median at the end [m].
        duration: median [s].
    """

    trials: int
    reached: int
    interval: tuple[float, float]
    distance: float
    duration: float


def tally(trials: Sequence[Trial]) -> Tally:
    """Sum up.

    Raises:
        TrainingError: no trials.
    """
    if not trials:
        raise TrainingError("no trials; valid: at least one")
    reached = sum(t.reached for t in trials)
    return Tally(
        len(trials),
        reached,
        share_interval(reached, len(trials)),
        float(np.median([t.distance for t in trials])),
        float(np.median([t.duration for t in trials])),
    )


def in_environment(
    policy: OnnxPolicy, episodes: int, seed: int, condition: str = "as it is", **options: Any
) -> list[Trial]:
    """Whole episodes, each to its last step.

    Args:
        policy: judged in the environment that its file names.
        episodes: how many; episode i starts from `seed` + i, and so has the same goal under every
            condition.
        seed: of the first.
        condition: of `CONDITIONS`.
        **options: of the environment, beside the policy's own.

    Raises:
        TrainingError: fewer than one episode.
        EnvError: options that the environment refuses.
    """
    if episodes < 1:
        raise TrainingError(f"episodes {episodes}; valid: from 1 on")
    given = {**policy.about["options"], **options}
    trials = []
    with gymnasium.make(policy.about["env_id"], **given) as env:
        made = env.unwrapped.task.options  # type: ignore[attr-defined]
        period = 1.0 / made.rate
        # arms without contacts are always what they are
        kinds = () if made.physics == "free" else ("mass", "damping", "effort")
        still = dict.fromkeys(kinds, (1.0, 1.0))
        world = Randomise(env, **CONDITIONS[condition], **still)
        for number in range(episodes):
            seen, info = world.reset(seed=seed + number)
            goal = tuple(float(x) for x in seen["desired_goal"])
            over, steps = False, 0
            while not over:
                seen, _, terminated, truncated, info = world.step(policy.act(seen))
                over, steps = terminated or truncated, steps + 1
            trials.append(
                Trial(goal, bool(info["is_success"]), float(info["distance"]), steps * period)  # type: ignore[arg-type]
            )
    return trials
