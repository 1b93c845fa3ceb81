"""What a sensor sees in an environment, against Bullet's rays and the pictures without a blade."""

from __future__ import annotations

import dataclasses
import warnings
from typing import Any

import cv2
import gymnasium as gym
import numpy as np
import pybullet as p
import pytest
from gymnasium.utils.env_checker import check_env

import twincell.envs  # noqa: F401  (registers the ids)
from twincell.assets import world_path
from twincell.envs.randomise import Randomise
from twincell.envs.sight import Sight
from twincell.errors import EnvError
from twincell.geometry.pose import Pose
from twincell.sensing.optics import camera_info
from twincell.world.load import load_world

WORLD = load_world(world_path("blade_cell"))
NOISE = 0.03
"""Five standard deviations of a LiDAR's range noise, and its quantisation [m]."""


def bullet_rays(client: int, eye: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Body that each ray meets first (-1: none), and how far away [m]."""
    hits: list[Any] = []
    for k in range(0, len(ends), 1000):
        part = ends[k : k + 1000].tolist()
        hits += p.rayTestBatch([eye.tolist()] * len(part), part, physicsClientId=client)
    at = np.array([h[3] for h in hits])
    return np.array([h[0] for h in hits]), np.linalg.norm(at - eye, axis=1)


def moved(env: gym.Env[Any, Any], seed: int, periods: int) -> dict[str, Any]:
    """What is seen after some periods of chance."""
    env.action_space.seed(seed)
    seen, _ = env.reset(seed=seed)
    for _ in range(periods):
        seen = env.step(env.action_space.sample())[0]
    return dict(seen)


def added(task: Any) -> dict[str, set[int]]:
    """Bullet's ids of what tasks add to the arm, by what it is."""
    found = {}
    if hasattr(task, "_guests"):
        others, body, arm = task._guests._rows[0]
        found |= {"body": {body}, "hand": {arm}, "others": set(others)}
    if hasattr(task, "_stand") and task._stand is not None:
        found["blade"] = {task._stand._rows[0][1]}
    if hasattr(task.arms, "_blades"):
        found["blade"] = {task.arms._blades[0][0]}
    return found


@pytest.mark.parametrize(
    ("name", "sensor", "seen"),
    [
        ("Reach", "lidar_east", set()),
        ("ReachClear", "lidar_east", {"body", "hand", "others"}),
        ("ScanBlade", "lidar_east", {"blade"}),
        ("PickBlade", "lidar_east", {"blade"}),
        ("TwoArmHandOver", "lidar_east", {"blade"}),
    ],
)
def test_a_cloud_lies_where_rays_of_bullet_meet_the_same_world(
    name: str, sensor: str, seen: set[str]
) -> None:
    with Sight(gym.make(f"twincell/{name}-v0"), sensor=sensor, points=25_000) as env:
        cloud = moved(env, 3, 8)[sensor]
        eye = Pose.at(WORLD.sensors[sensor].mount.place)
        task = env.unwrapped.task  # type: ignore[attr-defined]
        if "blade" in seen:  # which is small: looked at from nearby
            blade = task.shown(0).blade
            eye = env._offset = Pose.of(blade.p + np.array([0.45, -0.25, 0.10]))
            cloud = env._look(task.shown(0))
        points = eye.apply(np.unique(cloud, axis=0).astype(float))
        body, far = bullet_rays(task.arms.worlds[0][0], eye.p, eye.p + 1.2 * (points - eye.p))
        assert (body >= 0).mean() > 0.995
        off = np.linalg.norm(points - eye.p, axis=1) - far
        # Bullet takes hulls of an arm's links: rays meet them no later than the links themselves
        assert (off > -NOISE).mean() > 0.98
        assert (np.abs(off) < NOISE).mean() > 0.90
        there = added(task)
        for what in seen:
            hit = np.isin(body, list(there[what]))
            assert hit.sum() >= 15, what
            # half of them at least: hulls fill hollows, and edges are mixed points
            assert np.median(np.abs(off[hit])) < NOISE, what


def test_fingers_are_where_they_are_in_bullet() -> None:
    with Sight(gym.make("twincell/PickBlade-v0"), sensor="lidar_east", points=1) as env:
        env.reset(seed=2)
        task = env.unwrapped.task  # type: ignore[attr-defined]
        openings = []
        for grip in (-1.0, 1.0):
            for _ in range(10):
                env.step(np.array([0.0, 0.0, 1.0, grip], np.float32))
            shown, mover = task.shown(0), task.arms._movers[0]
            openings.append(shown.openings["handler"])
            links = env._links["handler"](shown.joints["handler"], openings[-1])
            for name in ("panda_leftfinger", "panda_rightfinger"):
                there = mover.link_pose(mover.handle.links[name])
                assert np.linalg.norm(links[name].p - there.p) < 1e-3, (name, grip)
    assert openings[0] - openings[1] > 0.02


def test_an_image_shows_the_blade_where_it_stands() -> None:
    with Sight(gym.make("twincell/ScanBlade-v0"), sensor="camera", size=(160, 120)) as env:
        moved(env, 5, 4)
        task = env.unwrapped.task  # type: ignore[attr-defined]
        shown = task.shown(0)
        gone = dataclasses.replace(shown, blade=None)
        there, empty = (env._look(s).astype(float) for s in (shown, gone))
        changed = np.abs(there - empty).max(axis=0) > 12.0

        # each pixel's ray by OpenCV, against Bullet's blade
        spec = dataclasses.replace(WORLD.cameras()["camera"], width=160, height=120)
        info = camera_info(spec)
        v, u = np.mgrid[0:120, 0:160]
        pixels = np.stack([u, v], axis=-1).reshape(-1, 1, 2).astype(float)
        rays = cv2.undistortPoints(pixels, info.k, np.asarray(info.d)).reshape(-1, 2)
        client, _ = task.arms.worlds[0]
        at = env._links["inspector"](task.arms.q[0])
        # the tip by Pinocchio is the tip that the observation tells
        tip = at[task.stage().movers["inspector"].tip]
        assert np.allclose(tip.p, task.observation()[0][2 * task.size :][:3], atol=1e-5)
        eye = at["camera_optical"]
        ends = eye.apply(0.6 * np.c_[rays, np.ones(len(rays))])
        blade = task._stand._rows[0][1]
        found, _ = bullet_rays(client, eye.p, ends)
        wanted = (found == blade).reshape(120, 160)
        assert wanted.sum() > 1000
        both = (wanted & changed).sum() / (wanted | changed).sum()
        assert both > 0.85, both


def test_the_same_seed_sees_the_same_and_another_does_not() -> None:
    with Sight(gym.make("twincell/Reach-v0"), sensor="lidar_west", points=200) as env:
        first, again, other = (moved(env, seed, 3)["lidar_west"] for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("given", [{"sensor": "lidar_east"}, {"sensor": "camera"}])
def test_it_keeps_gymnasiums_contract_and_the_task(given: dict[str, Any]) -> None:
    plain = gym.make("twincell/ScanBlade-v0")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message=".*different from the unwrapped version")
        check_env(
            Sight(gym.make("twincell/ScanBlade-v0").unwrapped, **given), skip_render_check=True
        )
    with Sight(gym.make("twincell/ScanBlade-v0"), **given) as env, plain:
        seen, _ = env.reset(seed=4)
        alone, _ = plain.reset(seed=4)
        assert np.array_equal(seen["observation"], alone)
        action = env.action_space.sample()
        assert env.step(action)[1] == plain.step(action)[1]


def test_two_sensors_see_each_for_itself() -> None:
    one = Sight(gym.make("twincell/Reach-v0"), sensor="lidar_east", points=50)
    with Sight(one, sensor="lidar_west", points=20) as env:
        seen, _ = env.reset(seed=1)
        assert (seen["lidar_east"].shape, seen["lidar_west"].shape) == ((50, 3), (20, 3))
        assert env.observation_space.contains(seen)
        with pytest.raises(EnvError, match="'lidar_east' is seen already"):
            Sight(env, sensor="lidar_east")


def test_noise_on_joints_goes_below_and_on_top() -> None:
    with Sight(Randomise(gym.make("twincell/Reach-v0")), sensor="lidar_east", points=9) as env:
        seen, info = env.reset(seed=1)
        assert seen["lidar_east"].shape == (9, 3)
        assert "randomised" in info
    inner = Sight(gym.make("twincell/Reach-v0"), sensor="lidar_east", points=50)
    with Randomise(inner, noise=(0.01, 0.01)) as env:
        seen, _ = env.reset(seed=1)
        assert seen["lidar_east"].shape == (50, 3)
        assert np.abs(seen["observation"][:6] - inner.unwrapped.task.arms.q[0][:6]).max() > 1e-4  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"sensor": "lidar_eats"}, "lidar_east"),
        ({"sensor": "profiler"}, "no LiDAR or camera"),
        ({"sensor": "camera"}, "sits on 'inspector/camera_optical', which is not there"),
        ({"sensor": 3}, "sensor '3': no LiDAR or camera"),
        ({"sensor": "lidar_east", "points": 0}, "valid: a whole number from 1"),
        ({"sensor": "lidar_east", "points": 50.0}, r"points 50\.0; valid"),
    ],
)
def test_bad_input_is_refused(given: dict[str, Any], words: str) -> None:
    env = gym.make("twincell/Reach-v0")
    with pytest.raises(EnvError, match=words):
        Sight(env, **given)
    env.close()


def test_an_image_of_no_size_and_a_foreign_environment_are_refused() -> None:
    with gym.make("twincell/ScanBlade-v0") as env:
        with pytest.raises(EnvError, match="from 16 to 4096"):
            Sight(env, sensor="camera", size=(8, 64))
        with pytest.raises(EnvError, match="size"):
            Sight(env, sensor="camera", size=(64,))  # type: ignore[arg-type]
    with gym.make("CartPole-v1") as cart, pytest.raises(EnvError, match=r"twincell\.envs"):
        Sight(cart, sensor="camera")
