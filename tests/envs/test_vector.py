"""Many arms in one process tell what Gymnasium's own vector environments tell, in their form."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.envs.registration import load_env_creator
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers.vector import DictInfoToList, RecordEpisodeStatistics

import twincell.envs
from twincell.envs.randomise import Randomise
from twincell.errors import EnvError

LONGEST = 3
"""Periods of an episode here."""


def many(name, count, **options):
    return gym.make_vec(
        f"twincell/{name}", count, vectorization_mode="vector_entry_point", **options
    )


def are_the_same(ours, theirs):
    """Keys, types, shapes and values."""
    assert type(ours) is type(theirs)
    if isinstance(theirs, dict):
        assert ours.keys() == theirs.keys()
        for key, value in theirs.items():
            are_the_same(ours[key], value)
    elif theirs is not None:
        assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
        if theirs.dtype == object:
            for one, other in zip(ours, theirs, strict=True):
                are_the_same(one, other)
        else:
            assert np.array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("Reach-v0", {}),
        ("Reach-v0", {"physics": "free"}),
        ("ScanBlade-v0", {"physics": "free"}),
        ("PickBlade-v0", {}),
    ],
)
def test_it_tells_what_gymnasiums_own_tells_when_some_episodes_end(name, options):
    options = {**options, "max_episode_steps": LONGEST}
    ours = many(name, 3, **options)
    theirs = SyncVectorEnv(
        [lambda: gym.make(f"twincell/{name}", **options)] * 3,
        autoreset_mode=AutoresetMode.SAME_STEP,
    )
    are_the_same(ours.reset(seed=5)[1], theirs.reset(seed=5)[1])
    ours._age[1] = theirs.envs[1]._elapsed_steps = 2  # ends by itself, sooner than the others
    ended = []
    for actions in np.random.default_rng(0).uniform(-1, 1, (7, *ours.action_space.shape)):
        told, wanted = (env.step(actions.astype(np.float32)) for env in (ours, theirs))
        for mine, other in zip(told, wanted, strict=True):
            are_the_same(mine, other)
        ended.append(int(told[3].sum()))
    assert ended == [1, 0, 2, 1, 0, 2, 1]
    ours.close()
    theirs.close()


def test_gymnasiums_wrappers_work_over_it_when_episodes_end():
    """Those of its wrappers that take `SAME_STEP`: `FlattenObservation` and its like do not."""
    env = DictInfoToList(
        RecordEpisodeStatistics(many("Reach-v0", 2, physics="free", max_episode_steps=20))
    )
    _, told = env.reset(seed=0)
    assert [sorted(info) for info in told] == 2 * [["distance", "is_success"]]
    env.action_space.seed(0)
    for k in range(1, 61):
        *_, told = env.step(env.action_space.sample())
        for info in told:
            assert "distance" in info
            assert ("final_obs" in info) == ("episode" in info) == (k % 20 == 0)
            if "final_obs" in info:
                assert env.single_observation_space.contains(info["final_obs"])
                assert sorted(info["final_info"]) == ["distance", "is_success"]
                assert info["episode"]["l"] == 20
    env.close()


def test_contacts_are_told_where_the_physics_knows_them():
    for physics in ("bullet", "free"):
        env = many("Reach-v0", 2, physics=physics)
        told = env.reset(seed=0)[1], env.step(np.zeros((2, 3), np.float32))[4]
        assert [("contact" in infos) for infos in told] == 2 * [physics == "bullet"]
        env.close()


def test_an_arm_without_a_seed_keeps_its_generator():
    ours = many("Reach-v0", 2, physics="free")
    theirs = SyncVectorEnv([lambda: gym.make("twincell/Reach-v0", physics="free")] * 2)
    for seed in (3, [5, None], [None, None]):
        goals = [env.reset(seed=seed)[0]["desired_goal"].copy() for env in (ours, theirs)]
        assert np.array_equal(*goals)
    ours.close()
    theirs.close()


def test_limits_of_an_episode_are_those_of_gymnasium():
    for given, truncated in ((1, True), (2, False), (-1, False), (None, False)):
        env = many("Reach-v0", 1, physics="free", max_episode_steps=given)
        env.reset(seed=0)
        assert env.step(np.zeros((1, 3), np.float32))[3][0] == truncated
        env.close()
    for bad in (0, -2, "5", 2.0, True):
        with pytest.raises(EnvError, match=r"max_episode_steps .*; valid: a whole number from 1"):
            many("Reach-v0", 1, physics="free", max_episode_steps=bad)


@pytest.mark.parametrize("name", twincell.envs.IDS)
def test_many_are_as_long_as_one(name):
    spec = gym.spec(name)
    assert load_env_creator(spec.vector_entry_point)._periods == spec.max_episode_steps


def test_pictures_of_many_are_refused():
    with pytest.raises(EnvError, match='valid: None, or vectorization_mode="sync"'):
        many("Reach-v0", 2, render_mode="rgb_array")


@pytest.mark.parametrize("physics", ["bullet", "free"])
def test_nobody_goes_on_with_what_is_closed(physics):
    words = "the environment is closed; valid: another one"
    vector = many("Reach-v0", 2, physics=physics)
    one = gym.make("twincell/Reach-v0", physics=physics).unwrapped
    noisy = Randomise(gym.make("twincell/Reach-v0", physics=physics))
    for env in (vector, one, noisy):
        env.reset(seed=0)
        env.close()
        env.close()
        with pytest.raises(EnvError, match=words):
            env.reset()
        with pytest.raises(EnvError, match=words):
            env.step(np.zeros(env.action_space.shape, np.float32))
    with pytest.raises(EnvError, match=words):
        one.render()


def test_another_number_of_seeds_than_arms_is_named():
    env = many("Reach-v0", 3, physics="free")
    with pytest.raises(EnvError, match=r"seeds \[1, 2\]; valid: one for each of 3 arms"):
        env.reset(seed=[1, 2])
    env.close()
