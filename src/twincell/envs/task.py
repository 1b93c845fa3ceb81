"""The reach task for n arms at once; the environments hand its arrays on."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from twincell.envs.arm import ArmTask, Told
from twincell.envs.control import solve
from twincell.envs.options import Options, numbers
from twincell.envs.spaces import goal_space
from twincell.errors import EnvError

__all__ = ["Errors", "Observation", "ReachTask"]

Array = NDArray[np.float64]
Observation = dict[str, NDArray[np.float32]]
Errors = Told


class ReachTask(ArmTask):
    """n arms that each have a goal.

    Args:
        count: n.
        options: of the task.

    Raises:
        EnvError: no such arm, or a corner of the box of goals is out of its reach.
    """

    goal_size = 3
    options: Options
    observations: spaces.Dict

    def __init__(self, count: int, options: Options) -> None:
        super().__init__(count, options)
        self.middle = self.centre + options.offset
        self._check_goals()
        self.goals = np.zeros((count, self.goal_size), np.float32)
        edge = np.concatenate([self._far, np.ones(self.goal_size - 3)])
        self._goal_bound = edge.astype(np.float32).astype(float)
        self.observations = goal_space(self._bound, edge)

    def _check_goals(self) -> None:
        """Raise where the arm cannot bring its tip to a corner of the box of goals."""
        box = np.asarray(self.options.goals, float)
        for signs in itertools.product((-1.0, 1.0), repeat=3):
            corner = self.middle + np.array(signs) * box
            q = self.home.copy()
            left = solve(self._chain, q, corner, self._turn, *self._limits[:2], 200)
            if self.size >= 6 and left <= self.options.tolerance:
                continue
            raise EnvError(
                f"goals: arm '{self.options.arm}' cannot reach the corner "
                f"{np.round(corner, 3).tolist()} m of the box of goals; it came within "
                f"{1e3 * left:.1f} mm; valid: a smaller box than {self.options.goals}, or an arm "
                f"of at least 6 joints"
            )

    def start(self, rows: NDArray[np.int64], rngs: list[np.random.Generator]) -> None:
        """Put the arms `rows` at home and draw a goal for each, from its own generator."""
        self._place(rows, np.repeat(self.home[None], len(rows), axis=0))
        for row, rng in zip(rows.tolist(), rngs, strict=True):
            self.goals[row] = self._draw(rng)

    def _draw(self, rng: np.random.Generator) -> Array:
        box = np.asarray(self.options.goals, float)
        return np.asarray(self.middle + rng.uniform(-box, box))

    def valid(self, goal: Any) -> Array:
        """A goal that was given from outside.

        Raises:
            EnvError: of another shape, or outside of the box of goals.
        """
        point = numbers("goal", goal, "three lengths [m]")
        low, high = (self.middle + s * np.asarray(self.options.goals) for s in (-1, 1))
        if point.shape == (3,) and (low <= point).all() and (point <= high).all():
            return point
        raise EnvError(
            f"goal {point.tolist()}; valid: from {low.round(3).tolist()} to "
            f"{high.round(3).tolist()} m"
        )

    def _achieved(self) -> Array:
        return self._tip

    def observation(self) -> Observation:
        """Of all arms: shapes (n, 2 d + 6), (n, goal) and (n, goal), float32, new arrays."""
        seen = self._observe()
        return {
            "observation": seen.astype(np.float32),
            "achieved_goal": self._achieved().astype(np.float32),
            "desired_goal": self.goals.copy(),
        }

    def errors(self, achieved: NDArray[Any], desired: NDArray[Any]) -> Errors:
        """What is left from goal to goal, over the last axis: `distance` [m]."""
        gap = np.asarray(achieved) - np.asarray(desired)
        return {"distance": np.asarray(np.sqrt((gap * gap).sum(axis=-1)))}

    def state(self) -> Errors:
        """What else decides about reward and success, of each arm; part of the info."""
        return {}

    def outcome(self, seen: Observation) -> Errors:
        """What is left to the goals, and `state`."""
        return self.errors(seen["achieved_goal"], seen["desired_goal"]) | self.state()

    def success(self, errors: Errors) -> NDArray[np.bool_]:
        """Which are within the tolerance."""
        return np.asarray(errors["distance"] <= self.options.tolerance)

    def _cost(self, errors: Errors) -> Array:
        return np.asarray(errors["distance"], np.float64)

    def reward(self, errors: Errors) -> Array:
        """Dense -left; log -ln(1 + left / tolerance); sparse 0 within the tolerance, else -1."""
        if self.options.reward == "dense":
            return -self._cost(errors)
        if self.options.reward == "log":
            return np.asarray(-np.log1p(self._cost(errors) / self.options.tolerance))
        return -(~self.success(errors)).astype(np.float64)
