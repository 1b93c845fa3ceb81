"""Environments as stable-baselines3 takes them, many in one process where an id can do that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import DummyVecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnv

import twincell.envs

__all__ = ["VectorAdapter", "make_many"]


def make_many(env: str, count: int, options: Mapping[str, Any], seed: int, goals: bool) -> VecEnv:
    """`count` copies of an environment, seeded.

    Args:
        env: registered id.
        count: of copies.
        options: of the environment.
        seed: of the first copy; the others count on.
        goals: whether rewards of other goals will be asked for (hindsight replay), which only
            environments that stand alone answer.
    """
    made: VecEnv
    if env in twincell.envs.IDS and not goals:  # others' many may start anew in another way
        mode = gymnasium.VectorizeMode.VECTOR_ENTRY_POINT
        made = VectorAdapter(gymnasium.make_vec(env, count, mode, **options))
    else:
        made = DummyVecEnv([lambda: gymnasium.make(env, **options) for _ in range(count)])
    made.seed(seed)
    made.action_space.seed(seed)
    return made


class VectorAdapter(VecEnv):  # type: ignore[misc]  # stable-baselines3 is untyped here
    """A gymnasium VectorEnv with `AutoresetMode.SAME_STEP` as a VecEnv.

    Args:
        vector: the environments.
    """

    def __init__(self, vector: Any) -> None:
        self.vector = vector
        self._actions: NDArray[Any] = np.empty(0)
        super().__init__(
            vector.num_envs, vector.single_observation_space, vector.single_action_space
        )

    def reset(self) -> Any:
        """Observations of new episodes; a seed is used once."""
        seeds = [None if s is None else int(s) for s in self._seeds]
        given = seeds if any(s is not None for s in seeds) else None
        seen, _ = self.vector.reset(seed=given)
        self._reset_seeds()
        return seen

    def step_async(self, actions: NDArray[Any]) -> None:
        """Keep the actions."""
        self._actions = actions

    def step_wait(self) -> tuple[Any, NDArray[Any], NDArray[Any], list[dict[str, Any]]]:
        """One period of all; ended episodes have their last observation in their info."""
        seen, reward, terminated, truncated, infos = self.vector.step(self._actions)
        done = terminated | truncated
        per: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for row in np.flatnonzero(done).tolist():
            per[row] = {
                "terminal_observation": infos["final_obs"][row],
                "TimeLimit.truncated": bool(truncated[row] and not terminated[row]),
                "is_success": bool(infos["final_info"]["is_success"][row]),
            }
        return seen, reward.astype(np.float32), done, per

    def close(self) -> None:
        """End the environments."""
        self.vector.close()

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """The same for all copies."""
        return [getattr(self.vector, attr_name)] * len(self._rows(indices))

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:  # noqa: ARG002
        """Copies of one process share what they have."""
        setattr(self.vector, attr_name, value)

    def env_method(
        self, method_name: str, *method_args: Any, indices: Any = None, **method_kwargs: Any
    ) -> list[Any]:
        """Call a method of the environments once, and give its answer for each copy."""
        answer = getattr(self.vector, method_name)(*method_args, **method_kwargs)
        return [answer] * len(self._rows(indices))

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:  # noqa: ARG002
        """None is."""
        return [False] * len(self._rows(indices))

    def _rows(self, indices: Any) -> Sequence[int]:
        if indices is None:
            return range(self.num_envs)
        return list(indices) if isinstance(indices, Iterable) else [int(indices)]
