"""A task with one arm as a Gymnasium environment."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import gymnasium
import numpy as np

from twincell.envs.arm import ArmTask, Told
from twincell.errors import EnvError
from twincell.physics.bullet_arms import BulletArms

__all__ = ["TaskEnv"]


class TaskEnv(gymnasium.Env[Any, Any], ABC):
    """One arm of a task; subclasses name the task and are its specification.

    Args:
        render_mode: None or `rgb_array` (Bullet's TinyRenderer, physics `bullet` only).
        **options: of the task.

    Raises:
        EnvError: an unknown option, or a value out of range.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 25}  # noqa: RUF012

    @staticmethod
    @abstractmethod
    def _make(count: int, options: dict[str, Any]) -> ArmTask:
        """The task with n arms, its options given by name."""

    def __init__(self, render_mode: str | None = None, **options: Any) -> None:
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise EnvError(f"render_mode '{render_mode}'; valid: None, 'rgb_array'")
        self.render_mode = render_mode
        self.task = self._make(1, options)
        self.metadata = {**self.metadata, "render_fps": self.task.options.rate}
        if render_mode is not None and not isinstance(self.task.arms, BulletArms):
            raise EnvError("render_mode 'rgb_array' with physics 'free'; valid: physics 'bullet'")
        if render_mode is not None:
            self.task.pictured()
        self.action_space = self.task.actions
        self.observation_space = self.task.observations
        self._row = np.array([0])
        self._started = False

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Start an episode.

        Raises:
            EnvError: an option that is not taken here, or closed.
        """
        self.task.ensure_open()
        super().reset(seed=seed)
        self._given(dict(options or {}))
        self._started = True
        seen, told = self._look()
        return seen, self._info(told)

    def _given(self, options: dict[str, Any]) -> None:
        """Begin, with the options of `reset`."""
        if options:
            raise EnvError(f"reset option '{next(iter(options))}'; valid: none")
        self.task.start(self._row, [self.np_random])

    def _look(self) -> tuple[Any, Told]:
        many = self.task.observation()
        seen = {k: rows[0] for k, rows in many.items()} if isinstance(many, dict) else many[0]
        return seen, {name: rows[0] for name, rows in self.task.outcome(many).items()}

    def _info(self, told: Told) -> dict[str, Any]:
        return {name: value.item() for name, value in self.task.info(told).items()}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """One control period.

        Raises:
            EnvError: before the first reset, closed, or an action of the wrong shape or not finite.
        """
        self.task.ensure_open()
        if not self._started:
            raise EnvError("step before reset; valid: reset first")
        self.task.act(np.asarray(action)[None])
        seen, told = self._look()
        ended = bool(self.task.terminated()[0])
        return seen, float(self.task.reward(told)), ended, False, self._info(told)

    def render(self) -> Any:
        """What a camera beside the arm sees, shape (360, 480, 3).

        Raises:
            EnvError: closed.
        """
        self.task.ensure_open()
        arms = self.task.arms
        if self.render_mode is None or not isinstance(arms, BulletArms):
            return None
        eye, target = self._view()
        return arms.picture(0, (480, 360), eye, target)

    def _view(self) -> tuple[Any, Any]:
        """Where the camera is and looks."""
        base = self.task.arm.place.p
        out = self.task.centre - base
        side = np.array([out[1], -out[0], 0.0]) / max(float(np.hypot(out[0], out[1])), 1e-6)
        target = base + 0.5 * out
        return target + 1.2 * side + 0.7 * out + np.array([0.0, 0.0, 0.35]), target

    def close(self) -> None:
        """End the Bullet world."""
        self.task.close()
