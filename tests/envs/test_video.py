"""A film has a picture for each period, of what the environment drew."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
from PIL import Image

import twincell.envs  # noqa: F401
from twincell.envs.video import RecordVideo
from twincell.errors import EnvError


def test_a_film_has_a_picture_for_each_period(tmp_path):
    drawn = []
    with RecordVideo(
        gym.make("twincell/Reach-v0", render_mode="rgb_array"),
        tmp_path / "films",
        episode_trigger=lambda number: number == 1,
        name_prefix="arm",
    ) as env:
        for number in range(2):
            env.reset(seed=3)
            for _ in range(8):
                env.step(np.array([1.0, 0.5, -1.0], np.float32))
                if number:
                    drawn.append(env.render())
    assert [file.name for file in (tmp_path / "films").iterdir()] == ["arm-episode-1.webp"]
    with Image.open(tmp_path / "films" / "arm-episode-1.webp") as film:
        assert film.n_frames == 9
        assert film.size == (480, 360)
        for k, picture in enumerate(drawn, 1):
            film.seek(k)
            frame = np.asarray(film.convert("RGB"), float)
            assert abs(frame - picture).mean() < 4.0
            assert film.info["duration"] == 40
    assert abs(drawn[0].astype(float) - drawn[-1]).max() > 100


def test_without_a_trigger_episodes_are_chosen_as_gymnasium_does(tmp_path):
    folder = tmp_path / "films"
    with RecordVideo(
        gym.make("twincell/Reach-v0", render_mode="rgb_array", max_episode_steps=1), folder
    ) as env:
        for _ in range(3):
            env.reset(seed=0)
            env.step(np.zeros(3, np.float32))
        chosen = [number for number in range(2001) if env.episode_trigger(number)]
    films = sorted(file.name for file in folder.iterdir())
    assert films == ["rl-video-episode-0.webp", "rl-video-episode-1.webp"]
    assert chosen == [k**3 for k in range(10)] + [1000, 2000]


def test_a_film_of_some_periods_needs_no_trigger(tmp_path):
    env = gym.make("twincell/Reach-v0", render_mode="rgb_array")
    with RecordVideo(env, tmp_path / "films", video_length=2, fps=5) as filmed:
        filmed.reset(seed=0)
        for _ in range(5):
            filmed.step(np.zeros(3, np.float32))
    with Image.open(tmp_path / "films" / "rl-video-episode-0.webp") as film:
        film.load()
        # Gymnasium ends once there are more
        assert (film.n_frames, film.info["duration"]) == (3, 200)


def test_without_pictures_there_is_no_film(tmp_path):
    with gym.make("twincell/Reach-v0") as env, pytest.raises(EnvError, match="'rgb_array'"):
        RecordVideo(env, tmp_path)
