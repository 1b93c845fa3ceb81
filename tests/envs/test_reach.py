"""twincell/Reach-v0: the contract, its physics beside Bullet, and what it refuses."""

from __future__ import annotations

import copy
import pickle
import warnings

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from stable_baselines3.common.env_checker import check_env as check_env_sb3

import twincell.envs
from twincell.errors import EnvError, PhysicsError


def make(**options):
    return gym.make("twincell/Reach-v0", **options)


def towards(seen):
    """A policy that knows the way: the Cartesian step to the goal."""
    gap = seen["desired_goal"] - seen["achieved_goal"]
    return np.clip(gap / 0.05, -1, 1).astype(np.float32)


def joints(seen):
    return seen["observation"] if isinstance(seen, dict) else seen


FREE = [n for n in twincell.envs.IDS if "Clear" not in n and "Pick" not in n and "Two" not in n]
"""Tasks that need no contacts."""
ALL = [(n, "bullet") for n in twincell.envs.IDS] + [(n, "free") for n in FREE]


@pytest.mark.parametrize(("name", "physics"), ALL)
def test_the_checker_finds_nothing(name, physics):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with gym.make(name, physics=physics) as env:
            check_env(env.unwrapped, skip_render_check=True)
            check_env_sb3(env.unwrapped)


@pytest.mark.parametrize(("name", "physics"), ALL)
def test_a_used_environment_starts_as_a_new_one_does(name, physics):
    runs = []
    with gym.make(name, physics=physics) as env:
        for seed in (4, 9, 4):  # the same twice, another between
            seen, info = env.reset(seed=seed)
            assert env.observation_space.contains(seen)
            assert not info["is_success"]
            env.action_space.seed(seed)
            states = [joints(seen)]
            for _ in range(15):
                seen, _, terminated, _, info = env.step(env.action_space.sample())
                assert env.observation_space.contains(seen)
                states.append(joints(seen))
                if terminated:
                    break
            runs.append(np.array(states))
    assert np.array_equal(runs[0], runs[2])
    assert not np.array_equal(runs[0][-1], runs[1][-1])


def test_the_checker_finds_nothing_in_pictures():
    with make(render_mode="rgb_array") as env:
        check_env(env.unwrapped)


def test_pictures_follow_one_another_at_the_rate_of_control():
    with make(rate=50.0) as fast, make() as plain:
        assert fast.metadata["render_fps"] == 50
        assert plain.metadata["render_fps"] == 25


@pytest.mark.parametrize("physics", ["bullet", "free"])
@pytest.mark.parametrize("arm", ["handler", "inspector"])
def test_who_knows_the_way_reaches_every_goal_and_stays(arm, physics):
    with make(arm=arm, physics=physics, goals=(0.1, 0.1, 0.1)) as env:
        for seed in range(3):
            seen, _ = env.reset(seed=seed)
            for _ in range(50):
                seen, _, _, truncated, info = env.step(towards(seen))
            assert truncated
            assert info["is_success"]
            assert info["distance"] < 1e-3


def test_goals_lie_in_the_box_that_was_asked_for():
    offset, half = np.array([-0.12, 0.0, 0.02]), np.array([0.1, 0.05, 0.02])
    with make(arm="inspector", physics="free", offset=offset, goals=half) as env:
        seen, _ = env.reset(seed=0)
        middle = seen["achieved_goal"] + offset
        apart = [abs(env.reset(seed=k)[0]["desired_goal"] - middle) for k in range(40)]
        assert (np.array(apart) <= half + 1e-6).all()
        assert (np.array(apart).max(axis=0) > 0.8 * half).all()
        with pytest.raises(EnvError, match="goal"):
            env.reset(options={"goal": middle - offset})
    with pytest.raises(EnvError, match="offset"):
        make(offset=(0.0, float("nan"), 0.0))


@pytest.mark.parametrize("action", ["cartesian", "position", "velocity", "torque"])
def test_the_same_seed_gives_the_same_trajectory(action):
    runs = []
    for _ in range(2):
        with make(action=action) as env:
            seen, _ = env.reset(seed=3)
            env.action_space.seed(3)
            states = [joints(seen)]
            states += [env.step(env.action_space.sample())[0]["observation"] for _ in range(20)]
            runs.append(np.array(states))
    assert np.array_equal(*runs)
    assert np.ptp(runs[0][:, :7], axis=0).max() > 0.05


@pytest.mark.parametrize(("action", "bound"), [("cartesian", 2e-3), ("velocity", 5e-3)])
def test_free_arms_go_where_bullet_goes(action, bound):
    rng = np.random.default_rng(0)
    with make(action=action) as one, make(action=action, physics="free") as other:
        one.reset(seed=1)
        other.reset(seed=1)
        for _ in range(10):
            chosen = rng.uniform(-1, 1, one.action_space.shape).astype(np.float32)
            a, b = one.step(chosen)[0], other.step(chosen)[0]
            assert abs(a["observation"][:7] - b["observation"][:7]).max() < bound


def test_torques_of_zero_hold_the_arm_against_gravity():
    with make(action="torque") as env:
        seen, _ = env.reset(seed=0)
        start = seen["observation"][:7]
        for _ in range(10):
            seen = env.step(np.zeros(7, np.float32))[0]
        assert abs(seen["observation"][:7] - start).max() < 1e-6


@pytest.mark.parametrize("physics", ["bullet", "free"])
@pytest.mark.parametrize(("arm", "sign"), [("inspector", -1), ("handler", 1)])
def test_torques_bring_no_joint_beyond_its_stops_and_speeds(arm, sign, physics):
    with make(action="torque", arm=arm, physics=physics) as env:
        env.reset(seed=0)
        task, fastest, met = env.unwrapped.task, 0.0, False
        for _ in range(50):
            env.step(np.full(task.size, sign, np.float32))
            q, v = task.arms.q[0], task.arms.v[0]
            assert (q >= task.arm.lower - 1e-9).all()
            assert (q <= task.arm.upper + 1e-9).all()
            fastest = max(fastest, float((abs(v) / task.arm.velocity).max()))
            met |= bool((np.minimum(task.arm.upper - q, q - task.arm.lower) < 1e-9).any())
        assert met
        assert fastest == pytest.approx(1.0)


@pytest.mark.parametrize("clone", [copy.deepcopy, pickle.dumps], ids=["copy", "pickle"])
def test_a_bullet_world_is_not_copied(clone):
    with (
        make() as env,
        pytest.raises(PhysicsError, match=r"valid: .* gymnasium\.make\(env\.spec\)"),
    ):
        clone(env)


def test_a_copy_of_a_free_arm_goes_its_own_way():
    with make(physics="free") as env:
        seen, _ = env.reset(seed=0)
        other = copy.deepcopy(env)
        other.step(np.ones(3, np.float32))
        assert np.array_equal(env.unwrapped.task.observation()["observation"][0], joints(seen))


@pytest.mark.parametrize("reward", ["dense", "sparse"])
def test_rewards_of_a_batch_are_those_of_its_steps(reward):
    with make(reward=reward, tolerance=0.05) as env:
        seen, _ = env.reset(seed=2)
        rows = []
        for _ in range(12):
            seen, value, *_ = env.step(towards(seen))
            assert isinstance(value, float)
            gap = np.linalg.norm(seen["achieved_goal"] - seen["desired_goal"])
            told = -gap if reward == "dense" else -float(gap > 0.05)
            assert value == pytest.approx(told, abs=1e-6)
            rows.append((seen["achieved_goal"], seen["desired_goal"], value))
        achieved, desired, values = (np.array(x) for x in zip(*rows, strict=True))
        batch = env.unwrapped.compute_reward(achieved, desired, [{}] * len(rows))
        assert np.array_equal(batch, values)
        assert len(set(values)) > 1


@pytest.mark.parametrize("physics", ["bullet", "free"])
def test_arm_i_of_many_does_what_one_with_its_seed_does(physics):
    many = gym.make_vec(
        "twincell/Reach-v0", 3, vectorization_mode="vector_entry_point", physics=physics
    )
    first, _ = many.reset(seed=5)
    rng = np.random.default_rng(0)
    actions = rng.uniform(-1, 1, (52, 3, 3)).astype(np.float32)
    seen = [many.step(a) for a in actions]
    with make(physics=physics) as one:
        alone, _ = one.reset(seed=6)
        assert np.array_equal(first["desired_goal"][1], alone["desired_goal"])
        for k in range(50):
            alone, reward, _, truncated, _ = one.step(actions[k, 1])
            last = k == 49
            row = seen[k][4]["final_obs"][1] if last else {n: v[1] for n, v in seen[k][0].items()}
            assert np.array_equal(row["observation"], alone["observation"])
            assert seen[k][1][1] == reward
            assert seen[k][3][1] == truncated
        alone, _ = one.reset()
        assert np.array_equal(seen[49][0]["desired_goal"][1], alone["desired_goal"])
    many.close()


def test_a_contact_is_not_told_of_the_next_episode():
    with make() as env:
        env.reset(seed=0)
        for _ in range(50):
            *_, info = env.step(np.array([0.3, 0.0, -1.0], np.float32))
            if info["contact"]:
                break
        assert info["contact"]
        assert not env.reset(seed=1)[1]["contact"]


def test_pictures_show_the_goal():
    with make(render_mode="rgb_array") as env:
        env.reset(seed=1)
        picture = env.render()
        assert picture.shape == (360, 480, 3)
        red, green, blue = (picture[..., i].astype(int) for i in range(3))
        assert ((green > red + 40) & (green > blue + 40)).sum() > 20


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tolerence": 0.1}, "did you mean 'tolerance'"),
        ({"action": "cartesion"}, "did you mean 'cartesian'"),
        ({"arm": "handlr"}, "did you mean 'handler'"),
        ({"arm": 3}, "arm 3; valid: text, as 'handler'"),
        ({"physics": "mujoco"}, "valid: bullet, free"),
        ({"tolerance": float("nan")}, "finite number above 0"),
        ({"substeps": 0}, "whole number from 1"),
        ({"goals": (0.1, 0.1)}, "three lengths"),
        ({"goals": "abc"}, "goals 'abc'; valid: three lengths above 0"),
        ({"goals": [[0.1], 0.1, 0.1]}, "three lengths above 0"),
        ({"offset": "abc"}, "offset 'abc'; valid: three finite lengths"),
        ({"goals": (2.0, 0.1, 0.1)}, "cannot reach the corner"),
        ({"arm": "table"}, "at least 6 joints"),
        ({"physics": "free", "render_mode": "rgb_array"}, "physics 'bullet'"),
    ],
)
def test_what_it_does_not_take_is_named(options, words):
    with pytest.raises(EnvError, match=words):
        make(**options)


@pytest.mark.parametrize("name", ["Reach", "ReachPose", "ReachClear"])
def test_a_goal_that_is_refused_leaves_the_episode_as_it_is(name):
    with gym.make(f"twincell/{name}-v0").unwrapped as env:
        env.reset(seed=0)
        for _ in range(3):
            env.step(env.action_space.high)
        before = env.task.observation()
        with pytest.raises(EnvError, match="goal"):
            env.reset(options={"goal": [9.0, 9.0, 9.0]})
        for key, rows in env.task.observation().items():
            assert np.array_equal(rows, before[key])


def test_wrong_actions_and_goals_are_refused_before_anything_moves():
    with make() as wrapped:
        env = wrapped.unwrapped
        with pytest.raises(EnvError, match="reset first"):
            env.step(np.zeros(3))
        seen, _ = env.reset(seed=0)
        for bad, words in ((np.zeros(4), r"\(4,\); valid: \(3,\)"), ([0, np.nan, 0], "not finite")):
            with pytest.raises(EnvError, match=words):
                env.step(bad)
        after = env.task.observation()["observation"][0]
        assert np.array_equal(after, seen["observation"])
        with pytest.raises(EnvError, match="valid: from"):
            env.reset(options={"goal": [5.0, 0.0, 0.0]})
        with pytest.raises(EnvError, match="goal 'abc'; valid: three lengths"):
            env.reset(options={"goal": "abc"})
        with pytest.raises(EnvError, match="valid: goal"):
            env.reset(options={"gaol": [5.0, 0.0, 0.0]})
