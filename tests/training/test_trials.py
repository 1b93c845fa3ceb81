"""Environment and cell side by side: the same goals."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
from typer.testing import CliRunner

from twincell.cli import app
from twincell.errors import TrainingError
from twincell.training.evaluation import judge
from twincell.training.policy import OnnxPolicy
from twincell.training.trials import CONDITIONS, Trial, in_environment, tally


def test_every_condition_has_the_same_goals_and_undisturbed_they_are_as_judged() -> None:
    policy = OnnxPolicy.load("reach-inspector")
    plain = in_environment(policy, 4, 70)
    noisy = in_environment(policy, 4, 70, "noise and latency")
    assert [t.goal for t in plain] == [t.goal for t in noisy]
    assert [t.distance for t in plain] != [t.distance for t in noisy]
    env, options = policy.about["env_id"], policy.about["options"]
    judged = judge(env, options, policy, 4, 70)
    assert judged.successes == sum(t.reached for t in plain)
    assert judged.mean_distance == pytest.approx(np.mean([t.distance for t in plain]), abs=1e-7)
    with gymnasium.make(env, **options) as world:
        seen, _ = world.reset(seed=72)
        np.testing.assert_array_equal(seen["desired_goal"], np.float32(plain[2].goal))
    with pytest.raises(TrainingError, match="episodes 0"):
        in_environment(policy, 0, 70)


def test_arms_without_contacts_have_the_same_goals() -> None:
    policy = OnnxPolicy.load("reach-5mm")
    for condition in CONDITIONS:
        (trial,) = in_environment(policy, 1, 0, condition, physics="free")
        assert trial.goal == in_environment(policy, 1, 0, condition)[0].goal
        assert trial.distance < 0.1


def test_trials_are_summed_up() -> None:
    trials = [Trial((0, 0, 0), k > 0, 0.001 * k, 1.0 + k) for k in range(5)]
    told = tally(trials)
    assert (told.trials, told.reached, told.distance, told.duration) == (5, 4, 0.002, 3.0)
    # Clopper and Pearson, of 4 in 5: tables
    assert told.interval == pytest.approx((0.2836, 0.9949), abs=1e-4)
    with pytest.raises(TrainingError, match="no trials"):
        tally([])


def test_the_command_tells_of_an_arm_without_a_policy() -> None:
    result = CliRunner().invoke(app, ["transfer", "blade_cell"])
    assert result.exit_code == 2
    assert "arm 'inspector' of blade_cell.yaml; valid: one with a `policy`: (none)" in result.stderr
