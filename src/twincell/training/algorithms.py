"""The algorithms by name: PPO, SAC and TQC of stable-baselines3."""

from __future__ import annotations

from typing import Any

from twincell.errors import TrainingError, did_you_mean

__all__ = ["ALGORITHMS", "algorithm"]

ALGORITHMS = ("ppo", "sac", "tqc")
"""PPO (Schulman et al., 2017), SAC (Haarnoja et al., 2018), TQC (Kuznetsov et al., 2020)."""


def algorithm(name: str) -> Any:
    """The class of stable-baselines3 or sb3-contrib.

    Raises:
        TrainingError: an unknown name, or what training needs is not installed.
    """
    if name not in ALGORITHMS:
        raise TrainingError(f"algo '{name}'; {did_you_mean(name, ALGORITHMS)}")
    try:
        import sb3_contrib
        import stable_baselines3
    except ImportError as missing:
        raise TrainingError(
            f"training needs the package {missing.name}, given: none; valid: after 'make setup'"
        ) from None
    return {"ppo": stable_baselines3.PPO, "sac": stable_baselines3.SAC, "tqc": sb3_contrib.TQC}[
        name
    ]
