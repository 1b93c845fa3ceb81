"""What may be set for a training, and what is refused."""

from __future__ import annotations

import pytest

import twincell.envs
from twincell.errors import TrainingError
from twincell.training.settings import environment_id, load_settings


@pytest.mark.parametrize("name", twincell.envs.IDS)
def test_every_id_has_settings_that_its_algorithm_takes(name):
    settings = load_settings(name)
    for algo in ("ppo", "sac", "tqc"):
        assert settings.changed(algo=algo).env == name


def test_the_namespace_may_be_left_out():
    assert environment_id("Reach-v0") == "twincell/Reach-v0"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("algo = 'sca'", "did you mean 'sac'"),
        ("stpes = 3", "did you mean 'steps'"),
        ("steps = 0", "steps 0; valid: a whole number from 1 on"),
        ("steps = true", "steps True"),
        ("options = 3", "options 3; valid: a table"),
        ("[sac]\ngama = 0.9", "sac.gama; did you mean 'gamma'"),
        ("[sac]\nseed = 3", "sac.seed"),
        (
            "algo = 'ppo'\n[ppo]\nanneal = true",
            "ppo.anneal with learning_rate None; valid: a number",
        ),
        (
            "algo = 'ppo'\n[ppo]\nher = true",
            "ppo.her: PPO keeps nothing to replay; valid: sac, tqc",
        ),
        ("[sac]\nnet = 64", "sac.net 64; valid: a list of whole numbers from 1 on, as [64, 64]"),
        ("[sac]\nnet = [64, 0]", "sac.net [64, 0]"),
        ("steps =", "Invalid value"),
    ],
)
def test_a_wrong_file_is_named_with_its_key_and_what_would_be_valid(tmp_path, text, said):
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(TrainingError, match=r"mine\.toml") as caught:
        load_settings("Reach-v0", file)
    assert said in str(caught.value)


def test_an_unknown_id_is_answered_with_the_nearest():
    with pytest.raises(TrainingError, match="did you mean 'twincell/Reach-v0'"):
        load_settings("twincell/Raech-v0")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(TrainingError, match=r"no\.toml"):
        load_settings("Reach-v0", tmp_path / "no.toml")
