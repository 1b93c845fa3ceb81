"""The topic by which a mover takes streamed joint targets, and the one that tells of them."""

from collections.abc import Callable

from trajectory_msgs.msg import JointTrajectory
from twincell_msgs.msg import TargetReport

from twincell.cell.drives import Drives
from twincell.errors import GoalError
from twincell.motion.stream import JointTarget
from twincell_nodes import qos
from twincell_nodes.messages import target_of, target_report
from twincell_nodes.running import CellNode

__all__ = ["TargetPort"]


class TargetPort:
    """Hands targets to the drives; what is followed, or why nothing is, is told each time.

    Args:
        node: that moves the joints.
        mover: its name.
        drives: of all movers.
        now: simulation time [s].
    """

    def __init__(
        self, node: CellNode, mover: str, drives: Drives, now: Callable[[], float]
    ) -> None:
        self._mover, self._drives, self._now = mover, drives, now
        base = f"{mover}/arm_controller/joint_target"
        self._reports = node.create_publisher(TargetReport, f"{base}_report", qos.RELIABLE)
        node.create_subscription(JointTrajectory, base, self._take, qos.NEWEST)

    def _take(self, message: JointTrajectory) -> None:
        now = self._now()
        became: JointTarget | GoalError
        try:
            became = self._drives.stream(self._mover, target_of(message), now)
        except GoalError as error:
            became = error
        self._reports.publish(target_report(message, now, became))
