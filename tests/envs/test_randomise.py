"""Domain randomisation: what is drawn shows in what the arm does."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

from twincell.envs.randomise import Randomise
from twincell.errors import EnvError

OFF = {"mass": (1, 1), "damping": (1, 1), "effort": (1, 1), "noise": (0, 0), "latency": (0, 0)}
QUIET = {"noise": (0, 0), "latency": (0, 0)}


def make(physics="bullet", action="cartesian", **ranges):
    return Randomise(gym.make("twincell/Reach-v0", physics=physics, action=action), **ranges)


def run(env, seed, actions):
    seen, _ = env.reset(seed=seed)
    rows = [seen["observation"]]
    rows += [env.step(a)[0]["observation"] for a in actions]
    return np.array(rows)


@pytest.fixture(scope="module")
def actions():
    return np.random.default_rng(0).uniform(-1, 1, (12, 3)).astype(np.float32)


def test_nothing_drawn_changes_nothing(actions):
    with make(**OFF) as env, gym.make("twincell/Reach-v0") as plain:
        assert np.array_equal(run(env, 3, actions), run(plain, 3, actions))


def test_the_same_seed_draws_the_same_and_another_does_not(actions):
    with make() as env:
        first, other, again = (run(env, seed, actions) for seed in (3, 4, 3))
        assert np.array_equal(first, again)
        assert not np.array_equal(first, other)
        _, one = env.reset(seed=3)
        _, two = env.reset()
        assert not np.array_equal(one["randomised"]["mass"], two["randomised"]["mass"])


def test_an_arm_heavier_than_it_is_told_sinks_and_a_lighter_one_rises():
    still = np.zeros((5, 7), np.float32)
    heights = []
    for factor in (1.2, 1.0, 0.8):
        ranges = OFF | {"mass": (factor, factor)}
        with make(action="torque", **ranges) as env:
            rows = run(env, 0, still)
            heights.append(rows[-1, 16] - rows[0, 16])
    assert heights[0] < -5e-3 < heights[1] < 5e-3 < heights[2]
    assert abs(heights[1]) < 1e-6


def test_torques_are_those_that_weak_motors_have():
    pushes = np.ones((5, 7), np.float32)
    with make(action="torque", **OFF | {"effort": (0.1, 0.1)}) as weak:
        rows = run(weak, 0, pushes)
        arms = weak.unwrapped.task.arms
        assert (abs(arms.effort[0]) <= 0.1 * arms.arm.effort + 1e-9).all()
    with make(action="torque", **OFF) as strong:
        assert abs(rows - run(strong, 0, pushes)).max() > 0.05


def test_an_action_takes_effect_after_its_latency(actions):
    with make("free", noise=(0, 0), latency=(2, 2)) as late, make("free", **QUIET) as prompt:
        after, before = run(late, 1, actions), run(prompt, 1, actions)
        assert np.array_equal(after[0, :7], after[2, :7])
        assert np.allclose(after[2:, :7], before[:-2, :7], atol=1e-6)


def test_noise_has_the_spread_that_was_drawn_and_rewards_have_none():
    with make("free", noise=(0.002, 0.002), latency=(0, 0)) as env:
        rows = run(env, 0, np.zeros((45, 3), np.float32))[:, :7]
        assert rows.std() > 0
        assert (rows - rows.mean(axis=0)).std() == pytest.approx(0.002, rel=0.2)
        seen, reward, *_ = env.step(np.zeros(3, np.float32))
        gap = np.linalg.norm(seen["achieved_goal"] - seen["desired_goal"])
        assert reward == pytest.approx(-gap, abs=1e-6)


@pytest.mark.parametrize(
    ("ranges", "words"),
    [
        ({"mas": (1, 2)}, "did you mean 'mass'"),
        ({"mass": (2, 1)}, "the lesser first"),
        ({"mass": 1.0}, "least and greatest"),
        ({"noise": (0, float("inf"))}, "two numbers"),
        ({"latency": (0, 1.5)}, "whole periods"),
        ({"physics": "free", "mass": (1, 1)}, "physics 'bullet'"),
    ],
)
def test_what_is_no_range_is_named(ranges, words):
    with pytest.raises(EnvError, match=words):
        make(**ranges)


def test_wrong_actions_are_refused_at_once_and_foreign_environments_too():
    with make("free", latency=(2, 2)) as env:
        env.reset(seed=0)
        with pytest.raises(EnvError, match="not finite"):
            env.step(np.array([0, np.nan, 0]))
    with pytest.raises(EnvError, match="no environment of"):
        Randomise(gym.make("CartPole-v1"))
