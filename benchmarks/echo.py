"""The other end of the plain ping that `reaction.py` measures as the floor."""

import contextlib

import rclpy
from rclpy.executors import ExternalShutdownException
from twincell_msgs.msg import AnomalyArray, SafetyState

from twincell_nodes import qos
from twincell_nodes.messages import wall_ns

rclpy.init()
node = rclpy.create_node("echo", start_parameter_services=False)
pong = node.create_publisher(SafetyState, "bench/pong", qos.RELIABLE)


def answer(message: AnomalyArray) -> None:
    """A state as large as the supervisor's, at once."""
    pong.publish(SafetyState(text=message.part_id, wall_ns=wall_ns()))


node.create_subscription(AnomalyArray, "bench/ping", answer, qos.RELIABLE)
with contextlib.suppress(KeyboardInterrupt, ExternalShutdownException):
    rclpy.spin(node)
