"""Between anomalies and ROS messages."""

from array import array

import numpy as np
from scipy.spatial.transform import Rotation
from twincell_msgs import msg
from vision_msgs.msg import Detection3D, Detection3DArray, ObjectHypothesisWithPose

from twincell.geometry.pose import Pose
from twincell.inspection.anomaly import Anomaly
from twincell_nodes.conversions import header, pose, seconds, stamp
from twincell_nodes.messages import wall_ns

__all__ = ["anomalies_of", "anomaly_array", "detections", "thinned"]


def _anomaly(value: Anomaly, sensed: float) -> msg.Anomaly:
    along = value.direction / max(float(np.linalg.norm(value.direction)), 1e-12)
    helper = np.array([0.0, 0.0, 1.0]) if abs(along[2]) < 0.9 else np.array([1.0, 0.0, 0.0])
    normal = np.cross(along, helper)
    normal /= np.linalg.norm(normal)
    turn = np.stack([along, np.cross(normal, along), normal], axis=1)
    placed = Pose(value.center, Rotation.from_matrix(turn).as_quat())
    return msg.Anomaly(
        header=header(value.light, f"blade/{value.part}"),
        id=value.id,
        part_id=value.part,
        kind=value.kind,
        severity=value.severity,
        confidence=float(value.confidence),
        length=float(value.length),
        opening_width=float(value.opening),
        depth=float(value.depth),
        pose=pose(placed),
        # flat: a hundred Point objects would cost the stop 0.2 ms on their way
        points=array("f", thinned(value).astype(np.float32).tobytes()),
        light_stamp=stamp(value.light),
        sensed_stamp=stamp(sensed),
        detected_stamp=stamp(value.detected),
        detected_wall_ns=wall_ns(),
    )


def thinned(value: Anomaly, most: int = 200) -> np.ndarray:
    """At most so many of an anomaly's points, evenly chosen, n x 3 [m]."""
    return value.points[:: max(1, -(-len(value.points) // most))]


def anomaly_array(part: str, values: tuple[Anomaly, ...], sensed: float) -> msg.AnomalyArray:
    """Anomalies of one part.

    Args:
        part: its name.
        values: the anomalies.
        sensed: time at which the sensor's data arrived [s].
    """
    light = max((a.light for a in values), default=sensed)
    return msg.AnomalyArray(
        header=header(light, f"blade/{part}"),
        part_id=part,
        anomalies=[_anomaly(a, sensed) for a in values],
    )


def anomalies_of(message: msg.AnomalyArray) -> tuple[Anomaly, ...]:
    """Anomalies from their message."""
    return tuple(_anomaly_of(a) for a in message.anomalies)


def _anomaly_of(message: msg.Anomaly) -> Anomaly:
    p, q = message.pose.position, message.pose.orientation
    along = Rotation.from_quat([q.x, q.y, q.z, q.w]).apply([1.0, 0.0, 0.0])
    return Anomaly(
        id=message.id,
        part=message.part_id,
        kind=message.kind,
        severity=message.severity,
        confidence=message.confidence,
        length=message.length,
        opening=message.opening_width,
        depth=message.depth,
        center=np.array([p.x, p.y, p.z]),
        direction=along,
        points=np.array(message.points, float).reshape(-1, 3),
        light=seconds(message.light_stamp),
        detected=seconds(message.detected_stamp),
    )


def detections(message: msg.AnomalyArray) -> Detection3DArray:
    """The same anomalies for tools that know vision_msgs: boxes around the flaws."""
    found = []
    for a in message.anomalies:
        detection = Detection3D(header=message.header, id=a.id)
        detection.bbox.center = a.pose
        size = detection.bbox.size
        size.x, size.y, size.z = (float(v) for v in (a.length, a.opening_width, a.depth))
        result = ObjectHypothesisWithPose()
        result.hypothesis.class_id, result.hypothesis.score = a.kind, float(a.confidence)
        result.pose.pose = a.pose
        detection.results = [result]
        found.append(detection)
    return Detection3DArray(header=message.header, detections=found)
