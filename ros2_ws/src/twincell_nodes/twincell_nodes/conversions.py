"""Between the core's arrays and dataclasses and ROS messages: stamps, geometry, clouds."""

from array import array

import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point, Quaternion, Transform, TransformStamped, Vector3
from geometry_msgs.msg import Pose as PoseMsg
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header

from twincell.geometry.pose import Pose
from twincell.sensing.types import Profiles, Scan

__all__ = [
    "POINT",
    "cloud",
    "cloud_arrays",
    "data_of",
    "header",
    "pose",
    "profiles",
    "profiles_cloud",
    "scan",
    "scan_cloud",
    "seconds",
    "stamp",
    "transform",
]

POINT = np.dtype(
    {
        "names": ["x", "y", "z", "intensity", "time", "ring"],
        "formats": ["<f4", "<f4", "<f4", "<f4", "<f4", "<u2"],
        "itemsize": 24,  # padded, so that floats stay aligned
    }
)
"""A point of every cloud: position [m], intensity 0 to 255, time after the stamp [s], beam."""

_FIELDS = [
    PointField(
        name=name,
        offset=POINT.fields[name][1],
        datatype=PointField.UINT16 if name == "ring" else PointField.FLOAT32,
        count=1,
    )
    for name in POINT.names
]


def stamp(time: float) -> Time:
    """A time [s] as a message, to the nearest nanosecond."""
    whole, rest = divmod(round(time * 1e9), 1_000_000_000)
    return Time(sec=whole, nanosec=rest)


def seconds(time: Time) -> float:
    """A stamp in seconds."""
    return time.sec + time.nanosec * 1e-9


def header(time: float, frame: str) -> Header:
    """A header."""
    return Header(stamp=stamp(time), frame_id=frame)


def pose(value: Pose) -> PoseMsg:
    """A pose as a message."""
    x, y, z = map(float, value.p)
    return PoseMsg(position=Point(x=x, y=y, z=z), orientation=_quaternion(value.q))


def transform(time: float, parent: str, child: str, value: Pose) -> TransformStamped:
    """The pose of frame `child` in frame `parent`."""
    x, y, z = map(float, value.p)
    moved = Transform(translation=Vector3(x=x, y=y, z=z), rotation=_quaternion(value.q))
    return TransformStamped(header=header(time, parent), child_frame_id=child, transform=moved)


def _quaternion(q) -> Quaternion:
    x, y, z, w = map(float, q)
    return Quaternion(x=x, y=y, z=z, w=w)


def data_of(values: np.ndarray) -> array:
    """The bytes of an array in the form that messages take over without a loop."""
    data = array("B")
    data.frombytes(np.ascontiguousarray(values).data.cast("B"))
    return data


def cloud(time: float, frame: str, points: np.ndarray) -> PointCloud2:
    """A cloud.

    Args:
        time: stamp [s].
        frame: of the points.
        points: structured as `POINT`, shape (width,) or (height, width).
    """
    height, width = (1, *points.shape)[-2:]
    position = points["x"]
    return PointCloud2(
        header=header(time, frame),
        height=height,
        width=width,
        fields=_FIELDS,
        is_bigendian=False,
        point_step=POINT.itemsize,
        row_step=POINT.itemsize * width,
        data=data_of(points),
        is_dense=bool(np.isfinite(position).all()),
    )


def cloud_arrays(message: PointCloud2) -> np.ndarray:
    """The points of one of our clouds without a copy, shape (height, width), as `POINT`.

    Raises:
        ValueError: another layout.
    """
    names = [field.name for field in message.fields]
    if message.point_step != POINT.itemsize or names != list(POINT.names):
        raise ValueError(
            f"cloud with fields {names} of {message.point_step} bytes; "
            f"valid: {list(POINT.names)} of {POINT.itemsize}"
        )
    return np.frombuffer(message.data, POINT).reshape(message.height, message.width)


def scan_cloud(value: Scan, frame: str) -> PointCloud2:
    """A LiDAR's turn as a cloud."""
    points = np.zeros(len(value.points), POINT)
    points["x"], points["y"], points["z"] = value.points.T
    points["intensity"], points["time"], points["ring"] = value.intensity, value.time, value.ring
    return cloud(value.stamp, frame, points)


def scan(message: PointCloud2) -> Scan:
    """A LiDAR's turn from its cloud."""
    points = cloud_arrays(message).ravel()
    return Scan(
        stamp=seconds(message.header.stamp),
        points=np.stack([points["x"], points["y"], points["z"]], axis=1),
        intensity=points["intensity"].copy(),
        time=points["time"].copy(),
        ring=points["ring"].copy(),
    )


def profiles_cloud(value: Profiles, frame: str) -> PointCloud2:
    """Profiler lines as an organised cloud: a row a line, `ring` its number; NaN without light."""
    count = len(value.stamps)
    points = np.zeros(value.points.shape[:2], POINT)
    for i, axis in enumerate("xyz"):
        points[axis] = value.points[:, :, i]
    points["intensity"] = value.intensity
    points["time"] = (value.stamps - value.stamps[0])[:, None]
    points["ring"] = np.arange(count)[:, None]
    return cloud(float(value.stamps[0]), frame, points)


def profiles(message: PointCloud2) -> Profiles:
    """Profiler lines from their cloud."""
    points = cloud_arrays(message)
    return Profiles(
        stamps=seconds(message.header.stamp) + points["time"][:, 0].astype(float),
        points=np.stack([points["x"], points["y"], points["z"]], axis=2),
        intensity=points["intensity"].copy(),
    )
