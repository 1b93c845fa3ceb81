"""Domain randomisation: another arm, another sensor and another delay in each episode."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from twincell.envs.arm import ArmTask
from twincell.errors import EnvError, did_you_mean
from twincell.physics.bullet_arms import BulletArms

__all__ = ["Randomise", "Ranges"]

Range = tuple[float, float]

_SHIFT = ("mass", "damping", "effort")
"""Factors on what the arm is; they need Bullet."""


@dataclass(frozen=True)
class Ranges:
    """Least and greatest value of what is drawn, uniformly, for each episode.

    Attributes:
        mass: factor on the mass and inertia of each link of the option `arm`, drawn for each; over
            TwoArmHandOver that is the giver alone, here and below.
        damping: factor on the viscous friction of each joint, drawn for each.
        effort: factor on the effort that each motor has, drawn for each.
        noise: standard deviation of the joint positions [rad] and speeds [rad/s] that are seen.
        latency: whole periods after which an action takes effect.
    """

    mass: Range = (0.8, 1.2)
    damping: Range = (0.5, 2.0)
    effort: Range = (0.7, 1.0)
    noise: Range = (0.0, 0.002)
    latency: Range = (0, 2)

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Ranges:
        """Check ranges by name.

        Raises:
            EnvError: an unknown name, or no range.
        """
        names = [f.name for f in fields(cls)]
        for name, value in given.items():
            if name not in names:
                raise EnvError(f"no range '{name}'; {did_you_mean(name, names)}")
            try:
                low, high = (float(x) for x in value)
            except (TypeError, ValueError):
                raise EnvError(f"{name} {value!r}; valid: least and greatest value") from None
            least = 1e-3 if name in _SHIFT else 0.0
            if not (math.isfinite(high) and least <= low <= high):
                raise EnvError(
                    f"{name} {value!r}; valid: two numbers from {least:g} on, the lesser first"
                )
            if name == "latency" and (low != int(low) or high != int(high)):
                raise EnvError(f"latency {value!r}; valid: whole periods")
        return cls(**given)


class Randomise(gymnasium.Wrapper[Any, Any, Any, Any], gymnasium.utils.RecordConstructorArgs):
    """Draws the arm, its sensors and their delay anew at each reset.

    The rewards and goals stay those of the true state: only joints and speeds are noisy. Until the
    first action takes effect, arms rest and hands stay as they began; but for actions by `torque`,
    which then hold up the arm as it should be, not as it was drawn. What was drawn is in
    `info["randomised"]` at reset. The same seed draws the same.

    Args:
        env: one of this room's environments, not a vector of them.
        **ranges: see `Ranges`; equal ends switch one off: `mass=(1, 1)`, `latency=(0, 0)`.

    Raises:
        EnvError: an unknown or impossible range, or another kind of environment. With physics
            `free` only noise and latency are drawn, and other ranges are refused.
    """

    def __init__(self, env: gymnasium.Env[Any, Any], **ranges: Any) -> None:
        gymnasium.utils.RecordConstructorArgs.__init__(self, **ranges)
        super().__init__(env)
        task = getattr(env.unwrapped, "task", None)
        if not isinstance(task, ArmTask):
            raise EnvError(f"Randomise: {env} is no environment of twincell.envs")
        self.ranges = Ranges.of(ranges)
        self._task = task
        self._bullet = task.arms if isinstance(task.arms, BulletArms) else None
        for name in _SHIFT:
            if self._bullet is None and name in ranges:
                raise EnvError(f"range '{name}' with physics 'free'; valid: physics 'bullet'")
        space = env.observation_space
        inner = space["observation"] if isinstance(space, spaces.Dict) else space
        assert isinstance(inner, spaces.Box)  # noqa: S101  (of ArmTask)
        self._edge = inner.high
        self._rng = np.random.default_rng()
        self._spread = 0.0
        self._waiting: deque[NDArray[Any]] = deque()

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Start an episode with another arm.

        Raises:
            EnvError: as the environment.
        """
        self._task.ensure_open()
        if seed is not None:
            self._rng = np.random.default_rng([seed, *b"randomise"])
        d, rng, ranges = self._task.size, self._rng, self.ranges
        drawn: dict[str, Any] = {}
        for name in _SHIFT:
            low, high = getattr(ranges, name)
            drawn[name] = rng.uniform(low, high, d)
        drawn["noise"] = self._spread = float(rng.uniform(*ranges.noise))
        late = int(rng.integers(int(ranges.latency[0]), int(ranges.latency[1]), endpoint=True))
        drawn["latency"] = late
        if self._bullet is None:
            drawn = {name: value for name, value in drawn.items() if name not in _SHIFT}
        else:
            self._bullet.vary(0, *(drawn[name] for name in _SHIFT))
        self._waiting = deque(self._task.idle for _ in range(late))
        seen, info = self.env.reset(seed=seed, options=options)
        return self._noisy(seen), info | {"randomised": drawn}

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """One control period, with the action of `latency` periods ago.

        Raises:
            EnvError: as the environment, at once, not when the action takes effect.
        """
        self._task.check(np.asarray(action)[None])
        self._waiting.append(np.asarray(action).copy())
        seen, reward, terminated, truncated, info = self.env.step(self._waiting.popleft())
        return self._noisy(seen), reward, terminated, truncated, info

    def _noisy(self, seen: Any) -> Any:
        d, keyed = self._task.size, isinstance(seen, dict)
        rows = (seen["observation"] if keyed else seen).copy()
        rows[: 2 * d] += self._rng.normal(0.0, self._spread, 2 * d).astype(np.float32)
        rows = rows.clip(-self._edge, self._edge)
        return {**seen, "observation": rows} if keyed else rows
