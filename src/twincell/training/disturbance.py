"""What a real cell adds to a loop of a policy: noise on what is heard, delay of what is said."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twincell.envs.randomise import Ranges
from twincell.motion.stream import JointTarget

__all__ = ["Disturbance"]

Array = NDArray[np.float64]


class Disturbance:
    """Drawn anew for each motion, as `envs.randomise.Randomise` does for each episode.

    Args:
        ranges: `noise` and `latency` count.
        period: of the policy's training: latency is given in such periods [s].
        rng: source of chance.

    Attributes:
        noise: standard deviation of joint positions [rad] and speeds [rad/s].
        latency: from an answer until it is given away [s].
    """

    def __init__(self, ranges: Ranges, period: float, rng: np.random.Generator) -> None:
        self._rng = rng
        self.noise = float(rng.uniform(*ranges.noise))
        low, high = (int(x) for x in ranges.latency)
        self.latency = period * int(rng.integers(low, high, endpoint=True))
        self._waiting: deque[tuple[float, JointTarget]] = deque()

    def heard(self, q: ArrayLike, v: ArrayLike) -> tuple[Array, Array]:
        """Positions and speeds, each shape (d,), as a noisy sensor would give them."""
        there, fast = np.asarray(q, float), np.asarray(v, float)
        return tuple(x + self._rng.normal(0.0, self.noise, x.shape) for x in (there, fast))  # type: ignore[return-value]

    def given(self, answer: JointTarget | None, now: float) -> JointTarget | None:
        """Take the newest answer; the newest one whose time has come, None where there is none."""
        if answer is not None:
            self._waiting.append((now + self.latency, answer))
        due = None
        while self._waiting and self._waiting[0][0] <= now + 1e-9:
            due = self._waiting.popleft()[1]
        return due
