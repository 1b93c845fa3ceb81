"""The QoS profiles of the ROS surface, one a kind of data."""

from rclpy.duration import Duration
from rclpy.qos import DurabilityPolicy, HistoryPolicy, LivelinessPolicy, QoSProfile
from rclpy.qos import ReliabilityPolicy as Reliability

__all__ = ["CLOCK", "LATCHED", "NEWEST", "RELIABLE", "SENSOR", "STREAM", "safety_state"]


def _profile(depth: int, reliability: Reliability, **more) -> QoSProfile:
    return QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=depth, reliability=reliability, **more)


CLOCK = _profile(1, Reliability.BEST_EFFORT)
"""`/clock`."""

NEWEST = _profile(1, Reliability.BEST_EFFORT)
"""Of body poses only the newest matters."""

STREAM = _profile(20, Reliability.BEST_EFFORT)
"""For those who need the body poses in between as well: a few may arrive at once."""

SENSOR = _profile(5, Reliability.BEST_EFFORT)
"""Clouds and images."""

RELIABLE = _profile(10, Reliability.RELIABLE)
"""Joint states, anomalies, requests, events."""

LATCHED = _profile(1, Reliability.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL)
"""The last message reaches who comes late: descriptions, plans, markers."""


def safety_state(patience: float) -> QoSProfile:
    """Of the safety state: latched, and its silence is an event.

    Args:
        patience: longest silence that is tolerated [s of wall time].
    """
    return _profile(
        1,
        Reliability.RELIABLE,
        durability=DurabilityPolicy.TRANSIENT_LOCAL,
        deadline=Duration(seconds=patience),
        liveliness=LivelinessPolicy.AUTOMATIC,
        liveliness_lease_duration=Duration(seconds=2 * patience),
    )
