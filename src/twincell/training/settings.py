"""What is tuned for each environment: one TOML file an id, checked key by key."""

from __future__ import annotations

import inspect
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import gymnasium

import twincell.envs
from twincell.errors import TrainingError, did_you_mean
from twincell.training.algorithms import ALGORITHMS, algorithm
from twincell.training.teachers import teacher

__all__ = ["EPOCHS", "OURS", "Settings", "environment_id", "load_settings"]

_KEYS = (
    "algo", "steps", "envs", "every", "warm_start", "warm_epochs", "options", "train_options",
    *ALGORITHMS,
)  # fmt: skip
EPOCHS = 24
"""Of a warm start, where nothing else is said; as before settings said it."""
OURS = ("net", "her", "log_std", "anneal", "fine", "norm_reward")
"""Keys of an algorithm's table that are not arguments of its class."""
_SET = (
    "self", "env", "policy", "seed", "device", "verbose", "tensorboard_log", "policy_kwargs",
    "replay_buffer_class", "_init_setup_model",
)  # fmt: skip
"""Arguments that the trainer sets itself."""


@dataclass(frozen=True)
class Settings:
    """How an environment is trained.

    Attributes:
        env: registered id.
        algo: `ppo`, `sac` or `tqc`.
        steps: of the environment, over all copies.
        envs: copies in one process.
        every: steps between two checks of the policy, each of which is a checkpoint, too; the
            rounds of a warm start are checked by themselves, and one that is cut off begins anew.
        warm_start: steps in which PPO's first policy imitates the scripted way through the task
            (`training.teachers`) before it learns by itself; they count as steps. 0: none.
        warm_epochs: over all that was told, the last time that it is fitted to it.
        options: of the environment, in training and when judged.
        train_options: in training only, beside `options`.
        arguments: of the algorithm's class, by algorithm; `net` (hidden layers), `her`
            (hindsight replay), `log_std` (of PPO's first actions), `anneal` (whether the learning
            rate falls to nothing, check by check), `norm_reward` (whether rewards are divided by
            the running deviation of returns) and `fine` (see `GoalFeatures`) besides.
    """

    env: str
    algo: str = "sac"
    steps: int = 50_000
    envs: int = 8
    every: int = 2_000
    warm_start: int = 0
    warm_epochs: int = EPOCHS
    options: Mapping[str, Any] = field(default_factory=dict)
    train_options: Mapping[str, Any] = field(default_factory=dict)
    arguments: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.algo not in ALGORITHMS:
            raise TrainingError(f"algo '{self.algo}'; {did_you_mean(self.algo, ALGORITHMS)}")
        for name in ("steps", "envs", "every", "warm_epochs"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise TrainingError(f"{name} {value!r}; valid: a whole number from 1 on")
        warm: Any = self.warm_start
        if type(warm) is not int or warm < 0:
            raise TrainingError(f"warm_start {warm!r}; valid: a whole number from 0 on")
        if self.algo == "ppo" and warm > self.steps:  # the others have no warm start
            raise TrainingError(f"warm_start {warm}; valid: 0 to the steps in all, {self.steps}")
        if self.warm_start and self.algo == "ppo":
            teacher(self.env)
            action = {**self.options, **self.train_options}.get("action", "cartesian")
            if action != "cartesian":
                raise TrainingError(
                    f"warm_start {warm} with action '{action}': scripted ways act by 'cartesian'; "
                    "valid: that, or warm_start 0"
                )
        known = [p for p in inspect.signature(algorithm(self.algo)).parameters if p not in _SET]
        for key in self.arguments.get(self.algo, {}):
            if key not in (*known, *OURS):
                hint = did_you_mean(key, [*known, *OURS])
                raise TrainingError(f"{self.algo}.{key}; {hint}")
        self._check_ours()

    def _check_ours(self) -> None:
        """Raise where keys that the trainer takes itself lack what they need."""
        given = self.arguments.get(self.algo, {})
        if given.get("her") and self.algo == "ppo":
            raise TrainingError("ppo.her: PPO keeps nothing to replay; valid: sac, tqc")
        net = given.get("net", [])
        if not isinstance(net, (list, tuple)) or any(type(n) is not int or n < 1 for n in net):
            raise TrainingError(
                f"{self.algo}.net {net!r}; valid: a list of whole numbers from 1 on, as [64, 64]"
            )
        rate = given.get("learning_rate")
        falls = isinstance(rate, (int, float)) and rate > 0
        if given.get("anneal") and not falls:
            raise TrainingError(
                f"{self.algo}.anneal with learning_rate {rate!r}; valid: a number above 0, from "
                "which it falls"
            )

    def changed(self, **given: Any) -> Settings:
        """The same with what is not None in `given`."""
        return replace(self, **{k: v for k, v in given.items() if v is not None})

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it; only the arguments of the algorithm that is used."""
        warm = self.warm_start if self.algo == "ppo" else 0
        return {
            "env": self.env,
            "algo": self.algo,
            "steps": self.steps,
            "envs": self.envs,
            "every": self.every,
            "warm_start": warm,
            "warm_epochs": self.warm_epochs if warm else EPOCHS,
            "options": dict(self.options),
            "train_options": dict(self.train_options),
            "arguments": {self.algo: dict(self.arguments.get(self.algo, {}))},
        }


def environment_id(given: str) -> str:
    """A registered id; the namespace may be left out.

    Raises:
        TrainingError: there is none.
    """
    for name in (given, f"twincell/{given}"):
        if name in gymnasium.registry:
            return name
    full = given if "/" in given else f"twincell/{given}"
    raise TrainingError(f"environment '{given}'; {did_you_mean(full, twincell.envs.IDS)}")


def load_settings(env: str, file: Path | None = None) -> Settings:
    """The settings of an id: `file`, or what is shipped for it, or the defaults.

    Raises:
        TrainingError: an unknown id, a file that cannot be read, an unknown key, a wrong value.
    """
    env = environment_id(env)
    if file is None:
        shipped = files("twincell.training") / "settings" / f"{env.split('/')[-1]}.toml"
        if not shipped.is_file():
            return Settings(env)
        name, text = shipped.name, shipped.read_text(encoding="utf-8")
    else:
        try:
            name, text = str(file), file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as fault:
            raise TrainingError(f"{file}: given: {fault}; valid: a TOML file") from None
    try:
        given = tomllib.loads(text)
        for key in given:
            if key not in _KEYS:
                raise TrainingError(f"key '{key}'; {did_you_mean(key, _KEYS)}")
        plain = {k: v for k, v in given.items() if k not in ALGORITHMS}
        tables = {k: v for k, v in given.items() if k in ALGORITHMS}
        for key, value in (plain | tables).items():
            if (key in ALGORITHMS or key.endswith("options")) and not isinstance(value, dict):
                raise TrainingError(f"{key} {value!r}; valid: a table")
        return Settings(env, arguments=tables, **plain)
    except (tomllib.TOMLDecodeError, TrainingError) as fault:
        raise TrainingError(f"{name}: {fault}") from None
