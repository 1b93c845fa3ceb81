"""`twincell/PickBlade-v0`: grasp, lift, place."""

from __future__ import annotations

from typing import Any

import numpy as np

from twincell.envs.pick_task import PickOptions, PickTask
from twincell.envs.single import TaskEnv

__all__ = ["PickBladeEnv"]


class PickBladeEnv(TaskEnv):
    """Take a blade out of a pocket of the in-tray and bring it into the fixture.

    The arm has a gripper with fingers that move; contacts and friction are Bullet's and the cell's,
    and no constraint aids the grasp. Pockets and fixture leave 2 mm on each side of a blade's root.

    **Actions**, `Box(-1, 1, float32)`: those of `twincell/Reach-v0` and one number more, the
    gripper: above 0 it closes with its force, else it opens. `cartesian` has shape (4,): 20 mm of
    the tip along each world axis in a period; the tip keeps the axes of the grasp: it looks down,
    fingers across the blade.

    **Observations**, a dictionary of float32 in the GoalEnv form:

    | key | shape | content |
    |---|---|---|
    | `observation` | (2 d + 23,) | see below |
    | `achieved_goal` | (3,) | origin of the blade's part frame, the root's lower face [m] |
    | `desired_goal` | (3,) | the fixture's datum [m] |

    `observation`: joints [rad] and speeds [rad/s] (2 d), tip [m] and its velocity [m/s] (6),
    opening over that of the open hand, whether both fingers press on the blade, the grasp frame
    [m] (3), the way from tip to it [m] (3), the blade's x and z axis (6), its velocity [m/s] (3).

    **Reward**, a period: sparse 0 where the clamp draws the blade in, else -1. Dense, with
    f(x) = 1 - ln(1 + x / 6 mm) / ln(1 + 600 mm / 6 mm), at least 0:

        max(f(reach), held) + held + 3 max(held f(way)^2, success)

    or, where the clamp draws the blade in, 5 for this period and for each that is `undone`.

    reach is the distance from tip to grasp; way leads 30 mm above the datum first, while more than
    10 mm are left across, and down then: with h the distance across, z the height over the datum
    and s = min(h / 10 mm, 1) it is h + s (30 mm + |z - 30 mm|) + (1 - s) |z|.
    `compute_reward(achieved, desired, info)` takes single goals and batches; tilt, reach, held and
    undone come from `info`.

    **Start**: the blade in one of the in-tray's pockets, the hand open 60 to 120 mm over its grasp,
    up to 30 mm beside it along x and y, at rest.

    **End**: terminated when the part is within `tolerance` and `tilt` of the datum, where the
    fixture's clamp draws a blade in; truncated after 100 periods. `info`: `is_success` (it is),
    `distance` and `way` [m], `tilt` [rad], `reach` [m], `held`, `undone` (periods up to the 100th),
    `contact` (the arm touches anything but the blade).

    **Options**: `world`, `arm` (one with a gripper), `action`, `reward`, `tolerance` (6 mm),
    `tilt` (0.15 rad), `clamp` (True; False: the clamp stays open, no episode is terminated, and one
    counts by its last step), `rate` (25 Hz), `substeps` (10), `iterations` (50); `physics` only
    `bullet`.

    **Versions**: v0, the first.

    Args:
        render_mode: None or `rgb_array` (Bullet's TinyRenderer).
        **options: see above.

    Raises:
        EnvError: an unknown option, a value out of range, an arm without gripper, or one that does
            not reach pockets and fixture.
    """

    task: PickTask

    @staticmethod
    def _make(count: int, options: dict[str, Any]) -> PickTask:
        return PickTask(count, PickOptions.of(options))

    def compute_reward(self, achieved_goal: Any, desired_goal: Any, info: Any) -> Any:
        """The reward of goals, single or a batch of n: a number, or shape (n,)."""
        told = self.task.errors(achieved_goal, desired_goal)
        for name in ("tilt", "reach", "held", "undone"):
            many = not isinstance(info, dict)
            told[name] = np.array([i[name] for i in info]) if many else np.asarray(info[name])
        reward = self.task.reward(told)
        return float(reward) if reward.ndim == 0 else reward

    def _view(self) -> tuple[Any, Any]:
        target = self.task.goal.p + np.array([-0.1, -0.2, 0.08])
        return target + np.array([0.75, -0.55, 0.5]), target
