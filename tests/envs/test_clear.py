"""twincell/ReachClear-v0: contacts count, and a policy that waits and goes needs none."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pybullet as p
import pytest

import twincell.envs  # noqa: F401
from tests.envs.contract import many_do_as_one
from twincell.errors import EnvError

NAME = "twincell/ReachClear-v0"


@pytest.fixture(scope="module")
def env():
    with gym.make(NAME) as made:
        yield made


def towards(seen, point):
    return np.clip(0.6 * (point - seen["achieved_goal"]) / 0.05, -1, 1).astype(np.float32)


def episode(env, seed, policy):
    """The last step of an episode, all rewards, and how long it took."""
    seen, _ = env.reset(seed=seed)
    rewards = []
    while True:
        seen, reward, terminated, truncated, info = env.step(policy(seen))
        rewards.append(reward)
        if terminated or truncated:
            return terminated, info, rewards, seen


def test_who_waits_until_the_visitor_has_passed_reaches_every_goal_and_touches_nothing(env):
    middle = env.unwrapped.task.centre

    def waits(seen):
        passed = seen["observation"][20] > middle[0] + 0.3
        return towards(seen, seen["desired_goal"] if passed else middle)

    for seed in range(5):
        terminated, info, rewards, _ = episode(env, seed, waits)
        assert not terminated
        assert len(rewards) == 100
        assert info["is_success"]
        assert not info["contact"]
        assert info["undone"] == 0


def test_who_goes_straight_is_hit_at_times_and_pays_for_it(env):
    hits = 0
    for seed in range(10):
        terminated, info, rewards, seen = episode(
            env, seed, lambda seen: towards(seen, seen["desired_goal"])
        )
        assert terminated == info["contact"]
        if not terminated:
            continue
        hits += 1
        assert not info["is_success"]
        assert info["undone"] == 100 - len(rewards)
        assert rewards[-1] == pytest.approx(-info["distance"] - 0.5 * info["undone"], abs=1e-6)
        told = env.unwrapped.compute_reward(seen["achieved_goal"], seen["desired_goal"], info)
        assert told == rewards[-1]
    assert hits >= 1


def test_the_visitors_hand_is_where_its_walk_says(env):
    seen, _ = env.reset(seed=2)
    hand, still = [seen["observation"][20:26]], np.zeros(7, np.float32)[:3]
    while len(hand) < 60:
        seen, *_ = env.step(still)
        hand.append(seen["observation"][20:26])
    hand = np.array(hand)
    speed = np.diff(hand[:, :3], axis=0) * 25.0
    assert abs(speed - hand[1:, 3:]).max() < 1e-3
    assert 1.0 <= speed[:, 0].max() <= 1.6
    assert np.ptp(hand[:, 1]) < 1e-6
    assert abs(hand[0, 1]) == pytest.approx(0.22, abs=1e-6)


def test_the_way_to_the_visitors_arm_is_what_bullet_measures(env):
    for seed in (1, 4):
        seen, _ = env.reset(seed=seed)
        task = env.unwrapped.task
        client = task.arms.worlds[0][0]
        hand = task._guests._rows[0][2]
        for k in range(0, 60, 6):
            at = seen["achieved_goal"].astype(float).tolist()
            shape = p.createCollisionShape(p.GEOM_SPHERE, radius=1e-3, physicsClientId=client)
            ball = p.createMultiBody(0.0, shape, basePosition=at, physicsClientId=client)
            (near,) = p.getClosestPoints(ball, hand, 5.0, physicsClientId=client)
            p.removeBody(ball, physicsClientId=client)
            way, left = seen["observation"][-4:-1], seen["observation"][-1]
            assert np.linalg.norm(way) == pytest.approx(near[8] + 0.06 + 1e-3, abs=2e-3)
            assert left == pytest.approx(1 - k / 100)
            for _ in range(6):
                seen, *_ = env.step(np.zeros(3, np.float32))


def test_a_contact_costs_its_price(env):
    info = {"contact": True, "undone": 40}
    goal = np.zeros(3)
    told = env.unwrapped.compute_reward(goal, goal, info)
    assert told == -20.0
    with gym.make(NAME, price=2.0) as dear:
        assert dear.unwrapped.compute_reward(goal, goal, info) == -80.0


def test_an_arm_of_many_does_what_one_with_its_seed_does(env):
    many_do_as_one(NAME, env, most=0.3)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"physics": "free"}, "knows no contacts"),
        ({"hand": 0.9}, r"0 to 0\.7 m"),
        ({"swing": 0.0}, "above 0"),
        ({"price": -1.0}, "above 0"),
        ({"hnd": 0.3}, "did you mean 'hand'"),
    ],
)
def test_what_it_does_not_take_is_named(options, words):
    with pytest.raises(EnvError, match=words):
        gym.make(NAME, **options)
