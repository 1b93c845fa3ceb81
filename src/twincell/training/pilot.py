"""From a policy and the joints of an arm to where the joints are to go next.

What the policy sees, and what its answer means, is computed by the environment's own code, so that
an arm of the cell is to the policy what the arm of its training was.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twincell.assets import world_path
from twincell.envs.options import Options
from twincell.envs.task import Observation, ReachTask
from twincell.errors import EnvError, TrainingError, TwincellError, did_you_mean
from twincell.motion.stream import JointTarget
from twincell.training.layout import FITS, layout, told
from twincell.training.policy import OnnxPolicy, policy_file
from twincell.world.load import load_world

__all__ = ["Pilot", "pilot_of", "policy_faults"]

Array = NDArray[np.float64]

_TASKS = ("twincell/Reach-v0",)
"""What a cell can ask of a policy."""
_EPISODE = 50
"""Periods of an episode of Reach."""


class Pilot:
    """Leads one arm of a world to points, by a policy that was trained for it.

    Each answer is where the joints are to come to rest: where the speeds that the policy asks for
    would bring them in a period. Asked again before they rest, it leads them on.

    Args:
        world: world file, or a shipped name.
        arm: of it.
        policy: made for this arm.

    Attributes:
        joints: names, in order, length d.
        home: joint positions of the world file, shape (d,) [rad].
        period: of control, in training [s].
        tolerance: at which a goal is reached, in training [m].
        episode: how long one took in training [s].

    Raises:
        TrainingError: another task, arm, place, action or observation than the policy's.
        EnvError: no such arm, or options that the environment refuses.
    """

    def __init__(self, world: Path | str, arm: str, policy: OnnxPolicy) -> None:
        self.policy, name = policy, policy.name
        env = str(policy.about["env_id"])
        if env not in _TASKS:
            raise TrainingError(f"{name}: env_id '{env}'; {did_you_mean(env, _TASKS)}")
        given = dict(policy.about.get("options", {}))
        made_for = policy.about.get("arm", given.get("arm", Options.arm))
        if arm != made_for:
            raise TrainingError(f"{name}: arm here is {arm!r}; the policy is for {made_for!r}")
        given |= {"world": str(world_path(world)), "arm": arm, "physics": "free"}
        options = Options.of(given)
        if options.action == "torque":
            raise TrainingError(
                f"{name}: action 'torque'; valid: cartesian, position, velocity, which a joint "
                f"controller can follow"
            )
        self._task = task = ReachTask(1, options)
        here = told(task)
        policy.check(
            env,
            dict(layout(task.observations)),
            {key: here[key] for key in FITS},
        )
        self.joints, self.home = task.arm.joints, task.home
        self.period, self.tolerance = 1.0 / options.rate, options.tolerance
        self.episode = _EPISODE * self.period
        task.goals[0] = task.middle
        answer = policy.act(self.see(task.home, np.zeros(task.size)))
        if answer.shape != task.actions.shape:
            raise TrainingError(
                f"{name}: {answer.size} numbers an action; valid for action '{options.action}' of "
                f"'{arm}': {task.actions.shape[0]}"
            )

    def aim(self, goal: ArrayLike) -> None:
        """Lead to another point from now on.

        Args:
            goal: of the tip, world frame, shape (3,) [m].

        Raises:
            EnvError: outside of the box of goals of the training.
        """
        self._task.goals[0] = self._task.valid(goal)

    def see(self, q: ArrayLike, v: ArrayLike) -> Observation:
        """What the policy sees.

        Args:
            q: joint positions, shape (d,) [rad].
            v: joint speeds, shape (d,) [rad/s].

        Raises:
            EnvError: of another shape, or not finite.
        """
        arms = self._task.arms
        for what, row, given in (("positions", arms.q[0], q), ("speeds", arms.v[0], v)):
            values = np.asarray(given, float)
            if values.shape != row.shape or not np.isfinite(values).all():
                raise EnvError(f"joint {what} {values.tolist()}; valid: {row.size} finite numbers")
            row[:] = values
        return {key: rows[0] for key, rows in self._task.observation().items()}

    def distance(self, q: ArrayLike, v: ArrayLike) -> float:
        """From the tip to the goal [m]; arguments as of `see`."""
        seen = self.see(q, v)
        return float(self._task.errors(seen["achieved_goal"], seen["desired_goal"])["distance"])

    def speeds(self, q: ArrayLike, v: ArrayLike) -> Array:
        """Joint speeds that the policy asks for, for one period, shape (d,) [rad/s]."""
        action = self.policy.act(self.see(q, v))
        return np.array(self._task.commanded(action[None])[0])

    def target(self, q: ArrayLike, v: ArrayLike, hold: float, stamp: float | None) -> JointTarget:
        """Where the policy leads the joints; arguments as of `see` and `JointTarget`."""
        values = np.asarray(q, float) + self.speeds(q, v) * self.period
        return JointTarget(self.joints, values, hold=hold, stamp=stamp)


def pilot_of(world: Path, arm: str) -> Pilot:
    """The pilot of an arm whose world file has a `policy` for it.

    Args:
        world: world file; the policy's file stands beside it.
        arm: of it.

    Raises:
        TrainingError: the arm has none, or one for something else.
    """
    arms = load_world(world).arms
    given = arms[arm].policy if arm in arms else None
    if given is None:
        led = [name for name, entry in arms.items() if entry.policy is not None]
        raise TrainingError(
            f"arm '{arm}' of {world.name}; valid: one with a `policy`: {', '.join(led) or '(none)'}"
        )
    return Pilot(world, arm, OnnxPolicy.load(policy_file(given, world.parent)))


def policy_faults(world: Path) -> list[str]:
    """What is wrong with the policies of a world file's arms: `key: what`, one line each."""
    found = []
    for name, arm in load_world(world).arms.items():
        if arm.policy is None:
            continue
        try:
            pilot_of(world, name)
        except TwincellError as error:
            found.append(f"arms.{name}.policy: {' '.join(str(error).split())}")
    return found
