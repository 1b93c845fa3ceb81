"""`twincell/Reach-v0`, one arm."""

from __future__ import annotations

from typing import Any

import numpy as np

from twincell.envs.options import Options
from twincell.envs.single import TaskEnv
from twincell.envs.task import ReachTask
from twincell.errors import EnvError
from twincell.physics.bullet_arms import BulletArms

__all__ = ["ReachEnv"]


class ReachEnv(TaskEnv):
    """Bring the tip of an arm of a world file to a point in space, and hold it there.

    **Actions**, `Box(-1, 1, float32)`, clipped. Set speeds never lead a joint beyond its limits,
    nor do they exceed the world file's `speed_scale` of the URDF's; a faster action goes the same
    way, slower. In Bullet a joint that is pushed, or meets its stop at speed, may still go beyond
    it: by 13 mrad at most in forty episodes of full speed. Under torques joints are kept on their
    stops, and speeds within the URDF's, in both kinds of physics.

    | `action` | shape | one means |
    |---|---|---|
    | `cartesian` | (3,) | 50 mm of the tip in a period, world axes; its orientation is kept |
    | `position` | (d,) | of each joint what its speed limit allows in a period [rad] |
    | `velocity` | (d,) | of each joint its speed limit [rad/s] |
    | `torque` | (d,) | of each joint a quarter of its effort limit [N m], beyond what holds it up |

    **Observations**, a dictionary of float32 in the GoalEnv form:

    | key | shape | content |
    |---|---|---|
    | `observation` | (2 d + 6,) | joints [rad], speeds [rad/s], tip [m] and its velocity [m/s] |
    | `achieved_goal` | (3,) | tip position [m] |
    | `desired_goal` | (3,) | goal [m] |

    **Reward**: dense -|achieved - desired| [m]; log -ln(1 + |achieved - desired| / tolerance),
    which counts the last millimetres as much as the first; sparse 0 within the tolerance, else -1.
    `compute_reward(achieved, desired, info)` takes single goals and batches.

    **Start**: the arm at the world file's `home`, at rest; the goal uniform in a box about the tip
    (or `offset` from it).

    **End**: never terminated; truncated after 50 periods. `info["is_success"]` tells whether the
    tip is within the tolerance now, `info["distance"]` how far it is [m]; in Bullet
    `info["contact"]` whether the arm touches the world's furniture. An episode counts as a success
    by its last step: passing through the goal is none.

    **Options** (see `Options`): `world`, `arm`, `action`, `reward`, `tolerance` (5 mm), `physics`
    (`bullet`, or `free` without contacts), `rate` (25 Hz), `substeps` (10), `iterations` (50),
    `goals` (half edges 0.15 m), `offset` (of their box, 0 m).

    **Versions**: v0, the first.

    Args:
        render_mode: None or `rgb_array` (Bullet's TinyRenderer, physics `bullet` only).
        **options: see above.

    Raises:
        EnvError: an unknown option, a value out of range, goals out of reach.
    """

    task: ReachTask

    @staticmethod
    def _make(count: int, options: dict[str, Any]) -> ReachTask:
        return ReachTask(count, Options.of(options))

    def __init__(self, render_mode: str | None = None, **options: Any) -> None:
        super().__init__(render_mode, **options)
        self._ball: int | None = None

    def _given(self, options: dict[str, Any]) -> None:
        """Begin; `options` may hold `goal`, as `desired_goal` has it.

        Raises:
            EnvError: an unknown option, or a goal outside of the box of goals.
        """
        goal = options.pop("goal", None)
        if options:
            raise EnvError(f"reset option '{next(iter(options))}'; valid: goal")
        wanted = None if goal is None else self.task.valid(goal)  # before anything begins
        self.task.start(self._row, [self.np_random])
        if wanted is not None:
            self.task.goals[0] = wanted

    def compute_reward(self, achieved_goal: Any, desired_goal: Any, info: Any) -> Any:
        """The reward of goals, single or a batch of n: a number, or shape (n,)."""
        errors = self.task.errors(achieved_goal, desired_goal)
        for name in self.task.state():
            many = not isinstance(info, dict)
            errors[name] = np.array([i[name] for i in info]) if many else np.asarray(info[name])
        reward = self.task.reward(errors)
        return float(reward) if reward.ndim == 0 else reward

    def render(self) -> Any:
        """What a camera beside the arm sees, shape (360, 480, 3); the goal is a green ball.

        Raises:
            EnvError: closed.
        """
        self.task.ensure_open()
        arms = self.task.arms
        if self.render_mode is not None and isinstance(arms, BulletArms):
            if self._ball is None:
                self._ball = arms.marker(0, max(0.012, self.task.options.tolerance))
            arms.mark(0, self._ball, self.task.goals[0, :3])
        return super().render()
