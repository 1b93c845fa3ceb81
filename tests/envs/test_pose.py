"""twincell/ReachPose-v0: its errors against scipy's rotations, and that it can be solved."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

import twincell.envs  # noqa: F401
from twincell.errors import EnvError


def make(**options):
    return gym.make("twincell/ReachPose-v0", **options)


def turn_of(goal):
    x, z = goal[3:6].astype(float), goal[6:].astype(float)
    return Rotation.from_matrix(np.stack([x, np.cross(z, x), z], axis=1))


def towards(seen):
    """A policy that knows the way: the step and the turn to the goal."""
    here, there = seen["achieved_goal"], seen["desired_goal"]
    by = (turn_of(there) * turn_of(here).inv()).as_rotvec()
    action = np.concatenate([(there - here)[:3] / 0.05, by / 0.2])
    return np.clip(action, -1, 1).astype(np.float32)


@pytest.mark.parametrize(
    ("physics", "arm"), [("bullet", "handler"), ("free", "handler"), ("free", "inspector")]
)
def test_who_knows_the_way_reaches_every_pose_and_chance_does_not(physics, arm):
    with make(arm=arm, physics=physics) as env:
        env.action_space.seed(0)
        for policy, succeeds in ((towards, True), (lambda _: env.action_space.sample(), False)):
            for seed in range(4):
                seen, info = env.reset(seed=seed)
                assert not info["is_success"]
                for _ in range(50):
                    seen, _, _, _, info = env.step(policy(seen))
                assert info["is_success"] == succeeds
                if succeeds:
                    assert info["distance"] < 1e-3
                    assert info["angle"] < 5e-3


def test_rewards_are_told_by_scipys_angle():
    with make(physics="free") as env:
        seen, _ = env.reset(seed=3)
        for _ in range(8):
            seen, reward, _, _, info = env.step(env.action_space.sample())
            here, there = seen["achieved_goal"], seen["desired_goal"]
            angle = (turn_of(there) * turn_of(here).inv()).magnitude()
            gap = np.linalg.norm(there[:3] - here[:3])
            assert info["angle"] == pytest.approx(angle, abs=1e-5)
            assert reward == pytest.approx(-gap - 0.1 * angle, abs=1e-5)
            assert env.unwrapped.compute_reward(here, there, info) == reward


def test_goals_are_turned_up_to_what_is_asked_for():
    with make(physics="free", turns=0.3) as env:
        angles = []
        for seed in range(40):
            seen, info = env.reset(seed=seed)
            angles.append(info["angle"])
            assert (abs(seen["desired_goal"] - seen["achieved_goal"])[:3] <= 0.1 + 1e-6).all()
        assert 0.2 < max(angles) <= 0.3 + 1e-5


def test_wrong_options_and_goals_are_named():
    with pytest.raises(EnvError, match=r"0 to 1\.5 rad"):
        make(turns=3.0)
    with pytest.raises(EnvError, match="above 0"):
        make(angle=-1.0)
    with make(physics="free") as wrapped:
        env = wrapped.unwrapped
        seen, _ = env.reset(seed=0)
        with pytest.raises(EnvError, match=r"\(9,\)"):
            env.reset(options={"goal": [0.4, 0.0, 1.1]})
        with pytest.raises(EnvError, match=r"goal 'abc'; valid: \(9,\)"):
            env.reset(options={"goal": "abc"})
        crooked = seen["desired_goal"].copy()
        crooked[3:6] *= 2.0
        with pytest.raises(EnvError, match="right angles"):
            env.reset(options={"goal": crooked})
        with pytest.raises(EnvError, match=r"\(3,\); valid: \(6,\)"):
            env.step(np.zeros(3))
