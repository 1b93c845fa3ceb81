"""One seed: trained in pieces, judged and saved after each, resumed from the last."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import torch
from stable_baselines3.common.utils import ConstantSchedule
from stable_baselines3.common.vec_env import VecNormalize

from twincell.errors import TrainingError
from twincell.training.adapter import make_many
from twincell.training.algorithms import algorithm
from twincell.training.evaluation import judge
from twincell.training.features import measure, unscaled
from twincell.training.imitation import imitate
from twincell.training.model import new_model
from twincell.training.records import RESULT, read_result
from twincell.training.settings import Settings
from twincell.training.teachers import teacher

__all__ = ["CURVE", "POLICY", "STATES", "largest_seed", "prove", "train_seed"]

POLICY, CURVE = "policy.zip", "curve.csv"
"""Files of a seed's folder: the policy as stable-baselines3 saves it; steps against success."""

_NEW, _KEPT, _OLD = "checkpoint.new", "checkpoint", "checkpoint.old"
"""Folders of a checkpoint that is being written, of the last one, and of the one before."""

STATES = tuple(f"{name}/state.json" for name in (_KEPT, _OLD))
"""Files of a checkpoint from which a training goes on, the newer first."""

_SCALES = "rewards.pkl"
"""Of a checkpoint: what rewards are divided by, where the settings want them normalised."""

_LOOKS = 20
"""Episodes of a check on the way."""
_JUDGED = 1_000_000
"""First seed of the episodes by which policies are judged, each policy by others."""
_TRAINED = 2**30
"""First seed of those from which training starts; judging never gets there."""


def train_seed(
    settings: Settings,
    seed: int,
    folder: Path,
    episodes: int,
    tell: Callable[[int], None] = lambda _steps: None,
) -> dict[str, Any]:
    """Train one policy, or go on with it where `folder` has a checkpoint.

    Args:
        settings: of the training.
        seed: root of all chance.
        folder: of this seed; gets `POLICY`, `CURVE`, `RESULT`, `checkpoint` on the way, and
            TensorBoard's files.
        episodes: by which the policy is judged in the end, on `settings.options` alone.
        tell: takes the steps done.

    Returns:
        `seed`, `steps`, `seconds` (of all pieces), `success_rate`, `episodes`, `successes`, `curve`
        (rows of steps, share of successes, mean return).

    Raises:
        TrainingError: settings that the algorithm refuses, or a result that is none.
        EnvError: options that the environment refuses.
    """
    result = folder / RESULT
    if result.is_file():
        done = read_result(result)
        tell(done["steps"])
        return done
    torch.set_num_threads(1)  # networks this small lose time with more
    folder.mkdir(parents=True, exist_ok=True)
    venv = _copies(settings, seed)
    model, state = _resume(settings, folder, venv)
    if model is None:
        model = new_model(settings, seed, venv, measure(venv), folder / "tensorboard")
    # a new model has seeded its environments by its own seed: neighbours' copies would be alike
    model.get_env().seed(_first(seed, model.num_timesteps))
    began = time.perf_counter() - state["seconds"]
    if settings.warm_start and settings.algo == "ppo" and not model.num_timesteps:

        def after(steps: int) -> None:
            model.num_timesteps = steps
            _look(settings, seed, model, state)
            tell(steps)

        warm, epochs = settings.warm_start, settings.warm_epochs
        imitate(model, teacher(settings.env), warm, epochs, seed, after)
        _save(model, state, began, folder)
    given = settings.arguments.get(settings.algo, {})
    while model.num_timesteps < settings.steps:
        piece = min(settings.every, settings.steps - model.num_timesteps)
        if given.get("anneal"):
            left = 1 - model.num_timesteps / settings.steps
            model.lr_schedule = ConstantSchedule(given["learning_rate"] * left)
        model.learn(piece, reset_num_timesteps=False, tb_log_name="run")
        _look(settings, seed, model, state)
        _save(model, state, began, folder)
        tell(int(model.num_timesteps))
    final = judge(settings.env, settings.options, model, episodes, _JUDGED + episodes * seed)
    venv.close()
    model.save(folder / POLICY)
    rows = ["steps,success,return", *(f"{a},{b:.4f},{c:.5f}" for a, b, c in state["curve"])]
    (folder / CURVE).write_text("\n".join(rows) + "\n", encoding="utf-8")
    outcome = {
        "seed": seed,
        "steps": int(model.num_timesteps),
        "seconds": round(time.perf_counter() - began, 1),
        "success_rate": final.share,
        "episodes": final.episodes,
        "successes": final.successes,
        "curve": state["curve"],
    }
    part = folder / "result.part"
    part.write_text(json.dumps(outcome) + "\n", encoding="utf-8")
    part.replace(result)
    for name in (_NEW, _KEPT, _OLD):
        shutil.rmtree(folder / name, ignore_errors=True)
    return outcome


def prove(settings: Settings) -> None:
    """Make once what a training will make, before anything is written.

    Raises:
        TrainingError: settings that the algorithm refuses, or an environment that tells no success.
        EnvError: options that the environment refuses.
    """
    try:
        with gymnasium.make(settings.env, **settings.options) as world:
            world.reset(seed=0)
            world.action_space.seed(0)
            *_, info = world.step(world.action_space.sample())
        venv = _copies(settings, 0)
    except (TypeError, gymnasium.error.Error) as fault:  # of an environment that is not ours
        raise TrainingError(f"{settings.env}: given: {fault}; valid: what it takes") from None
    try:
        if "is_success" not in info:
            raise TrainingError(f"{settings.env}: its info has no 'is_success'; valid: with it")
        new_model(settings, 0, venv, unscaled(venv), None)
    finally:
        venv.close()


def largest_seed(episodes: int) -> int:
    """The last seed whose `episodes` that judge come before all that train."""
    return (_TRAINED - _JUDGED) // episodes - 1


def _copies(settings: Settings, seed: int) -> Any:
    """The environments of a training.

    Raises:
        TrainingError: hindsight replay without goals.
        EnvError: options that the environment refuses.
    """
    her = bool(settings.arguments.get(settings.algo, {}).get("her", False))
    options = {**settings.options, **settings.train_options}
    venv = make_many(settings.env, settings.envs, options, _first(seed, 0), her)
    if her and "achieved_goal" not in getattr(venv.observation_space, "spaces", {}):
        venv.close()
        raise TrainingError(
            f"{settings.algo}.her: {settings.env} has no goals to replay; valid: without it"
        )
    return venv


def _first(seed: int, steps: int) -> int:
    """Seed of the first copy for a training that has `steps` behind it; the others count on."""
    return _TRAINED + int(np.random.default_rng([seed, steps]).integers(_TRAINED - 2**20))


def _look(settings: Settings, seed: int, model: Any, state: dict[str, Any]) -> None:
    """Judge on the way: a row of the curve."""
    first = _JUDGED // 2 + _LOOKS * seed
    looked = judge(settings.env, settings.options, model, _LOOKS, first)
    state["curve"].append([int(model.num_timesteps), looked.share, looked.mean_return])


def _save(model: Any, state: dict[str, Any], began: float, folder: Path) -> None:
    """A checkpoint that is there whole or not at all, whenever the process is killed."""
    state["seconds"] = time.perf_counter() - began
    new, kept, old = (folder / name for name in (_NEW, _KEPT, _OLD))
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    model.save(new / "model.zip")
    if model.get_vec_normalize_env() is not None:
        model.get_vec_normalize_env().save(new / _SCALES)
    if hasattr(model, "save_replay_buffer"):
        model.save_replay_buffer(new / "replay.pkl")
    (new / "state.json").write_text(json.dumps(state), encoding="utf-8")
    if kept.exists():  # else the old one is all that a kill has left
        shutil.rmtree(old, ignore_errors=True)
        kept.rename(old)
    new.rename(kept)
    shutil.rmtree(old, ignore_errors=True)


def _resume(settings: Settings, folder: Path, venv: Any) -> tuple[Any, dict[str, Any]]:
    """The last checkpoint, if there is one."""
    for name in (_KEPT, _OLD):
        kept = folder / name
        if (kept / "state.json").is_file():
            if (kept / _SCALES).is_file():
                venv = VecNormalize.load(str(kept / _SCALES), venv)
            model = algorithm(settings.algo).load(kept / "model.zip", env=venv, device="cpu")
            if (kept / "replay.pkl").is_file():
                model.load_replay_buffer(kept / "replay.pkl")
            return model, json.loads((kept / "state.json").read_text(encoding="utf-8"))
    return None, {"seconds": 0.0, "curve": []}
