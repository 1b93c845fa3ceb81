"""A new model of stable-baselines3 from settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stable_baselines3.common.vec_env import VecNormalize

from twincell.errors import TrainingError
from twincell.training.algorithms import algorithm
from twincell.training.features import GoalFeatures, Numbers
from twincell.training.settings import OURS, Settings

__all__ = ["new_model"]


def new_model(
    settings: Settings, seed: int, venv: Any, scales: tuple[Numbers, Numbers], logs: Path | None
) -> Any:
    """A model that has learnt nothing yet.

    Args:
        settings: of the training.
        seed: root of its chance.
        venv: the environments, of which it holds a wrapper where rewards are normalised.
        scales: offset and scale of what is seen, by key.
        logs: folder of TensorBoard's files.

    Raises:
        TrainingError: arguments that the algorithm refuses.
    """
    given = dict(settings.arguments.get(settings.algo, {}))
    ours = {name: given.pop(name) for name in OURS if name in given}
    if ours.get("her"):
        from stable_baselines3 import HerReplayBuffer

        given["replay_buffer_class"] = HerReplayBuffer
        # rewards of other goals may need what the info tells of the arm
        kept = given.get("replay_buffer_kwargs", {})
        given["replay_buffer_kwargs"] = {"copy_info_dict": True, **kept}
    kind = "MultiInputPolicy" if hasattr(venv.observation_space, "spaces") else "MlpPolicy"
    mean, scale = scales
    fine = {"fine": ours["fine"]} if "fine" in ours else {}
    spread = {"log_std_init": ours["log_std"]} if "log_std" in ours else {}
    try:
        if ours.get("norm_reward"):
            gamma = given.get("gamma", 0.99)
            venv = VecNormalize(venv, norm_obs=False, norm_reward=True, gamma=gamma)
        return algorithm(settings.algo)(
            kind,
            venv,
            seed=seed,
            device="cpu",
            tensorboard_log=None if logs is None else str(logs),
            policy_kwargs={
                "net_arch": list(ours.get("net", [64, 64])),
                **spread,
                "features_extractor_class": GoalFeatures,
                "features_extractor_kwargs": {"mean": mean, "scale": scale, **fine},
            },
            **given,
        )
    except (AssertionError, TypeError, ValueError) as fault:
        raise TrainingError(
            f"{settings.algo}: given: {fault}; valid: what its class takes, see "
            "stable-baselines3's documentation"
        ) from fault
