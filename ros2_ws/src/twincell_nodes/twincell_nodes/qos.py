"""The QoS profiles of the ROS surface, one a kind of data."""

from rclpy.duration import Duration
from rclpy.qos import DurabilityPolicy, HistoryPolicy, LivelinessPolicy, QoSProfile
from rclpy.qos import ReliabilityPolicy as Reliability

__all__ = [
    "CLOCK",
    "JOINTS",
    "KEPT",
    "LATCHED",
    "NEWEST",
    "PROFILES",
    "PROGRESS",
    "RELIABLE",
    "SENSOR",
    "STREAM",
    "safety_state",
]


def _profile(depth: int, reliability: Reliability, **more) -> QoSProfile:
    return QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=depth, reliability=reliability, **more)


CLOCK = _profile(1, Reliability.BEST_EFFORT)
"""`/clock`."""

NEWEST = _profile(1, Reliability.BEST_EFFORT)
"""Of body poses only the newest matters."""

STREAM = _profile(120, Reliability.BEST_EFFORT)
"""For those who need every body pose: half a second of them may arrive at once."""

JOINTS = _profile(120, Reliability.RELIABLE)
"""Joint states: as many, and none of them lost."""

PROGRESS = _profile(120, Reliability.RELIABLE)
"""How far each sensor is: time stands still for one whose word is lost."""

PROFILES = _profile(60, Reliability.BEST_EFFORT)
"""Messages of a few laser lines: half a second of them."""

SENSOR = _profile(5, Reliability.BEST_EFFORT)
"""Clouds and images."""

RELIABLE = _profile(10, Reliability.RELIABLE)
"""Anomalies, requests, events."""

LATCHED = _profile(1, Reliability.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL)
"""The last message reaches who comes late: descriptions, markers."""


KEPT = _profile(100, Reliability.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL)
"""Stop reports, plans, findings: who was killed meanwhile, or comes late, hears them later."""


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
