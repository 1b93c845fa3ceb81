"""twincell/PickBlade-v0: a blade is held by friction alone, and who knows the way places it."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

import twincell.envs  # noqa: F401
from tests.envs.contract import episodes_do_not_depend_on_those_before, many_do_as_one
from twincell.envs.randomise import Randomise
from twincell.errors import EnvError

NAME = "twincell/PickBlade-v0"
DOF = 7


@pytest.fixture(scope="module")
def env():
    with gym.make(NAME) as made:
        yield made


class Knows:
    """Down to the grasp, close, up, across, down."""

    def __init__(self):
        self.closed = 0

    def __call__(self, seen):
        inner = seen["observation"]
        to, held = inner[2 * DOF + 11 : 2 * DOF + 14], inner[2 * DOF + 7] > 0.5
        action = np.ones(4, np.float32)
        if not self.closed and np.linalg.norm(to) > 0.006:
            across = np.hypot(*to[:2]) > 0.01
            action[:3] = 30.0 * np.array([to[0], to[1], 0.0 if across else to[2]])
            action[3] = -1
            return np.clip(action, -1, 1)
        self.closed += 1
        if not held and self.closed < 6:
            action[:3] = 0
            return action
        gap = seen["desired_goal"] - seen["achieved_goal"]
        if np.hypot(*gap[:2]) > 0.0015 and -gap[2] > 0.02:
            gap[2] += 0.03  # over the walls
        elif np.hypot(*gap[:2]) > 0.02:
            gap = np.array([0, 0, gap[2] + 0.04])
        action[:3] = 25.0 * gap
        return np.clip(action, -1, 1)


def episode(env, seed, policy, periods=100):
    """All steps of an episode: observation, reward, info."""
    seen, _ = env.reset(seed=seed)
    steps = []
    for _ in range(periods):
        seen, reward, terminated, _, info = env.step(policy(seen))
        steps.append((seen, reward, info))
        assert terminated == info["is_success"]
        if terminated:
            break
    return steps


def test_who_knows_the_way_takes_a_blade_out_of_a_pocket_and_places_it(env):
    for seed in range(3):
        steps = episode(env, seed, Knows())
        info = steps[-1][2]
        assert info["is_success"]
        assert info["distance"] < 0.006
        assert info["undone"] == 100 - len(steps) > 0
        assert not any(info["is_success"] for *_, info in steps[:-1])
        heights = [seen["achieved_goal"][2] for seen, *_ in steps]
        assert max(heights) > steps[0][0]["achieved_goal"][2] + 0.03
        assert not any(info["contact"] for *_, info in steps)


def test_an_open_hand_leaves_the_blade_where_it_stands(env):
    def opens(seen):
        action = Knows()(seen)
        action[3] = -1
        return action

    steps = episode(env, 1, opens, 60)
    assert not any(info["held"] for *_, info in steps)
    first, last = steps[0][0]["achieved_goal"], steps[-1][0]["achieved_goal"]
    assert np.linalg.norm(first - last) < 0.005
    assert all(reward < 1.0 for _, reward, _ in steps)


def test_a_blade_that_is_let_go_falls(env):
    knows, high = Knows(), []
    seen, _ = env.reset(seed=2)
    for _ in range(100):
        action = knows(seen)
        if seen["achieved_goal"][2] > 0.755:
            action[3] = -1
            high.append(seen["achieved_goal"][2])
        seen, _, _, _, info = env.step(action)
        if len(high) > 8:
            break
    assert len(high) > 0
    for _ in range(12):
        seen, _, _, _, info = env.step(np.array([0, 0, 1, -1], np.float32))
    assert not info["held"]
    assert seen["achieved_goal"][2] < max(high)


def test_rewards_are_the_told_formula_for_one_goal_and_for_many(env):
    steps = episode(env, 3, Knows())
    inner = env.unwrapped

    def share(left):
        return max(0.0, 1 - np.log(1 + left / 0.006) / np.log(1 + 0.6 / 0.006))

    for seen, reward, info in [*steps[::9], steps[-1]]:
        across = np.hypot(*(seen["achieved_goal"] - seen["desired_goal"])[:2].astype(float))
        z = float(seen["achieved_goal"][2]) - float(seen["desired_goal"][2])
        s = min(across / 0.01, 1)
        way = across + s * (0.03 + abs(z - 0.03)) + (1 - s) * abs(z)
        assert info["way"] == pytest.approx(way, abs=1e-6)
        held = float(info["held"])
        told = max(share(info["reach"]), held) + held
        told += 3 * max(held * share(way) ** 2, float(info["is_success"]))
        told = 5 * (1 + info["undone"]) if info["is_success"] else told
        assert reward == pytest.approx(told, abs=1e-6)
    achieved = np.array([seen["achieved_goal"] for seen, *_ in steps])
    desired = np.array([seen["desired_goal"] for seen, *_ in steps])
    many = inner.compute_reward(achieved, desired, [info for *_, info in steps])
    assert np.allclose(many, [reward for _, reward, _ in steps], atol=1e-9)


def test_an_open_clamp_ends_no_episode_and_a_blade_in_its_reach_earns_every_period(env):
    shut = episode(env, 3, Knows())
    with gym.make(NAME, clamp=False) as open_:
        seen, _ = open_.reset(seed=3)
        knows, found = Knows(), []
        for _ in range(100):
            seen, reward, terminated, truncated, info = open_.step(knows(seen))
            assert not terminated
            found.append((seen, reward, info))
            if info["is_success"]:
                assert 3.0 <= reward <= 5.0
                assert reward == 5.0 or not info["held"]
        assert truncated
    for (a, r, one), (b, s, other) in zip(shut[:-1], found, strict=False):
        assert np.array_equal(a["observation"], b["observation"])
        assert (r, one) == (s, other)
    assert found[len(shut) - 1][2]["is_success"]
    # what is paid at once is what standing there to the end would have earned
    assert shut[-1][1] == 5 * (101 - len(shut))


def test_sparse_rewards_and_the_told_tilt(env):
    with gym.make(NAME, reward="sparse") as sparse:
        seen, info = sparse.reset(seed=1)
        assert set(np.unique([r for _, r, _ in episode(sparse, 1, Knows())])) == {-1.0, 0.0}
        near = seen["desired_goal"] + np.float32(0.003)
        told = sparse.unwrapped.compute_reward
        assert told(near, seen["desired_goal"], info) == 0.0
        assert told(near, seen["desired_goal"], {**info, "tilt": 0.2}) == -1.0
        assert told(near + np.float32(0.01), seen["desired_goal"], info) == -1.0
    steps = episode(env, 1, Knows())
    seen, _, info = steps[-1]
    x, z = seen["observation"][2 * DOF + 14 : 2 * DOF + 20].astype(float).reshape(2, 3)
    turn = Rotation.from_matrix(np.stack([x, np.cross(z, x), z], axis=1))
    upright = Rotation.from_quat(env.unwrapped.task.goal.q)
    assert (turn * upright.inv()).magnitude() == pytest.approx(info["tilt"], abs=1e-4)


def test_an_episode_does_not_depend_on_those_before_it():
    down = 0.5 * np.eye(4)[2]
    episodes_do_not_depend_on_those_before(NAME, lambda rng: rng.uniform(-1, 1, 4) - down, 50)


def test_an_arm_of_many_does_what_one_with_its_seed_does(env):
    many_do_as_one(NAME, env)


def test_a_heavier_arm_moves_otherwise():
    with Randomise(gym.make(NAME), mass=(1.5, 1.5), noise=(0, 0), latency=(0, 0)) as heavy:
        _, info = heavy.reset(seed=3)
        assert (info["randomised"]["mass"] == 1.5).all()
        a = episode(heavy, 3, lambda _: np.ones(4, np.float32), 5)[-1][0]["observation"]
    with Randomise(gym.make(NAME), mass=(1, 1), noise=(0, 0), latency=(0, 0)) as plain:
        b = episode(plain, 3, lambda _: np.ones(4, np.float32), 5)[-1][0]["observation"]
    assert not np.array_equal(a, b)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"arm": "inspector"}, "has no gripper; valid: handler"),
        ({"physics": "free"}, "knows no contacts"),
        ({"reward": "dens"}, "did you mean 'dense'"),
        ({"tilt": -1.0}, "above 0"),
        ({"clamp": "no"}, "valid: True, False"),
        ({"goals": (1, 1, 1)}, "no option 'goals'"),
    ],
)
def test_what_it_does_not_take_is_named(options, words):
    with pytest.raises(EnvError, match=words):
        gym.make(NAME, **options)
