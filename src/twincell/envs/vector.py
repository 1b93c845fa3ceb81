"""Tasks with many arms in one process."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from twincell.envs.arm import ArmTask, Told
from twincell.envs.clear import PERIODS, ClearOptions, ClearTask
from twincell.envs.hand_over_task import PERIODS as HAND_OVER_PERIODS
from twincell.envs.hand_over_task import HandOverOptions, HandOverTask
from twincell.envs.options import Options
from twincell.envs.pick_task import PERIODS as PICK_PERIODS
from twincell.envs.pick_task import PickOptions, PickTask
from twincell.envs.pose import PoseOptions, PoseTask
from twincell.envs.scan_task import PERIODS as SCAN_PERIODS
from twincell.envs.scan_task import ScanOptions, ScanTask
from twincell.envs.task import ReachTask
from twincell.errors import EnvError

__all__ = [
    "PickBladeVectorEnv",
    "ReachClearVectorEnv",
    "ReachPoseVectorEnv",
    "ReachVectorEnv",
    "ScanBladeVectorEnv",
    "TaskVectorEnv",
    "TwoArmHandOverVectorEnv",
]


class TaskVectorEnv(gymnasium.vector.VectorEnv[Any, Any, Any], ABC):
    """A task with n arms in one process; the same seeds give the same episodes as one arm's.

    An episode that ends starts anew in the same step (`AutoresetMode.SAME_STEP`): its last
    observation is in `infos["final_obs"]`, its last info in `infos["final_info"]`, and all else of
    `infos` is the new episode's; the form is that of Gymnasium's own vector environments.

    Args:
        num_envs: n.
        max_episode_steps: periods after which an episode is truncated; -1: never, None: the
            registered ones.
        **options: of the task; a `render_mode` other than None is refused.

    Raises:
        EnvError: as the environment of one arm.
    """

    _periods = 50
    """Registered length of an episode."""
    metadata: dict[str, Any] = {  # noqa: RUF012
        "render_modes": [],
        "autoreset_mode": AutoresetMode.SAME_STEP,
    }

    @staticmethod
    @abstractmethod
    def _make(count: int, options: dict[str, Any]) -> ArmTask:
        """The task with n arms, its options given by name."""

    def __init__(
        self, num_envs: int = 1, max_episode_steps: int | None = None, **options: Any
    ) -> None:
        if num_envs < 1:
            raise EnvError(f"num_envs {num_envs}; valid: from 1 on")
        mode = options.pop("render_mode", None)
        if mode is not None:
            raise EnvError(f"render_mode '{mode}'; valid: None, or vectorization_mode=\"sync\"")
        self._longest = self._limit(max_episode_steps)
        self.num_envs = num_envs
        self.task = self._make(num_envs, options)
        self.single_action_space = self.task.actions
        self.single_observation_space = self.task.observations
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self._age = np.zeros(num_envs, np.int64)
        self._all = np.arange(num_envs)
        self._rngs: list[np.random.Generator] = []

    def _limit(self, given: Any) -> int:
        """Periods after which an episode is truncated, as `gymnasium.make` takes them.

        Raises:
            EnvError: neither -1, None nor a whole number from 1 on.
        """
        if given is None:
            return self._periods
        if isinstance(given, int) and not isinstance(given, bool):
            if given == -1:
                return int(np.iinfo(np.int64).max)
            if given >= 1:
                return given
        raise EnvError(
            f"max_episode_steps {given!r}; valid: a whole number from 1 on, -1 (no limit), None"
        )

    def _infos(self, told: Told) -> dict[str, Any]:
        """What is told of all arms, each with its mask of the arms that it is told of."""
        infos: dict[str, Any] = {}
        for name, value in self.task.info(told).items():
            infos[name] = value.astype(np.float64) if value.dtype == np.float32 else value
            infos[f"_{name}"] = np.ones(self.num_envs, bool)
        return infos

    def _last(self, seen: Any, infos: dict[str, Any], ended: NDArray[np.bool_]) -> dict[str, Any]:
        """`final_obs` and `final_info` of the arms that have `ended`, each with its mask."""
        last = np.full(self.num_envs, None, object)
        for row in np.flatnonzero(ended).tolist():
            keyed = isinstance(seen, dict)
            last[row] = {k: rows[row] for k, rows in seen.items()} if keyed else seen[row]
        told = {name: np.where(ended, v, v.dtype.type(0)) for name, v in infos.items()}
        return {
            "final_obs": last, "_final_obs": ended.copy(),
            "final_info": told, "_final_info": ended.copy(),
        }  # fmt: skip

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Start all episodes; with seed s arm i gets what one with seed s + i would.

        Of a list of seeds those that are None leave an arm the generator that it has.

        Raises:
            EnvError: an option, not one seed for each arm, or closed.
        """
        self.task.ensure_open()
        if options:
            raise EnvError(f"reset option '{next(iter(options))}'; valid: none")
        if seed is not None or not self._rngs:
            if seed is None or isinstance(seed, int):
                seeds = [None if seed is None else seed + i for i in range(self.num_envs)]
            else:
                seeds = list(seed)
            if len(seeds) != self.num_envs:
                raise EnvError(f"seeds {seeds}; valid: one for each of {self.num_envs} arms")
            fresh = not self._rngs
            self._rngs = [
                gymnasium.utils.seeding.np_random(s)[0] if fresh or s is not None else self._rngs[i]
                for i, s in enumerate(seeds)
            ]
        self.task.start(self._all, self._rngs)
        self._age[:] = 0
        seen = self.task.observation()
        return seen, self._infos(self.task.outcome(seen))

    def step(
        self, actions: NDArray[Any]
    ) -> tuple[Any, NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]:
        """One control period of all arms.

        Raises:
            EnvError: before the first reset, closed, or actions of the wrong shape or not finite.
        """
        self.task.ensure_open()
        if not self._rngs:
            raise EnvError("step before reset; valid: reset first")
        task = self.task
        task.act(actions)
        seen = task.observation()
        told = task.outcome(seen)
        reward = task.reward(told)
        self._age += 1
        terminated = task.terminated()
        truncated = self._age >= self._longest
        ended = terminated | truncated
        infos = self._infos(told)
        if ended.any():
            rows, last = np.flatnonzero(ended), self._last(seen, infos, ended)
            task.start(rows, [self._rngs[i] for i in rows])
            self._age[rows] = 0
            seen = task.observation()
            infos = self._infos(task.outcome(seen)) | last
        return seen, reward, terminated, truncated, infos

    def close_extras(self, **_: Any) -> None:
        """End the Bullet worlds."""
        if hasattr(self, "task"):  # else its options were refused
            self.task.close()


class ReachVectorEnv(TaskVectorEnv):
    """The environment of `ReachEnv` n times in one process."""

    @staticmethod
    def _make(count: int, options: dict[str, Any]) -> ReachTask:
        return ReachTask(count, Options.of(options))


class ReachPoseVectorEnv(TaskVectorEnv):
    """The environment of `ReachPoseEnv` n times in one process; otherwise as `TaskVectorEnv`."""

    @staticmethod
    def _make(count: int, options: dict[str, Any]) -> ReachTask:
        return PoseTask(count, PoseOptions.of(options))


class ReachClearVectorEnv(TaskVectorEnv):
    """The environment of `ReachClearEnv` n times in one process; otherwise as `TaskVectorEnv`."""

    _periods = PERIODS

    @staticmethod
    def _make(count: int, options: dict[str, Any]) -> ReachTask:
        return ClearTask(count, ClearOptions.of(options))


class ScanBladeVectorEnv(TaskVectorEnv):
    """The environment of `ScanBladeEnv` n times in one process; otherwise as `TaskVectorEnv`."""

    _periods = SCAN_PERIODS

    @staticmethod
    def _make(count: int, options: dict[str, Any]) -> ArmTask:
        return ScanTask(count, ScanOptions.of(options))


class PickBladeVectorEnv(TaskVectorEnv):
    """The environment of `PickBladeEnv` n times in one process; otherwise as `TaskVectorEnv`."""

    _periods = PICK_PERIODS

    @staticmethod
    def _make(count: int, options: dict[str, Any]) -> ArmTask:
        return PickTask(count, PickOptions.of(options))


class TwoArmHandOverVectorEnv(TaskVectorEnv):
    """The environment of `TwoArmHandOverEnv` n times in one process; see `TaskVectorEnv`."""

    _periods = HAND_OVER_PERIODS

    @staticmethod
    def _make(count: int, options: dict[str, Any]) -> ArmTask:
        return HandOverTask(count, HandOverOptions.of(options))
