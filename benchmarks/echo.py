"""The other end of the plain pings that `reaction.py` and `separation.py` measure as the floor."""

import contextlib

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.impl.implementation_singleton import rclpy_implementation
from sensor_msgs.msg import PointCloud2
from twincell_msgs.msg import AnomalyArray, SafetyState

from twincell_nodes import qos
from twincell_nodes.messages import wall_ns

RCLError = rclpy_implementation.RCLError  # told to end between two waits
rclpy.init()
node = rclpy.create_node("echo", start_parameter_services=False)
pong = node.create_publisher(SafetyState, "bench/pong", qos.RELIABLE)


def answer(message: AnomalyArray) -> None:
    """A state as large as the supervisor's, at once."""
    pong.publish(SafetyState(text=message.part_id, wall_ns=wall_ns()))


def answer_cloud(message: PointCloud2) -> None:
    """The same for a cloud."""
    pong.publish(SafetyState(text=message.header.frame_id, wall_ns=wall_ns()))


node.create_subscription(PointCloud2, "bench/cloud", answer_cloud, qos.SENSOR)
node.create_subscription(AnomalyArray, "bench/ping", answer, qos.RELIABLE)
with contextlib.suppress(KeyboardInterrupt, ExternalShutdownException, RCLError):
    rclpy.spin(node)
