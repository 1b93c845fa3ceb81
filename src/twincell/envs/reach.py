"""`twincell/Reach-v0`, one arm."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np

from twincell.envs.options import Options
from twincell.envs.task import Errors, Observation, ReachTask
from twincell.errors import EnvError
from twincell.physics.bullet_arms import BulletArms

__all__ = ["ReachEnv"]


class ReachEnv(gymnasium.Env[Any, Any]):
    """Bring the tip of an arm of a world file to a point in space, and hold it there.

    **Actions**, `Box(-1, 1, float32)`, clipped. The joints never leave their limits, nor do set
    speeds exceed the world file's `speed_scale` of the URDF's; a faster action goes the same way,
    slower.

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

    **Reward**: dense -|achieved - desired| [m]; sparse 0 within the tolerance, else -1.
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

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 25}  # noqa: RUF012

    @staticmethod
    def _make(count: int, options: dict[str, Any]) -> ReachTask:
        return ReachTask(count, Options.of(options))

    def __init__(self, render_mode: str | None = None, **options: Any) -> None:
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise EnvError(f"render_mode '{render_mode}'; valid: None, 'rgb_array'")
        self.render_mode = render_mode
        self.task = self._make(1, options)
        if render_mode is not None and not isinstance(self.task.arms, BulletArms):
            raise EnvError("render_mode 'rgb_array' with physics 'free'; valid: physics 'bullet'")
        self.action_space = self.task.actions
        self.observation_space = self.task.observations
        self._row = np.array([0])
        self._ball: int | None = None
        self._started = False

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Start an episode; `options` may hold `goal`, as `desired_goal` has it.

        Raises:
            EnvError: an unknown option, or a goal outside of the box of goals.
        """
        super().reset(seed=seed)
        given = dict(options or {})
        goal = given.pop("goal", None)
        if given:
            raise EnvError(f"reset option '{next(iter(given))}'; valid: goal")
        self.task.start(self._row, [self.np_random])
        if goal is not None:
            self.task.goals[0] = self.task.valid(goal)
        self._started = True
        seen, errors = self._look()
        return seen, self._info(errors)

    def _look(self) -> tuple[Observation, Errors]:
        seen = {key: rows[0] for key, rows in self.task.observation().items()}
        errors = self.task.errors(seen["achieved_goal"], seen["desired_goal"])
        return seen, errors | {name: rows[0] for name, rows in self.task.state().items()}

    def _info(self, errors: Errors) -> dict[str, Any]:
        info: dict[str, Any] = {"is_success": bool(self.task.success(errors))}
        info |= {name: value.item() for name, value in errors.items()}
        if "contact" not in info and isinstance(self.task.arms, BulletArms):
            info["contact"] = self.task.arms.touching(0)
        return info

    def step(self, action: Any) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """One control period.

        Raises:
            EnvError: before the first reset, or an action of the wrong shape or not finite.
        """
        if not self._started:
            raise EnvError("step before reset; valid: reset first")
        self.task.act(np.asarray(action)[None])
        seen, errors = self._look()
        ended = bool(self.task.terminated()[0])
        return seen, float(self.task.reward(errors)), ended, False, self._info(errors)

    def compute_reward(self, achieved_goal: Any, desired_goal: Any, info: Any) -> Any:
        """The reward of goals, single or a batch of n: a number, or shape (n,)."""
        errors = self.task.errors(achieved_goal, desired_goal)
        for name in self.task.state():
            many = not isinstance(info, dict)
            errors[name] = np.array([i[name] for i in info]) if many else np.asarray(info[name])
        reward = self.task.reward(errors)
        return float(reward) if reward.ndim == 0 else reward

    def render(self) -> Any:
        """What a camera beside the arm sees, shape (360, 480, 3); the goal is a green ball."""
        arms = self.task.arms
        if self.render_mode is None or not isinstance(arms, BulletArms):
            return None
        if self._ball is None:
            self._ball = arms.marker(0, max(0.012, self.task.options.tolerance))
        arms.mark(0, self._ball, self.task.goals[0, :3])
        base = self.task.arm.place.p
        out = self.task.centre - base
        side = np.array([out[1], -out[0], 0.0]) / max(float(np.hypot(out[0], out[1])), 1e-6)
        target = base + 0.5 * out
        return arms.picture(0, (480, 360), target + 1.2 * side + 0.7 * out + [0, 0, 0.35], target)

    def close(self) -> None:
        """End the Bullet world."""
        self.task.close()
