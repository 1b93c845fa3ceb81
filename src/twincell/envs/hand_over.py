"""`twincell/TwoArmHandOver-v0`: a blade from one hand into another."""

from __future__ import annotations

from typing import Any

import numpy as np

from twincell.envs.hand_over_task import HandOverOptions, HandOverTask
from twincell.envs.single import TaskEnv

__all__ = ["TwoArmHandOverEnv"]


class TwoArmHandOverEnv(TaskEnv):
    """Give a blade from one arm's hand into another's, which carries it to a point.

    The giver begins with the blade's tip block in its hand; the taker is to grasp the root, the
    giver to let go, and the taker alone to bring the part to the goal. Contacts and friction are
    Bullet's and the cell's; no constraint ties the blade to a hand. An arm of the world file that
    has no gripper gets the catalogue's (`urdf/parallel_gripper.urdf`) in place of its tool.

    **Actions**, `Box(-1, 1, float32)`: the giver's move, its gripper, the taker's move, its
    gripper. A gripper above 0 closes with its force, else it opens. `cartesian` has shape (8,): of
    each tip 20 mm a period along each world axis; the giver's tip looks down, the taker's along
    the level line to the giver, fingers across the root. `position` and `velocity` as in
    `twincell/Reach-v0`, shape (d1 + d2 + 2,).

    **Observations**, a dictionary of float32 in the GoalEnv form:

    | key | shape | content |
    |---|---|---|
    | `observation` | (2 d1 + 2 d2 + 32,) | see below |
    | `achieved_goal` | (3,) | origin of the blade's part frame, the root's lower face [m] |
    | `desired_goal` | (3,) | where it is to be [m] |

    `observation`: of the giver, then of the taker joints [rad], speeds [rad/s], tip [m] and its
    velocity [m/s] (2 d1 + 6, 2 d2 + 6); openings over those of the open hands (2); whether all
    fingers of the giver and of the taker press on the blade, whether the giver touches it nowhere
    (3); the taker's grasp on the root [m] (3), the way to it from the taker's tip [m] (3), the
    blade's x and z axis (6), its velocity [m/s] (3).

    **Reward**, a period: sparse 0 at success, else -1. Dense, with
    f(x) = 1 - ln(1 + x / 10 mm) / ln(1 + 500 mm / 10 mm), at least 0:

        max(f(reach), taken) + taken + alone + 2 max(alone f(distance), success)

    reach is the distance from the taker's tip to its grasp, distance that of the part to the goal;
    taken: the taker's fingers press; alone: they do, and the giver touches the blade nowhere.
    `compute_reward(achieved, desired, info)` takes single goals and batches; reach, taken and
    alone come from `info`.

    **Start**: the giver's tip in a box about `meet`, the blade in its hand; the taker's, its hand
    open, 100 to 160 mm before its grasp and up to 30 mm beside it; the goal in a box 160 mm towards
    the taker and 40 mm below; at rest.

    **End**: never terminated; truncated after 100 periods. `info`: `is_success` (taken, alone,
    within `tolerance`, now: an episode counts by its last step), `distance`, `reach` [m], `taken`,
    `alone`, `contact` (an arm touches anything but the blade).

    **Options**: `world`, `arm` (gives; one with a gripper), `taker` (`inspector`), `action` (no
    torques), `reward`, `tolerance` (20 mm), `meet` ((0.52, 0, 1.20) m in the world), `about` (half
    edges of its box, 50 mm), `goals` (half edges, (40, 80, 40) mm), `rate` (25 Hz), `substeps`
    (10), `iterations` (50); `physics` only `bullet`.

    **Versions**: v0, the first.

    Args:
        render_mode: None or `rgb_array` (Bullet's TinyRenderer).
        **options: see above.

    Raises:
        EnvError: an unknown option, a value out of range, a giver without gripper, places out of
            reach.
    """

    task: HandOverTask

    @staticmethod
    def _make(count: int, options: dict[str, Any]) -> HandOverTask:
        return HandOverTask(count, HandOverOptions.of(options))

    def compute_reward(self, achieved_goal: Any, desired_goal: Any, info: Any) -> Any:
        """The reward of goals, single or a batch of n: a number, or shape (n,)."""
        told = self.task.errors(achieved_goal, desired_goal)
        for name in ("reach", "taken", "alone"):
            many = not isinstance(info, dict)
            told[name] = np.array([i[name] for i in info]) if many else np.asarray(info[name])
        reward = self.task.reward(told)
        return float(reward) if reward.ndim == 0 else reward

    def _view(self) -> tuple[Any, Any]:
        target = self.task.middle + np.array([-0.06, 0.0, 0.06])
        return target + np.array([0.1, -0.75, 0.25]), target
