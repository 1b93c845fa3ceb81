"""What a policy sees: observations brought to the order of one, and the way to the goal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor

from twincell.training.layout import layout

__all__ = ["GoalFeatures", "Numbers", "measure", "unscaled"]

_SAMPLES = 50
"""Periods of chance, in each copy, by which offsets and scales are measured."""

_FINE = (0.2, 0.04)
"""Where further looks at the difference saturate, as shares of its scale."""

_LEAST = 0.01
"""Scale of a number that chance moves less [m, rad, m/s, rad/s or 1]: a policy moves it more."""

_MOST = 10.0
"""Standardised numbers end here."""

Numbers = dict[str, list[float]]


def measure(venv: Any) -> tuple[Numbers, Numbers]:
    """Offset and scale of each number that is seen, by actions of chance.

    Args:
        venv: a VecEnv of stable-baselines3, its seed set.

    Returns:
        Mean and standard deviation by key; a number that does not move gets a scale of one.
    """
    keys = layout(venv.observation_space)
    seen: dict[str, list[NDArray[Any]]] = {key: [] for key, _ in keys}

    def keep(row: Any) -> None:
        for key in seen:
            part = row[key] if isinstance(row, dict) else row
            seen[key].append(np.asarray(part).reshape(len(part), -1))

    keep(venv.reset())
    for _ in range(_SAMPLES):
        actions = np.stack([venv.action_space.sample() for _ in range(venv.num_envs)])
        keep(venv.step(actions)[0])
    mean, scale = {}, {}
    for key, rows in seen.items():
        all_rows = np.concatenate(rows).astype(float)
        spread = all_rows.std(axis=0)
        mean[key] = all_rows.mean(axis=0).tolist()
        scale[key] = np.where(spread > 1e-6, np.maximum(spread, _LEAST), 1.0).tolist()
    return mean, scale


def unscaled(venv: Any) -> tuple[Numbers, Numbers]:
    """Offsets of zero and scales of one, in the form of `measure`."""
    keys = layout(venv.observation_space)
    return {k: [0.0] * size for k, size in keys}, {k: [1.0] * size for k, size in keys}


class GoalFeatures(BaseFeaturesExtractor):  # type: ignore[misc]  # stable-baselines3 is untyped here
    """Standardised observation; with goals also the difference of both goals, at several scales.

    The difference is scaled by itself: of two standardised goals it would be the small rest. The
    further times it saturates early, so that the last millimetres are no small number either.

    Args:
        observation_space: a box, or a dictionary in the GoalEnv form.
        mean: offsets by key.
        scale: scales by key.
        fine: where further looks at the difference saturate, as shares of its scale.
    """

    def __init__(
        self,
        observation_space: spaces.Space[Any],
        mean: Numbers,
        scale: Numbers,
        fine: Sequence[float] = _FINE,
    ) -> None:
        sizes = dict(layout(observation_space))
        self.goal = "achieved_goal" in sizes
        parts = [k for k in sizes if k != "achieved_goal"]
        extra = sizes.get("achieved_goal", 0)
        super().__init__(observation_space, sum(sizes[k] for k in parts) + (1 + len(fine)) * extra)
        self.parts, self.fine = parts, tuple(fine)
        for key in parts:
            self.register_buffer(f"mean_{key}", torch.tensor(mean[key], dtype=torch.float32))
            self.register_buffer(f"scale_{key}", torch.tensor(scale[key], dtype=torch.float32))
        if self.goal:
            gap = torch.tensor(scale["desired_goal"], dtype=torch.float32)
            self.register_buffer("scale_gap", gap)

    def forward(self, seen: Any) -> Any:
        """Features, shape (n, features_dim)."""
        if not isinstance(seen, dict):
            seen = {"observation": seen}
        flat = {k: v.float().flatten(1) for k, v in seen.items()}
        out = [
            ((flat[k] - getattr(self, f"mean_{k}")) / getattr(self, f"scale_{k}")).clamp(
                -_MOST, _MOST
            )
            for k in self.parts
        ]
        if self.goal:
            gap = (flat["desired_goal"] - flat["achieved_goal"]) / self.scale_gap
            out += [gap, *(torch.tanh(gap / share) for share in self.fine)]
        return torch.cat(out, dim=1)
