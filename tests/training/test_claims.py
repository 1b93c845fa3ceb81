"""A run's folder is claimed by a training that can be made, and says what it holds."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from twincell.cli import app
from twincell.errors import EnvError, TrainingError
from twincell.training.records import DESIGN, read_design, read_result
from twincell.training.seeds import train_seeds
from twincell.training.settings import load_settings
from twincell.training.trainer import largest_seed


def small(**changes):
    """A training of a second."""
    ppo = {"net": [8], "n_steps": 8, "batch_size": 16, "n_epochs": 1, **changes.pop("ppo", {})}
    given = {"options": {"physics": "free"}, "train_options": {}, "envs": 2, "steps": 16}
    given |= {"every": 16, "algo": "ppo", "arguments": {"ppo": ppo}}
    return load_settings("Reach-v0").changed(**given | changes)


@pytest.mark.parametrize(
    ("changes", "fault", "said"),
    [
        ({"options": {"tolerence": 0.05}}, EnvError, "did you mean 'tolerance'"),
        ({"train_options": {"reward": "dens"}}, EnvError, "did you mean 'dense'"),
        ({"ppo": {"n_steps": 0}}, TrainingError, "ppo: given: "),
        ({"ppo": {"learning_rate": "fast"}}, TrainingError, "ppo: given: "),
        ({"ppo": {"fine": 3}}, TrainingError, "ppo: given: "),
    ],
)
def test_what_cannot_be_trained_claims_nothing(tmp_path, changes, fault, said):
    with pytest.raises(fault, match=said):
        train_seeds(small(**changes), [1], tmp_path / "out", 1, workers=1)
    assert not (tmp_path / "out").exists()


def test_a_folder_without_a_checkpoint_is_claimed_anew(tmp_path):
    (tmp_path / "seed_1").mkdir()
    (tmp_path / DESIGN).write_text("{}")
    (result,) = train_seeds(small(), [1], tmp_path, 1, workers=1)
    assert result["steps"] == 16
    assert read_design(tmp_path)["options"] == {"physics": "free"}
    with pytest.raises(TrainingError, match="steps there is 16, given: 32"):
        train_seeds(small(steps=32), [1], tmp_path, 1, workers=1)


def test_a_folder_of_before_an_imitation_s_epochs_were_told_is_gone_on_with(tmp_path):
    train_seeds(small(), [1], tmp_path, 1, workers=1)
    design = read_design(tmp_path)
    del design["warm_epochs"]
    (tmp_path / DESIGN).write_text(json.dumps(design))
    # without a warm start nothing is imitated, whatever is said of it
    again = train_seeds(small(warm_epochs=99), [1, 2], tmp_path, 1, workers=1)
    assert [r["seed"] for r in again] == [1, 2]


def test_a_seed_whose_judging_would_reach_what_is_trained_on_is_refused(tmp_path):
    most = largest_seed(200)
    done = CliRunner().invoke(
        app, ["train", "Reach-v0", "--seed", "5000000000", "--out", str(tmp_path / "out")]
    )
    assert done.exit_code == 2
    assert f"valid: 0 to {most}" in " ".join(done.stderr.split())
    assert not (tmp_path / "out").exists()
    assert 1_000_000 + 200 * (most + 1) <= 2**30 < 1_000_000 + 200 * (most + 2)


def test_an_environment_of_others_is_made_by_itself_and_has_to_tell_of_success(tmp_path):
    command = ["train", "CartPole-v1", "--algo", "ppo", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 2
    assert "its info has no 'is_success'" in " ".join(done.stderr.split())
    done = CliRunner().invoke(app, [*command, "--option", "colour=1"])
    assert done.exit_code == 2
    assert "unexpected keyword argument 'colour'" in " ".join(done.stderr.split())


@pytest.mark.parametrize("text", ["", "{", "{}", "[1]", '{"seed": "1", "steps": 2}'])
def test_records_that_are_none_are_named(tmp_path, text):
    folder = tmp_path / "seed_1"
    folder.mkdir()
    (folder / "result.json").write_text(text)
    design = {"env": "twincell/Reach-v0", "algo": "ppo", "options": {}}
    (tmp_path / DESIGN).write_text(json.dumps(design))
    for command in (["evaluate", str(tmp_path)], ["export", str(tmp_path)]):
        done = CliRunner().invoke(app, command)
        assert done.exit_code == 2
        assert "result.json: given: " in "".join(done.stderr.split("\n"))
    with pytest.raises(TrainingError, match="without it the seed goes on"):
        read_result(folder / "result.json")
    (tmp_path / DESIGN).write_text(text)
    with pytest.raises(TrainingError, match=r"training\.json: given: .*; valid: a folder of"):
        read_design(tmp_path)
