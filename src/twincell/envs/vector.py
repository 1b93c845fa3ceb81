"""`twincell/Reach-v0`, many arms in one process."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from twincell.envs.clear import PERIODS, ClearOptions, ClearTask
from twincell.envs.options import Options
from twincell.envs.pose import PoseOptions, PoseTask
from twincell.envs.task import Observation, ReachTask
from twincell.errors import EnvError

__all__ = ["ReachClearVectorEnv", "ReachPoseVectorEnv", "ReachVectorEnv"]


class ReachVectorEnv(gymnasium.vector.VectorEnv[Any, Any, Any]):
    """The environment of `ReachEnv` n times in one process; the same seeds give the same episodes.

    An episode that ends starts anew in the same step (`AutoresetMode.SAME_STEP`): its last
    observation is in `infos["final_obs"]`, its last info in `infos["final_info"]`.

    Args:
        num_envs: n.
        max_episode_steps: periods after which an episode is truncated.
        **options: of `ReachEnv`, without rendering.

    Raises:
        EnvError: as `ReachEnv`.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012
        "render_modes": [],
        "autoreset_mode": AutoresetMode.SAME_STEP,
    }

    @staticmethod
    def _make(count: int, options: dict[str, Any]) -> ReachTask:
        return ReachTask(count, Options.of(options))

    def __init__(self, num_envs: int = 1, max_episode_steps: int = 50, **options: Any) -> None:
        if num_envs < 1:
            raise EnvError(f"num_envs {num_envs}; valid: from 1 on")
        options.pop("render_mode", None)
        self.num_envs = num_envs
        self.task = self._make(num_envs, options)
        self.single_action_space = self.task.actions
        self.single_observation_space = self.task.observations
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self._longest = max_episode_steps
        self._age = np.zeros(num_envs, np.int64)
        self._all = np.arange(num_envs)
        self._rngs: list[np.random.Generator] = []

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Start all episodes; with seed s arm i gets what `ReachEnv` with seed s + i would."""
        if options:
            raise EnvError(f"reset option '{next(iter(options))}'; valid: none")
        if seed is not None or not self._rngs:
            if seed is None or isinstance(seed, int):
                seeds = [None if seed is None else seed + i for i in range(self.num_envs)]
            else:
                seeds = list(seed)
            self._rngs = [gymnasium.utils.seeding.np_random(s)[0] for s in seeds]
        self.task.start(self._all, self._rngs)
        self._age[:] = 0
        return self.task.observation(), {}

    def step(
        self, actions: NDArray[Any]
    ) -> tuple[Observation, NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]:
        """One control period of all arms.

        Raises:
            EnvError: before the first reset, or actions of the wrong shape or not finite.
        """
        if not self._rngs:
            raise EnvError("step before reset; valid: reset first")
        task = self.task
        task.act(actions)
        seen = task.observation()
        errors = task.errors(seen["achieved_goal"], seen["desired_goal"]) | task.state()
        success = task.success(errors)
        reward = task.reward(errors)
        self._age += 1
        terminated = task.terminated()
        truncated = self._age >= self._longest
        ended = terminated | truncated
        infos: dict[str, Any] = {"is_success": success, **errors}
        if ended.any():
            rows = np.flatnonzero(ended)
            infos |= {
                "final_obs": seen, "_final_obs": ended, "_final_info": ended,
                "final_info": {"is_success": success, **errors},
            }  # fmt: skip
            task.start(rows, [self._rngs[i] for i in rows])
            self._age[rows] = 0
            seen = task.observation()
        return seen, reward, terminated, truncated, infos

    def close_extras(self, **_: Any) -> None:
        """End the Bullet worlds."""
        self.task.close()


class ReachPoseVectorEnv(ReachVectorEnv):
    """The environment of `ReachPoseEnv` n times in one process; otherwise as `ReachVectorEnv`."""

    @staticmethod
    def _make(count: int, options: dict[str, Any]) -> ReachTask:
        return PoseTask(count, PoseOptions.of(options))


class ReachClearVectorEnv(ReachVectorEnv):
    """The environment of `ReachClearEnv` n times in one process; otherwise as `ReachVectorEnv`."""

    def __init__(self, num_envs: int = 1, max_episode_steps: int = PERIODS, **options: Any) -> None:
        super().__init__(num_envs, max_episode_steps, **options)

    @staticmethod
    def _make(count: int, options: dict[str, Any]) -> ReachTask:
        return ClearTask(count, ClearOptions.of(options))
