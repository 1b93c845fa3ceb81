"""The safety supervisor: hears what others saw, requests and buttons; says what may move.

It does nothing that takes long: the LiDARs' clouds are looked at by `separation_monitor`.
"""

from diagnostic_msgs.msg import DiagnosticArray
from std_msgs.msg import Header
from std_srvs.srv import Trigger
from twincell_msgs.msg import AnomalyArray, SafetyState, SeparationState, StopRequest
from visualization_msgs.msg import MarkerArray

from twincell.errors import SafetyError
from twincell.safety import types
from twincell.safety.button import EmergencyButton
from twincell.safety.reaction import Reaction
from twincell.safety.supervisor import Supervisor
from twincell_nodes import qos
from twincell_nodes.conversions import seconds
from twincell_nodes.diagnostics import status
from twincell_nodes.markers import REPEAT, safety_markers
from twincell_nodes.messages import safety_state, stop_request_of
from twincell_nodes.running import FIRST, CellNode, run

__all__ = ["SafetySupervisorNode", "main"]

CLOCK_LAG = 0.1
"""The clock may reach this node so much later than what was seen [s of simulation]."""
DETECTOR, DETECTOR_PERIOD = "crack_detector", 0.3
"""Source that is required while a part is scanned, and its period [s of simulation]."""


class SafetySupervisorNode(CellNode):
    """Publishes the safety state at the heartbeat, in wall time, and at every change."""

    def __init__(self) -> None:
        super().__init__("safety_supervisor")
        self.supervisor = Supervisor(self.world)
        self.reaction = Reaction(self.world)
        self._button = EmergencyButton(self.world)
        self._last: types.SafetyState | None = None
        self._sent: SafetyState | None = None
        safety = self.world.safety
        self._states = self.create_publisher(
            SafetyState, "safety/state", qos.safety_state(safety.patience)
        )
        self._markers = self.create_publisher(MarkerArray, "safety/markers", qos.LATCHED)
        self._health = self.create_publisher(DiagnosticArray, "/diagnostics", qos.RELIABLE)
        self.create_subscription(AnomalyArray, "inspection/anomalies", self._found, qos.RELIABLE)
        self.create_subscription(StopRequest, "safety/stop_request", self._asked, qos.RELIABLE)
        self.create_subscription(SeparationState, "safety/separation", self._saw, qos.RELIABLE)
        self.create_subscription(Header, "inspection/alive", self._lives, qos.RELIABLE)
        self.create_service(Trigger, "safety/emergency_stop", self._emergency)
        self.create_service(Trigger, "safety/reset", self._reset)
        self.wall_timer(1.0 / safety.heartbeat, self._beat)
        self.wall_timer(REPEAT, self._show)

    def _say(self, state: types.SafetyState) -> None:
        same = _key(state) == self._key()
        self._last, self._sent = state, safety_state(state, self._sent if same else None)
        self._states.publish(self._sent)

    def _beat(self) -> None:
        self._say(self.supervisor.tick(self.now))

    def _found(self, message: AnomalyArray) -> None:
        for a in message.anomalies:
            now, light = self.now, seconds(a.light_stamp)
            asked = self.reaction.request(a.id, a.part_id, a.severity, a.length, light, now)
            if asked is None:
                continue
            try:
                self._say(self.supervisor.request(asked, now))
            except SafetyError as error:
                self.get_logger().error(f"stop for anomaly '{a.id}' refused: {error}")

    def _saw(self, message: SeparationState) -> None:
        now, newest = self.now, seconds(message.header.stamp)
        try:
            # what was seen may come before the clock's message of the same moment, which is no
            # stamp of the future
            ahead = newest - now
            self.supervisor.heard(message.source, now, now if 0 < ahead < CLOCK_LAG else newest)
            before = self._key()
            for level in message.levels:
                at = seconds(level.stamp)
                self.supervisor.cause(level.name, level.present, now, level.evidence, at)
            state = self.supervisor.tick(now)
        except SafetyError as error:
            self.get_logger().error(str(error))
            return
        if _key(state) != before:
            self._say(state)

    def _lives(self, message: Header) -> None:
        """The crack detector: no scan without it."""
        now, stamp = self.now, seconds(message.stamp)
        try:
            if not message.frame_id:
                self.supervisor.release(DETECTOR, now)
                return
            self.supervisor.watch(DETECTOR, DETECTOR_PERIOD, now)
            self.supervisor.heard(DETECTOR, now, now if 0 < stamp - now < CLOCK_LAG else stamp)
        except SafetyError as error:
            self.get_logger().error(str(error))

    def _asked(self, message: StopRequest) -> None:
        try:
            state = self.supervisor.request(stop_request_of(message), self.now)
            if _key(state) != self._key():
                self._say(state)  # a repetition has to wait for the next heartbeat
        except (SafetyError, ValueError) as error:
            self.get_logger().error(f"stop request '{message.id}' refused: {error}")

    def _emergency(self, _request, response: Trigger.Response) -> Trigger.Response:
        now = self.now
        try:
            request = self._button.press(now, "the service was called")
            state = self.supervisor.request(request, now)
        except SafetyError as error:
            response.success, response.message = False, str(error)
            return response
        self._say(state)
        response.success, response.message = True, state.text
        return response

    def _reset(self, _request, response: Trigger.Response) -> Trigger.Response:
        try:
            self.supervisor.reset(self.now)
            response.success = True
        except SafetyError as error:
            response.success, response.message = False, str(error)
        self._beat()
        if response.success and self._last is not None:
            response.message = self._last.text
        return response

    def _key(self) -> tuple:
        return () if self._last is None else _key(self._last)

    def _show(self) -> None:
        state = self._last
        if state is None:
            return
        self._markers.publish(safety_markers(self.world, state))
        level = {types.Mode.STOPPED: 2, types.Mode.RUNNING: 0}.get(state.mode, 1)
        values = {m.mover: f"category {m.category}, speed {m.speed_scale:g}" for m in state.movers}
        for remark in list(self.supervisor.remarks)[-3:]:
            values[f"remark {len(values)}"] = remark
        self._health.publish(status(self.now, self.get_name(), level, state.text, values))


def _key(state: types.SafetyState) -> tuple:
    """What makes two states different to those who obey."""
    return state.mode, state.movers, state.active


def main(args=None) -> None:
    """Entry point."""
    run(SafetySupervisorNode, args, urgent=FIRST)
