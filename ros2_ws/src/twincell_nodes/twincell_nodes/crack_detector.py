"""The crack detector: profiles and joint encoders in, anomalies and a verdict out."""

import math
from collections import deque
from pathlib import Path

import numpy as np
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.task import Future
from sensor_msgs.msg import Image, JointState, PointCloud2
from std_msgs.msg import Header
from twincell_msgs.msg import AnomalyArray
from twincell_msgs.srv import FinishScan, StartScan
from vision_msgs.msg import Detection3DArray
from visualization_msgs.msg import MarkerArray

from twincell.cell.assembly import mount_pose
from twincell.cell.history import History
from twincell.errors import InspectionError, SensorError
from twincell.geometry.catalogue import nominal
from twincell.geometry.description import describe
from twincell.geometry.pose import Pose
from twincell.inspection.anomaly import Anomaly
from twincell.inspection.detector import CrackDetector
from twincell.motion.kinematics import ArmModel
from twincell.sensing.types import Profiles
from twincell_nodes import qos
from twincell_nodes.anomalies import anomaly_array, detections
from twincell_nodes.conversions import header, profiles, seconds
from twincell_nodes.images import spectral_image
from twincell_nodes.markers import REPEAT, anomaly_markers
from twincell_nodes.running import SEEING, CellNode, give_back, ordinary_priority, run

__all__ = ["CrackDetectorNode", "main"]

BESIDE = 0.05
"""An image shows the part where the laser lay on it within this time [s]."""
ALIVE = 0.1
"""Period of the detector's sign of life [s of wall time]."""
OFTEN = 8
"""Lines after which the detector says how far it is."""
AT_ONCE = 16
"""Lines that are looked at together, at most, where several messages wait."""
WAIT = 1.0
"""Longest simulation time to wait for the last lines of a scan [s]."""

KEPT = 2.0
"""How long joint states are kept: an image that comes later cannot be placed [s]."""


class _Encoder:
    """Where a mover's links are at a time, from its joint states."""

    def __init__(self, node: CellNode, name: str) -> None:
        description = describe(name, node.world.arms[name], node.path.parent)
        self.model = ArmModel(description, node.world.arms[name])
        self.history = History(span=KEPT)
        self._joints = description.joints
        self._order: list[int] | None = None
        self._states = node.mailbox(JointState, f"{name}/joint_states", qos.JOINTS)

    def read(self) -> None:
        """Take what has arrived: before the lines that were scanned meanwhile, as a rule."""
        for message in CellNode.waiting(self._states):
            if self._order is None:
                self._order = [message.name.index(joint) for joint in self._joints]
            row = [message.position[i] for i in self._order]
            self.history.add(seconds(message.header.stamp), row)


class CrackDetectorNode(CellNode):
    """Knows the CAD, never the flaws: `inspection/{start_scan,finish_scan}` frame one part."""

    def __init__(self) -> None:
        super().__init__("crack_detector", out="")
        inspection = self.world.inspection
        self._spec = self.world.profilers()[inspection.profiler]
        model = nominal(self.world.part, self.path.parent)
        self._camera = self.world.cameras().get(inspection.camera or "")
        self.detector = CrackDetector(model, inspection, self._spec, self._camera)
        carrier = self._spec.mount.arm or inspection.arm
        self._link = self._spec.mount.link or self.world.arms[carrier].tip
        self._mount = mount_pose(self._spec)
        self._datum = Pose.at(self.world.fixture.place)
        self._arm = _Encoder(self, carrier)
        self._table = _Encoder(self, self.world.fixture.arm)
        self._maps = Path(self.parameter("out")) / "maps" if self.parameter("out") else None
        self._part: str | None = None
        self._unkept: str | None = None
        self._ending = False
        self._since = 0.0
        self._waiting: deque[Profiles] = deque(maxlen=500)
        self._taken = -math.inf
        self._images: deque[Image] = deque(maxlen=32)
        self._placed: deque[tuple[Image, Pose]] = deque(maxlen=32)
        self._lit: list[float] = []  # times at which the laser lay on the part
        self._dark = True
        self._unsaid = 0  # lines
        self._finish: list[tuple[float, Future]] = []
        self._known: dict[tuple[str, str], Anomaly] = {}
        points = f"{inspection.profiler}/points"
        self._lines = self.create_subscription(PointCloud2, points, self._sense, qos.PROFILES)
        if self._camera is not None:
            raw = f"{inspection.camera}/image_raw"
            self.create_subscription(Image, raw, self._picture, qos.SENSOR)
        self._anomalies = self.create_publisher(AnomalyArray, "inspection/anomalies", qos.RELIABLE)
        self._findings = self.create_publisher(AnomalyArray, "inspection/findings", qos.KEPT)
        self._boxes = self.create_publisher(Detection3DArray, "inspection/detections", qos.RELIABLE)
        self._markers = self.create_publisher(MarkerArray, "inspection/markers", qos.LATCHED)
        self.create_service(StartScan, "inspection/start_scan", self._start)
        # while it waits for the last lines, the default group would let none arrive
        apart = ReentrantCallbackGroup()
        self.create_service(FinishScan, "inspection/finish_scan", self._end, callback_group=apart)
        self._progress = self.create_publisher(Header, "cell/progress", qos.RELIABLE)
        self._life = self.create_publisher(Header, "inspection/alive", qos.RELIABLE)
        self.wall_timer(ALIVE, self._live)
        self.wall_timer(REPEAT, self._show)

    def _live(self) -> None:
        """A sign of life, with the part under scan: by this thread, which looks for cracks too."""
        self._work()
        now = self.now
        self._life.publish(header(now, "" if self._ending else self._part or ""))
        self._done()

    def _done(self) -> None:
        """Say how far it is, which while it scans is as far as it has pushed.

        Time waits for it as for the sensors: a busy machine makes nobody silent, loses no line.
        By the stamps of joint states: a clock that was set back would hold time for ever.
        """
        heard = self._joints_until()
        if not math.isfinite(heard):
            return
        scanning = self._part is not None and not self._ending and self._taken > self._since
        done = min(self._taken, heard) if scanning else heard
        self._progress.publish(header(done, "crack_detector"))

    def _sense(self, message: PointCloud2) -> None:
        if self._part is not None:
            self._waiting.append(profiles(message))
            self._waiting.extend(profiles(later) for later in self.waiting(self._lines))
            self._work()

    def _picture(self, message: Image) -> None:
        if self._part is not None and seconds(message.header.stamp) >= self._since:
            self._images.append(message)

    def _work(self) -> None:
        """Push the lines at whose times the joints are known."""
        self._arm.read()
        self._table.read()
        while ready := self._ready_lines():
            lines = Profiles.joined(ready)
            self._push(lines)
            self._unsaid += len(lines.stamps)
            if self._unsaid >= OFTEN:
                self._unsaid = 0
                self._done()
        while self._images and self._joints_until() >= seconds(self._images[0].header.stamp):
            # at once: the encoders' history is short
            self._place(self._images.popleft())
        if self._dark and self._placed and not self._finish:
            # an image takes its time: it waits until no line of the part does
            with ordinary_priority():
                self._look()
        if self._unkept is not None:
            with ordinary_priority():
                self._keep_map()
                give_back()
        self._finish = [(until, f) for until, f in self._finish if not self._ready(until, f)]

    def _ready_lines(self) -> list[Profiles]:
        until, ready, lines = self._joints_until() + 1e-9, [], 0
        while self._waiting and until >= self._waiting[0].stamps[-1] and lines < AT_ONCE:
            ready.append(self._waiting.popleft())
            lines += len(ready[-1].stamps)
        return ready

    def _ready(self, until: float, future: Future) -> bool:
        if self._taken >= until or self.now > until + WAIT:
            future.set_result(True)
            return True
        return False

    def _joints_until(self) -> float:
        newest = (self._arm.history.newest, self._table.history.newest)
        return -math.inf if None in newest else min(newest)

    def _push(self, lines: Profiles) -> None:
        self._taken = float(lines.stamps[-1])
        self._dark = not np.isfinite(lines.points[:, :, 2]).any()
        if not self._dark:
            self._lit.append(self._taken)
        part = self._part
        if part is None or lines.stamps[0] < self._since:
            return
        arms, tables = self._arm.history.at(lines.stamps), self._table.history.at(lines.stamps)
        sensors = [
            self._in_part(q, t, self._link) @ self._mount for q, t in zip(arms, tables, strict=True)
        ]
        try:
            # the clock waits its turn while this thread is busy; joints are read before each push
            found = self.detector.push(lines, sensors, max(self.now, self._joints_until()))
        except InspectionError as error:
            self.get_logger().error(str(error))
            return
        if found:
            # first what a stop may wait for, then what people look at
            self._anomalies.publish(anomaly_array(part, found, self._taken))
            self._tell(part, found, self._taken)

    def _in_part(self, arm: np.ndarray, table: np.ndarray, link: str) -> Pose:
        """Pose of a link of the arm in the part's nominal frame."""
        datum = self._table.model.forward(table) @ self._datum
        return datum.inverse() @ self._arm.model.link_pose(arm, link)

    def _place(self, message: Image) -> None:
        """Note where the camera was when an image was taken."""
        if self._camera is None:
            return
        at = np.array([seconds(message.header.stamp)])
        if any((e.history.oldest or 0.0) > at[0] for e in (self._arm, self._table)):
            self.get_logger().warning(f"image of {at[0]:.2f} s came too late to be placed")
            return
        arm, table = (e.history.at(at)[0] for e in (self._arm, self._table))
        link = self._camera.mount.link or self.world.arms[self._camera.mount.arm].tip
        pose = self._in_part(arm, table, link) @ mount_pose(self._camera)
        self._placed.append((message, pose))

    def _look(self) -> None:
        """Show the detector the oldest image, if the laser lay on the part then."""
        message, pose = self._placed.popleft()
        at = seconds(message.header.stamp)
        if self._camera is None or not any(abs(t - at) < BESIDE for t in self._lit):
            return
        try:
            self.detector.look(spectral_image(message, self._camera), pose)
        except (InspectionError, SensorError) as error:
            self.get_logger().error(str(error))

    def _tell(self, part: str, found: tuple[Anomaly, ...], sensed: float) -> None:
        self._known |= {(part, a.id): a for a in found}
        self._boxes.publish(detections(anomaly_array(part, found, sensed)))
        self._show()

    def _show(self) -> None:
        self._markers.publish(anomaly_markers(self._known.values()))

    def _keep_map(self) -> None:
        """The scan's deviation from the CAD, for the report; a scan cut short has one as well."""
        part, self._unkept = self._unkept or self._part, None
        if self._maps is None or part is None:
            return
        try:
            points, deviation, suction = self.detector.deviation()
        except InspectionError:
            return
        self._maps.mkdir(parents=True, exist_ok=True)
        file = self._maps / f"{part}.npz"
        of_map = {"points": points.astype(np.float32), "deviation": deviation.astype(np.float32)}
        np.savez(file, **of_map, suction=suction)

    def _start(self, request: StartScan.Request, response: StartScan.Response):
        self._keep_map()
        try:
            self.detector.start(request.part_id, self.now)
        except InspectionError as error:
            response.success, response.message = False, str(error)
            return response
        self._part, self._since, self._ending = request.part_id, self.now, False
        self._live()  # the supervisor requires it from here on
        self._waiting.clear()
        self._images.clear()
        self._placed.clear()
        self._lit.clear()
        self._known = {k: a for k, a in self._known.items() if k[0] != request.part_id}
        response.success = True
        return response

    async def _end(self, request: FinishScan.Request, response: FinishScan.Response):
        part = request.part_id
        if part != self._part:
            response.success = False
            response.message = f"no scan of '{part}' is under way; valid: {self._part or '(none)'}"
            return response
        self._ending = True
        self._live()  # nothing is scanned any more, and the verdict takes its time
        # lines of before this call may still be on their way
        future = Future()
        self._finish.append((self.now, future))
        await future
        if self._part != part:
            response.success = False
            response.message = f"another scan has begun: '{self._part or '(none)'}'"
            return response
        try:
            with ordinary_priority():
                while self._placed:
                    self._look()
                self._part = None
                verdict = self.detector.finish(self.now)
        except InspectionError as error:
            response.success, response.message = False, str(error)
            return response
        response.success, response.verdict = True, verdict.decision
        response.coverage = float(verdict.coverage)
        response.residual = float(verdict.residual)
        response.anomalies = anomaly_array(part, verdict.anomalies, self._taken)
        self._findings.publish(response.anomalies)
        self._known = {k: a for k, a in self._known.items() if k[0] != part}
        self._tell(part, verdict.anomalies, self._taken)
        self._unkept = part  # the picture for the report can wait, the verdict cannot
        return response


def main(args=None) -> None:
    """Entry point."""
    run(CrackDetectorNode, args, urgent=SEEING)
