"""What `twincell train` hands on to the training."""

from __future__ import annotations

from typer.testing import CliRunner

from twincell.cli import app
from twincell.errors import TrainingError
from twincell.training import seeds


def test_an_option_that_was_given_holds_in_training_too(monkeypatch, tmp_path):
    asked = []

    def train_seeds(settings, *_):
        asked.append(settings)
        raise TrainingError("enough")

    monkeypatch.setattr(seeds, "train_seeds", train_seeds)
    given = ["train", "Reach-v0", "--out", str(tmp_path), "--option", "reward=sparse"]
    assert "enough" in CliRunner().invoke(app, given).stderr
    assert asked[0].options == {"physics": "bullet", "reward": "sparse"}
    assert asked[0].train_options == {"physics": "free"}
