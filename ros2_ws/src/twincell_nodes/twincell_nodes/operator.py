"""The person at the reset button: looks at the safety state and calls `safety/reset`."""

from std_srvs.srv import Trigger
from twincell_msgs.msg import SafetyState

from twincell.safety.operator import Operator
from twincell_nodes import qos
from twincell_nodes.messages import state_of
from twincell_nodes.running import CellNode, run

__all__ = ["OperatorNode", "main"]


class OperatorNode(CellNode):
    """Presses reset as the world file's operator would; the supervisor may refuse it."""

    def __init__(self) -> None:
        super().__init__("operator")
        self.operator = Operator(self.world)
        self._said = ""
        self._reset = self.create_client(Trigger, "safety/reset")
        quality = qos.safety_state(self.world.safety.patience)
        self.create_subscription(SafetyState, "safety/state", self._look, quality)

    def _look(self, message: SafetyState) -> None:
        if self.operator.update(state_of(message), self.now) and self._reset.service_is_ready():
            self._reset.call_async(Trigger.Request()).add_done_callback(self._told)

    def _told(self, future) -> None:
        answer = future.result()
        told = f"reset accepted: {answer.message}" if answer.success else answer.message
        if answer.success or told != self._said:  # a cause that lasts refuses with the same words
            self.get_logger().info(told)
        self._said = told


def main(args=None) -> None:
    """Entry point."""
    run(OperatorNode, args)
