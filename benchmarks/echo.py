"""The other end of the pings that `reaction.py` and `separation.py` measure as the floor.

Its argument is the topics' base name; `urgent` also asks for the supervisor's real-time priority.
"""

import contextlib
import sys

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.impl.implementation_singleton import rclpy_implementation
from sensor_msgs.msg import PointCloud2
from twincell_msgs.msg import AnomalyArray, SafetyState

from twincell_nodes import qos
from twincell_nodes.messages import wall_ns
from twincell_nodes.running import FIRST, ask_realtime

RCLError = rclpy_implementation.RCLError  # told to end between two waits
base = sys.argv[1] if len(sys.argv) > 1 else "bench"
if base == "urgent":
    ask_realtime(FIRST)
rclpy.init()
node = rclpy.create_node(f"{base}_echo", start_parameter_services=False)
pong = node.create_publisher(SafetyState, f"{base}/pong", qos.RELIABLE)


def answer(message: AnomalyArray) -> None:
    """A state as large as the supervisor's, at once."""
    pong.publish(SafetyState(text=message.part_id, wall_ns=wall_ns()))


def answer_cloud(message: PointCloud2) -> None:
    """The same for a cloud."""
    pong.publish(SafetyState(text=message.header.frame_id, wall_ns=wall_ns()))


node.create_subscription(PointCloud2, f"{base}/cloud", answer_cloud, qos.SENSOR)
node.create_subscription(AnomalyArray, f"{base}/ping", answer, qos.RELIABLE)
with contextlib.suppress(KeyboardInterrupt, ExternalShutdownException, RCLError):
    rclpy.spin(node)
