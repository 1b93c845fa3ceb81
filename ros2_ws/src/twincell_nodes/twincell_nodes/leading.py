"""A cell without its orchestrator, in which a program asks policies to lead arms."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from geometry_msgs.msg import Point
from rclpy.action import ActionClient
from twincell_msgs.action import Reach

from twincell.errors import TwincellError
from twincell.geometry.description import describe
from twincell.motion.limits import JointLimits
from twincell.motion.point_to_point import point_to_point
from twincell.stack.specs import ParameterValue
from twincell_nodes.driving import Driver
from twincell_nodes.messages import follow_goal

__all__ = ["Leader"]

IDLE = ("orchestrator", "operator", "recorder", "crack_detector", "multispectral", "profiler")
"""What has nothing to do."""


class Leader(Driver):
    """Starts a cell with policies, and has an arm led by one.

    Args:
        name: of this node.
        out: folder of the run.
        without: executables that are not started.
        more: parameters of the policy nodes.
    """

    def __init__(
        self,
        name: str,
        out: Path,
        without: tuple[str, ...] = IDLE,
        more: Mapping[str, ParameterValue] | None = None,
    ) -> None:
        super().__init__(name, out, without)
        for key, spec in self._specs.items():
            if spec.executable == "policy":
                given = {**spec.parameters, **(more or {})}
                self._specs[key] = replace(spec, parameters=given)
        self._reach = {
            arm: ActionClient(self, Reach, f"{arm}/policy/reach")
            for arm, spec in self.world.arms.items()
            if spec.policy is not None
        }
        self.feedback: list[Reach.Feedback] = []

    def begin(self, patience: float = 60.0) -> None:
        """Start everything and wait until the cell may move and policies answer.

        Raises:
            TwincellError: it does not come up.
        """
        super().begin(patience)
        ready = list(self._reach.values())
        self.wait(lambda: all(a.server_is_ready() for a in ready), "the policies", 60)

    def where(self, mover: str) -> np.ndarray:
        """Joint positions as last heard, shape (d,) [rad]."""
        return self._positions[mover].copy()

    def lead(self, mover: str, goal, limit: float = 30.0) -> Reach.Result:
        """Have a policy lead the tip to a point, world frame, shape (3,) [m].

        Args:
            mover: with a policy.
            goal: of its tip.
            limit: longest wall time to wait [s].

        Raises:
            TwincellError: no answer, or another motion is under way.
        """
        x, y, z = (float(c) for c in goal)
        sent = self._reach[mover].send_goal_async(
            Reach.Goal(goal=Point(x=x, y=y, z=z)), lambda m: self.feedback.append(m.feedback)
        )
        self.wait(sent.done, f"acceptance by the policy of {mover}", limit)
        if not sent.result().accepted:
            raise TwincellError(f"the policy of {mover} leads it already")
        ended = sent.result().get_result_async()
        self.wait(ended.done, f"the end of {mover}'s motion", limit)
        return ended.result().result

    def go_home(self, mover: str, limit: float = 30.0) -> None:
        """Bring a mover home, each joint at its limits.

        Raises:
            TwincellError: it does not get there.
        """
        arm = self.world.arms[mover]
        made = describe(mover, arm, self.path.parent)
        home = np.asarray(arm.home, float)
        # what was commanded last may differ from what is measured by a hair
        for _ in range(3):
            way = point_to_point(
                made.joints, self.where(mover), home, JointLimits.of(made, arm).slower(0.8)
            )
            sent = self._actions[mover].send_goal_async(follow_goal(way))
            self.wait(sent.done, f"acceptance of {mover}'s way home", limit)
            ended = sent.result().get_result_async()
            self.wait(ended.done, f"the end of {mover}'s way home", limit)
            if ended.result().result.error_code == 0:
                self.spin(0.05)
                return
            self.recover()
        raise TwincellError(f"{mover} does not get home: {ended.result().result.error_string}")
