"""Scripted ways through tasks, and policies that imitate one before they learn by themselves."""

from __future__ import annotations

import json
from types import SimpleNamespace

import gymnasium as gym
import numpy as np
import pytest
import torch

import twincell.envs
from twincell.errors import TrainingError
from twincell.training import imitation, teachers
from twincell.training.settings import load_settings
from twincell.training.teachers import TEACHERS, teacher
from twincell.training.trainer import train_seed

OPTIONS = {"twincell/ScanBlade-v0": {"physics": "free"}}


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("PickBlade-v0", 4),
        ("ReachClear-v0", 8),
        ("ScanBlade-v0", 6),
        ("TwoArmHandOver-v0", 3),
    ],
)
def test_a_scripted_way_does_its_task(name, least):
    name, many, ended, done, hit = f"twincell/{name}", least, 0, 0, 0
    env = gym.make_vec(name, many, vectorization_mode="vector_entry_point", **OPTIONS.get(name, {}))
    task, act = env.unwrapped.task, teacher(name)
    seen, _ = env.reset(seed=70)
    over = np.zeros(many, bool)
    while not over.all():
        action = act(task, seen)
        assert abs(action).max() <= 1.0
        seen, _, terminated, truncated, info = env.step(action.astype(np.float32))
        for row in np.flatnonzero((terminated | truncated) & ~over):
            ended += 1
            done += bool(info["final_info"]["is_success"][row])
            hit += bool(info["final_info"].get("contact", np.zeros(many))[row])
        over |= terminated | truncated
    env.close()
    assert ended == many
    assert hit == 0
    assert done >= many - 1


def straight(task, seen):
    """The closed form of Reach: the Cartesian step to the goal."""
    return np.clip(12.0 * (seen["desired_goal"] - seen["achieved_goal"]), -1.0, 1.0)


SMALL = {
    "algo": "ppo", "steps": 6144, "every": 2048, "envs": 8,
    "options": {"physics": "free", "tolerance": 0.02}, "train_options": {},
}  # fmt: skip
PPO = {
    "net": [64, 64],
    "log_std": -1.5,
    "n_steps": 64,
    "norm_reward": True,
    "gamma": 0.9,
    "batch_size": 256,
}


def test_who_imitates_first_does_better_after_as_many_steps(monkeypatch, tmp_path):
    monkeypatch.setitem(TEACHERS, "twincell/Reach-v0", straight)
    plain = load_settings("Reach-v0").changed(**SMALL, arguments={"ppo": PPO})
    shares = {}
    for warm in (0, 2048):
        out = tmp_path / str(warm)
        result = train_seed(plain.changed(steps=2048, warm_start=warm), 1, out, 20)
        shares[warm] = result["success_rate"]
        assert result["steps"] == 2048
    assert shares[2048] >= 0.8
    assert shares[2048] > shares[0] + 0.3


def test_it_goes_on_learning_by_itself_and_after_a_break(monkeypatch, tmp_path):
    monkeypatch.setitem(TEACHERS, "twincell/Reach-v0", straight)
    settings = load_settings("Reach-v0").changed(
        **{**SMALL, "steps": 4096, "every": 1024}, warm_start=2048, arguments={"ppo": PPO}
    )

    def breaks(steps):
        if steps > 2048:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_seed(settings, 1, tmp_path, 20, breaks)
    kept = tmp_path / "checkpoint"
    assert (kept / "rewards.pkl").is_file()
    behind = json.loads((kept / "state.json").read_text())["curve"]
    rounds = [256 * k for k in range(1, 9)]
    assert [row[0] for row in behind] == [*rounds, 3072]
    result = train_seed(settings, 1, tmp_path, 20)
    assert [row[0] for row in result["curve"]] == [*rounds, 3072, 4096]
    assert result["curve"][:9] == behind
    assert result["success_rate"] >= 0.6


def test_what_cannot_be_imitated_is_named():
    with pytest.raises(TrainingError, match="no scripted way through 'twincell/Reach-v0'"):
        load_settings("Reach-v0").changed(warm_start=100)
    with pytest.raises(TrainingError, match="warm_start -1; valid"):
        load_settings("ReachClear-v0").changed(warm_start=-1)
    with pytest.raises(TrainingError, match="warm_epochs 0; valid: a whole number from 1 on"):
        load_settings("ReachClear-v0").changed(warm_epochs=0)
    for options in ("options", "train_options"):
        with pytest.raises(TrainingError, match="action 'velocity': scripted ways act by"):
            load_settings("ReachClear-v0").changed(**{options: {"action": "velocity"}})
    assert set(teachers.TEACHERS) <= set(twincell.envs.IDS)


def test_who_is_fitted_longer_in_the_end_is_nearer_to_what_was_shown(monkeypatch, tmp_path):
    monkeypatch.setitem(TEACHERS, "twincell/Reach-v0", straight)
    off = {}
    fit = imitation._fit

    def watched(policy, optimiser, told, returns, epochs, rng):
        fit(policy, optimiser, told, returns, epochs, rng)
        if returns is None and len(told) == 256:
            rows = {k: torch.as_tensor(np.concatenate([s[k] for s, _ in told])) for k in told[0][0]}
            aim = np.concatenate([a for _, a in told])
            with torch.no_grad():
                mean = policy.get_distribution(rows).distribution.mean.numpy().clip(-1, 1)
            off[epochs] = float(np.sqrt(((mean - aim) ** 2).mean()))

    monkeypatch.setattr(imitation, "_fit", watched)
    plain = load_settings("Reach-v0").changed(
        **{**SMALL, "steps": 2048}, warm_start=2048, arguments={"ppo": PPO}
    )
    for epochs in (6, 96):
        train_seed(plain.changed(warm_epochs=epochs), 1, tmp_path / str(epochs), 1)
    assert off[96] < 0.7 * off[6]


class Constant(torch.nn.Module):
    """A policy of one mean for everything that is seen."""

    def __init__(self, mean):
        super().__init__()
        self.mean = torch.nn.Parameter(torch.tensor(mean))

    def get_distribution(self, batch):
        """The mean for each row."""
        return SimpleNamespace(distribution=SimpleNamespace(mean=self.mean.expand(len(batch), -1)))

    def set_training_mode(self, mode):
        """As of stable-baselines3."""
        self.train(mode)


def test_an_action_at_its_bound_is_met_from_beyond_and_others_by_the_mean():
    policy = Constant([3.0, -2.0, 0.7, 0.8])
    optimiser = torch.optim.Adam(policy.parameters())
    told = [(np.zeros((512, 1), np.float32), np.tile(np.float32([1.0, -1.0, 0.5, 1.0]), (512, 1)))]
    imitation._fit(policy, optimiser, told, None, 2000, np.random.default_rng(1))
    mean = policy.mean.detach().numpy()
    assert mean[0] == 3.0
    assert mean[1] == -2.0
    assert mean[2] == pytest.approx(0.5, abs=1e-2)
    assert mean[3] >= 1.0 - 1e-2
