"""The ROS surface as data: every topic, its type, its rate; what recorder and docs go by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from twincell.world.model import World
from twincell.world.sensors import Multispectral

__all__ = [
    "TF_RATE",
    "Keep",
    "Topic",
    "band_name",
    "band_names",
    "progress_limits",
    "strides",
    "topics",
]

TF_RATE = 30.0
"""Transforms [Hz of simulation time]."""

_TRAJECTORY = "trajectory_msgs/msg/JointTrajectory"
_REPORT = "twincell_msgs/msg/TargetReport"

Keep = Literal["all", "cloud", "profile", "fast"]


@dataclass(frozen=True)
class Topic:
    """One topic.

    Attributes:
        name: relative to the namespace, or absolute.
        type: of its messages.
        rate: expected [Hz of simulation time]; None where it speaks only when something happens.
        reliable: whether its publishers are.
        latched: whether the last message waits for late subscribers.
        keep: what the recorder keeps: all, or at the world's intervals for clouds and profiles;
            `fast` is thinned to a few Hertz, since it can be made again from the joints.
    """

    name: str
    type: str
    rate: float | None
    reliable: bool = True
    latched: bool = False
    keep: Keep = "all"


def band_name(wavelength: float) -> str:
    """Name of a spectral band in topics, e.g. `b450`."""
    return f"b{wavelength:.0f}"


def band_names(camera: Multispectral) -> tuple[str, ...]:
    """Names of a camera's images in topics, in the order of `SpectralImage.planes`."""
    names = [band_name(b) for b in camera.bands]
    if camera.ultraviolet is not None:
        names.append(f"uv{camera.ultraviolet.excitation:.0f}")
    return tuple(names)


def strides(world: World) -> tuple[int, int]:
    """Physics steps from one body state to the next, and from one transform to the next."""
    body = max(1, round(world.physics_rate / world.state_rate))
    return body, body * max(1, round(world.physics_rate / body / TF_RATE))


def topics(world: World) -> tuple[Topic, ...]:
    """All topics of a cell."""
    body, tf = (world.physics_rate / steps for steps in strides(world))
    found = [
        Topic("/clock", "rosgraph_msgs/msg/Clock", body, reliable=False, keep="fast"),
        Topic("/tf", "tf2_msgs/msg/TFMessage", tf),
        Topic("/tf_static", "tf2_msgs/msg/TFMessage", None, latched=True),
        Topic("cell/body_states", "twincell_msgs/msg/BodyStates", body, False, keep="fast"),
        Topic("cell/progress", "std_msgs/msg/Header", None, keep="fast"),
        Topic("cell/energy", "std_msgs/msg/Float64", 10.0),
        Topic("/diagnostics", "diagnostic_msgs/msg/DiagnosticArray", 3.0),
    ]
    for arm in world.arms:
        found += [
            Topic(f"{arm}/joint_states", "sensor_msgs/msg/JointState", body),
            Topic(f"{arm}/arm_controller/joint_target", _TRAJECTORY, None, False, keep="fast"),
            Topic(f"{arm}/arm_controller/joint_target_report", _REPORT, None, keep="fast"),
            Topic(f"{arm}/robot_description", "std_msgs/msg/String", None, latched=True),
        ]
    cloud = "sensor_msgs/msg/PointCloud2"
    image = "sensor_msgs/msg/Image"
    for name, lidar in world.lidars().items():
        found.append(Topic(f"{name}/points", cloud, lidar.rate, False, keep="cloud"))
    for name, profiler in world.profilers().items():
        # a message holds the lines that a body state makes known, or more on a busy machine
        rate = min(profiler.rate, body)
        found.append(Topic(f"{name}/points", cloud, rate, False, keep="profile"))
    for name, camera in world.cameras().items():
        found.append(Topic(f"{name}/image_raw", image, camera.rate, False, keep="cloud"))
        info = "sensor_msgs/msg/CameraInfo"
        found.append(Topic(f"{name}/camera_info", info, camera.rate, False))
        for band in band_names(camera):
            found.append(Topic(f"{name}/{band}/image", image, camera.rate, False, keep="cloud"))
    markers = "visualization_msgs/msg/MarkerArray"
    heartbeat = world.safety.heartbeat
    seen = sum(lidar.rate for lidar in world.lidars().values())
    found += [
        Topic("inspection/anomalies", "twincell_msgs/msg/AnomalyArray", None),
        Topic("inspection/findings", "twincell_msgs/msg/AnomalyArray", None, latched=True),
        Topic("inspection/detections", "vision_msgs/msg/Detection3DArray", None),
        Topic("inspection/markers", markers, None, latched=True),
        Topic("inspection/alive", "std_msgs/msg/Header", None),
        Topic("safety/stop_request", "twincell_msgs/msg/StopRequest", None),
        Topic("safety/separation", "twincell_msgs/msg/SeparationState", seen),
        Topic("safety/state", "twincell_msgs/msg/SafetyState", heartbeat, latched=True),
        Topic("safety/stop_report", "twincell_msgs/msg/StopReport", None),
        Topic("safety/markers", markers, None, latched=True),
        Topic("safety/separation_markers", markers, None, latched=True),
        Topic("production/plan", "twincell_msgs/msg/Plan", None, latched=True),
        Topic("production/events", "twincell_msgs/msg/ProductionEvent", None),
        Topic("production/markers", markers, None, latched=True),
    ]
    return tuple(found)


def progress_limits(world: World) -> dict[str, float]:
    """How far simulated time may run ahead of what `cell/progress` says was done [s].

    Below the supervisor's deadline of two periods for LiDARs.
    """
    limits = {f"safety/{name}": 1.7 / lidar.rate for name, lidar in world.lidars().items()}
    # an image is placed by joint states, and rendered from body states, that are kept for a while
    limits |= {name: 1.0 / camera.rate + 0.5 for name, camera in world.cameras().items()}
    limits |= dict.fromkeys(world.profilers(), 0.12)  # below what the encoders' history holds
    # a crack waits no longer than this for a detector that has no time; it says how far it is every
    # few messages while it scans, else every 0.1 s of wall time
    limits["crack_detector"] = 0.15
    return limits
