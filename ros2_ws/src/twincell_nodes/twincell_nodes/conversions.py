"""Between the core's arrays and dataclasses and ROS messages: geometry, clouds, images."""

from array import array

import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point, Quaternion, Transform, TransformStamped, Vector3
from geometry_msgs.msg import Pose as PoseMsg
from sensor_msgs.msg import CameraInfo, Image, PointCloud2, PointField
from std_msgs.msg import Header

from twincell.errors import SensorError
from twincell.geometry.pose import Pose
from twincell.sensing.exposure import depth
from twincell.sensing.multispectral import CameraInfo as Intrinsics
from twincell.sensing.multispectral import camera_info as intrinsics
from twincell.sensing.types import Profiles, Scan, SpectralImage
from twincell.world.sensors import Multispectral

__all__ = [
    "POINT",
    "band",
    "camera_info",
    "cloud",
    "cloud_arrays",
    "data_of",
    "header",
    "image",
    "pose",
    "profiles",
    "profiles_cloud",
    "scan",
    "scan_cloud",
    "seconds",
    "spectral_image",
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


def image(time: float, frame: str, pixels: np.ndarray) -> Image:
    """An image of 16 bit counts.

    Args:
        time: stamp [s].
        frame: optical frame.
        pixels: shape (height, width) for `mono16`, (height, width, bands) for `16UC<bands>`.
    """
    height, width = pixels.shape[:2]
    bands = 1 if pixels.ndim == 2 else pixels.shape[2]
    return Image(
        header=header(time, frame),
        height=height,
        width=width,
        encoding="mono16" if pixels.ndim == 2 else f"16UC{bands}",
        is_bigendian=0,
        step=2 * bands * width,
        data=data_of(pixels.astype("<u2", copy=False)),
    )


def band(time: float, frame: str, counts: np.ndarray, bits: int) -> Image:
    """One band as `mono16`, its counts lifted to the full 16 bit, as viewers expect.

    Args:
        time: stamp [s].
        frame: optical frame.
        counts: shape (height, width), uint16.
        bits: depth of the counts.
    """
    return image(time, frame, counts << (16 - bits))


def spectral_image(message: Image, spec: Multispectral) -> SpectralImage:
    """All bands of a camera, as `<sensor>/image_raw` carries them.

    Raises:
        SensorError: another encoding or size than the camera's.
    """
    bands = len(spec.bands)
    planes = bands + (spec.ultraviolet is not None)
    size = (message.height, message.width)
    if message.encoding != f"16UC{planes}" or size != (spec.height, spec.width):
        raise SensorError(
            f"image of {message.width} x {message.height}, encoding '{message.encoding}'; valid: "
            f"{spec.width} x {spec.height}, '16UC{planes}'"
        )
    order = ">u2" if message.is_bigendian else "<u2"
    counts = np.frombuffer(message.data, order)
    if len(counts) != planes * spec.height * spec.width or message.step != 2 * planes * spec.width:
        raise SensorError(
            f"image of {2 * len(counts)} bytes in rows of {message.step}; valid: "
            f"{2 * planes * spec.height * spec.width} in rows of {2 * planes * spec.width}"
        )
    stack = np.moveaxis(counts.reshape(spec.height, spec.width, planes), 2, 0)
    stack = np.ascontiguousarray(stack, np.uint16)
    info = intrinsics(spec)
    return SpectralImage(
        seconds(message.header.stamp),
        np.asarray(spec.bands, float),
        stack[:bands],
        info.k,
        depth(spec),
        info.d,
        stack[bands] if planes > bands else None,
    )


def camera_info(time: float, frame: str, value: Intrinsics) -> CameraInfo:
    """Intrinsics, with the distortion that rays were cast through."""
    return CameraInfo(
        header=header(time, frame),
        width=value.width,
        height=value.height,
        distortion_model="plumb_bob",
        d=value.d.ravel().tolist(),
        k=value.k.ravel().tolist(),
        r=value.r.ravel().tolist(),
        p=value.p.ravel().tolist(),
    )
