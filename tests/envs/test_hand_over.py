"""twincell/TwoArmHandOver-v0: a blade changes hands by friction alone."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pybullet as p
import pytest

import twincell.envs  # noqa: F401
from tests.envs.contract import episodes_do_not_depend_on_those_before, many_do_as_one
from twincell.envs.randomise import Randomise
from twincell.errors import EnvError

NAME = "twincell/TwoArmHandOver-v0"
GIVER, TAKER = 7, 6
AFTER = 2 * GIVER + 6 + 2 * TAKER + 6
"""Numbers of an observation before those of hands and blade."""


@pytest.fixture(scope="module")
def env():
    with gym.make(NAME) as made:
        yield made


class Knows:
    """The taker goes to the root and closes; the giver opens and rises; the taker goes on."""

    def __init__(self):
        self.closed = self.given = 0

    def __call__(self, seen):
        _, taken, _ = seen["observation"][AFTER + 2 : AFTER + 5] > 0.5
        to = seen["observation"][AFTER + 8 : AFTER + 11]
        action = np.array([0, 0, 0, 1, 0, 0, 0, -1], np.float32)
        if not taken and not self.given:
            if self.closed or np.linalg.norm(to) < 0.005:
                self.closed += 1
                action[7] = 1
                return action
            beside = np.hypot(to[1], to[2]) > 0.006
            action[4:7] = 20.0 * (to + np.array([0.06 if beside else 0.0, 0.0, 0.0]))
            return np.clip(action, -1, 1)
        self.given += 1
        action[3], action[7] = -1, 1
        action[2] = 9 <= self.given <= 16
        if self.given > 13:
            action[4:7] = 20.0 * (seen["desired_goal"] - seen["achieved_goal"])
        return np.clip(action, -1, 1)


def episode(env, seed, policy, periods=100):
    """All steps of an episode: observation, reward, info."""
    seen, _ = env.reset(seed=seed)
    steps = []
    for _ in range(periods):
        seen, reward, terminated, _, info = env.step(policy(seen))
        steps.append((seen, reward, info))
        assert not terminated
    return steps


def test_who_knows_the_way_hands_a_blade_over(env):
    for seed in range(3):
        steps = episode(env, seed, Knows())
        info = steps[-1][2]
        assert info["is_success"]
        assert info["taken"]
        assert info["alone"]
        assert info["distance"] < 0.005
        assert not any(info["contact"] for *_, info in steps)
        began = steps[0][0]["achieved_goal"]
        assert np.linalg.norm(steps[-1][0]["achieved_goal"] - began) > 0.1
        both = [i["taken"] and not i["alone"] for *_, i in steps]
        assert any(both)
        assert steps[-1][1] == 5.0


def test_no_constraint_but_the_fingers_racks_ties_anything(env):
    """Each hand's rack and pinion is Bullet's gear; a blade that was tied would be a third."""
    episode(env, 0, Knows(), 60)
    task = env.unwrapped.task
    client, body = task.arms.worlds[0]
    blade = task.arms._blades[0][0]
    for k in range(p.getNumConstraints(physicsClientId=client)):
        tie = p.getConstraintUniqueId(k, physicsClientId=client)
        info = p.getConstraintInfo(tie, physicsClientId=client)
        assert blade not in (info[0], info[2])
        assert info[0] == info[2]
    assert p.getNumConstraints(physicsClientId=client) == 2
    points = p.getContactPoints(bodyA=blade, physicsClientId=client)
    assert body not in {c[2] for c in points}
    # what the taker's fingers carry is the blade's weight: friction along z, summed over contacts
    weight = 9.81 * p.getDynamicsInfo(blade, -1, physicsClientId=client)[0]
    force = np.zeros(3)
    for c in points:
        force += c[9] * np.array(c[7]) + c[10] * np.array(c[11]) + c[12] * np.array(c[13])
    assert abs(force[2]) == pytest.approx(weight, rel=0.35)


def test_a_giver_that_lets_go_before_the_taker_has_it_drops_the_blade(env):
    steps = episode(env, 1, lambda _: np.array([0, 0, 0, -1, 0, 0, 0, -1], np.float32), 40)
    fell = steps[0][0]["achieved_goal"][2] - steps[-1][0]["achieved_goal"][2]
    assert fell > 0.2
    assert not any(i["taken"] for *_, i in steps)
    assert max(reward for _, reward, _ in steps) < 1.0


def test_a_giver_that_holds_on_does_not_let_the_blade_slip(env):
    steps = episode(env, 2, lambda _: np.array([0, 0, 0, 1, 0, 0, 0, -1], np.float32))
    first, last = steps[0][0]["achieved_goal"], steps[-1][0]["achieved_goal"]
    assert abs(last - first)[2] < 0.001
    assert np.linalg.norm(last - first) < 0.015  # both fingers may give way to one side
    assert all(seen["observation"][AFTER + 2] == 1.0 for seen, *_ in steps)


def test_rewards_are_the_told_formula_for_one_goal_and_for_many(env):
    steps = episode(env, 3, Knows())

    def share(left):
        return max(0.0, 1 - np.log(1 + left / 0.01) / np.log(1 + 0.5 / 0.01))

    for seen, reward, info in [*steps[::7], steps[-1]]:
        gap = seen["achieved_goal"].astype(float) - seen["desired_goal"].astype(float)
        taken, alone = float(info["taken"]), float(info["alone"])
        told = max(share(info["reach"]), taken) + taken + alone
        told += 2 * max(alone * share(np.linalg.norm(gap)), float(info["is_success"]))
        assert reward == pytest.approx(told, abs=1e-6)
    achieved = np.array([seen["achieved_goal"] for seen, *_ in steps])
    desired = np.array([seen["desired_goal"] for seen, *_ in steps])
    told = env.unwrapped.compute_reward
    many = told(achieved, desired, [info for *_, info in steps])
    assert np.allclose(many, [reward for _, reward, _ in steps], atol=1e-9)
    with gym.make(NAME, reward="sparse") as sparse:
        assert {r for _, r, _ in episode(sparse, 3, Knows())} == {-1.0, 0.0}


def test_an_episode_does_not_depend_on_those_before_it():
    episodes_do_not_depend_on_those_before(NAME, lambda rng: rng.uniform(-1, 1, 8), 30)


def test_an_arm_of_many_does_what_one_with_its_seed_does(env):
    many_do_as_one(NAME, env)


@pytest.mark.parametrize(("action", "numbers"), [("velocity", 15), ("position", 15)])
def test_joints_of_both_arms_can_be_set(action, numbers):
    with gym.make(NAME, action=action) as other:
        assert other.action_space.shape == (numbers,)
        seen, _ = other.reset(seed=0)
        before = seen["observation"]
        act = np.zeros(numbers, np.float32)
        act[0], act[7], act[8] = 0.2, 1.0, -0.2
        for _ in range(5):
            seen, *_ = other.step(act)
        moved = seen["observation"] - before
        assert moved[0] > 0.005
        assert moved[2 * GIVER + 6] < -0.005
        assert abs(moved[1:GIVER]).max() < 0.01


def test_the_giver_holds_on_until_its_first_action_takes_effect():
    off = dict.fromkeys(("mass", "damping", "effort"), (1, 1))
    holds = np.array([0, 0, 0, 1, 0, 0, 0, -1], np.float32)
    with Randomise(gym.make(NAME), **off, noise=(0, 0), latency=(3, 3)) as late:
        assert late.reset(seed=2)[1]["randomised"]["latency"] == 3
        steps = episode(late, 2, lambda _: holds, 8)
    assert all(seen["observation"][AFTER + 2] == 1.0 for seen, *_ in steps)
    first, last = steps[0][0]["achieved_goal"], steps[-1][0]["achieved_goal"]
    assert abs(last - first)[2] < 0.001


def test_a_heavier_giver_moves_otherwise():
    runs = []
    for mass in (1.5, 1.0):
        with Randomise(gym.make(NAME), mass=(mass, mass), noise=(0, 0), latency=(0, 0)) as varied:
            ones = np.ones(8, np.float32)
            runs.append(episode(varied, 3, lambda _, a=ones: a, 5)[-1][0]["observation"])
    assert not np.array_equal(*runs)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"arm": "inspector"}, "has no gripper; valid: handler"),
        ({"taker": "inspectr"}, "did you mean 'inspector'"),
        ({"taker": "handler"}, "no other arm"),
        ({"physics": "free"}, "knows no contacts"),
        ({"action": "torque"}, "torque"),
        ({"reward": "dens"}, "did you mean 'dense'"),
        ({"meet": (0.2, 0.0, 2.5)}, "cannot reach"),
        ({"goals": (0.1, -1.0, 0.1)}, "three lengths"),
        ({"meet": "abc"}, "meet 'abc'; valid: three lengths"),
        ({"tilt": 1.0}, "no option 'tilt'"),
    ],
)
def test_what_it_does_not_take_is_named(options, words):
    with pytest.raises(EnvError, match=words):
        gym.make(NAME, **options)
