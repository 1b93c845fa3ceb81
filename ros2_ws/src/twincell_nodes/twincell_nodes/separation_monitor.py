"""The separation monitor: looks for people in the clouds of the cell's LiDARs."""

from functools import partial

from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Header
from twincell_msgs.msg import BodyStates, SafetyLevel, SeparationState, StopReport
from visualization_msgs.msg import MarkerArray

from twincell.cell.assembly import assemble
from twincell.cell.history import PoseHistory
from twincell.errors import SafetyError
from twincell.geometry.pose import Pose
from twincell.safety.arm_motion import SPEED_WINDOW, arm_motions
from twincell.safety.masks import body_spheres, spheres_at
from twincell.safety.separation import SeparationMonitor
from twincell.sensing.scene import Scene
from twincell_nodes import qos
from twincell_nodes.conversions import header, scan, seconds, stamp
from twincell_nodes.messages import stop_report_of, wall_ns
from twincell_nodes.running import URGENT, CellNode, run
from twincell_nodes.separation_markers import separation_markers

__all__ = ["SeparationMonitorNode", "main"]

SHOW = 0.25
"""Markers are sent this often, in wall time [s]."""


class SeparationMonitorNode(CellNode):
    """Tells the supervisor turn by turn what was seen; its silence is that of the LiDAR."""

    def __init__(self) -> None:
        super().__init__("separation_monitor")
        assembly = assemble(self.world, self.path, self.seed)
        self.monitor = SeparationMonitor(self.world, Scene(assembly.bodies))
        self._spheres = body_spheres(assembly.bodies)
        self._history = PoseHistory()
        self._told = self.create_publisher(SeparationState, "safety/separation", qos.RELIABLE)
        self._markers = self.create_publisher(MarkerArray, "safety/separation_markers", qos.LATCHED)
        self.create_subscription(StopReport, "safety/stop_report", self._stopped, qos.RELIABLE)
        self.wall_timer(SHOW, self._show)
        self._progress = self.create_publisher(Header, "cell/progress", qos.RELIABLE)
        self._bodies = self.mailbox(BodyStates, "cell/body_states", qos.STREAM)
        for name in self.world.lidars():
            # only the newest cloud matters: an old one tells nothing about now
            self.create_subscription(
                PointCloud2, f"{name}/points", partial(self._saw, name), qos.NEWEST
            )

    def _read(self) -> None:
        for message in self.waiting(self._bodies):
            self._history.hear(seconds(message.header.stamp), message.names, message.poses)

    def _poses(self, when: float) -> dict[str, Pose]:
        rows = self._history.at(when)[0]
        return {n: Pose(r[:3], r[3:]) for n, r in zip(self._history.names, rows, strict=True)}

    def _motions(self):
        """The arms as they move now: newer than the turn."""
        at = self._history.newest
        return arm_motions(
            self.world.arms,
            self._spheres,
            self._poses(at),
            self._poses(at - SPEED_WINDOW),
            SPEED_WINDOW,
        )

    def _stopped(self, message: StopReport) -> None:
        self.monitor.stopped(stop_report_of(message))

    def _show(self) -> None:
        self._markers.publish(separation_markers(self.monitor))

    def _saw(self, name: str, message: PointCloud2) -> None:
        self._read()
        turn = scan(message)
        period = 1.0 / self.world.lidars()[name].rate
        newest = turn.stamp + period  # the light of a turn's last firing
        known = self._history.newest
        if known is None or known < turn.stamp:
            return  # not judged is not heard: without the arms' places nobody can be told from them
        try:
            masks = spheres_at(self._spheres, self._poses(turn.stamp + period / 2))
            self.monitor.update(name, turn, masks, newest, self._motions())
            self.monitor.saw(self.now - newest)
            levels = self.monitor.levels(newest)
        except SafetyError as error:
            self.get_logger().error(str(error))
            return
        self._told.publish(
            SeparationState(
                header=header(newest, "world"),
                source=name,
                levels=[
                    SafetyLevel(
                        name=level.name,
                        present=level.present,
                        evidence=level.evidence,
                        stamp=stamp(level.stamp),
                    )
                    for level in levels
                ],
                wall_ns=wall_ns(),
            )
        )
        self._progress.publish(header(newest, f"safety/{name}"))


def main(args=None) -> None:
    """Entry point."""
    run(SeparationMonitorNode, args, urgent=URGENT)
