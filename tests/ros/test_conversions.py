"""Messages there and back, and against ROS's own serialization."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rclpy.serialization import deserialize_message, serialize_message

from twincell.errors import GoalError, SensorError
from twincell.geometry.pose import Pose
from twincell.inspection.anomaly import Anomaly
from twincell.motion.stream import JointTarget
from twincell.motion.trajectory import JointTrajectory
from twincell.production.messages import Alternative, Decision, Plan, PlannedTask
from twincell.safety.types import Function, Mode, MoverStop, SafetyState, StopRequest
from twincell.sensing import optics
from twincell.sensing.types import Profiles, Scan
from twincell.world.cameras import CameraEffects, Ultraviolet
from twincell.world.robots import Place
from twincell.world.sensors import Mount, Multispectral
from twincell_nodes import anomalies, conversions, images, markers, messages

pytestmark = pytest.mark.ros

RNG = np.random.default_rng(0)


def over_the_wire(message):
    """As a subscriber in another process gets it."""
    return deserialize_message(serialize_message(message), type(message))


@given(st.floats(0, 1e6))
def test_stamps_are_exact_to_the_nanosecond(time: float) -> None:
    message = conversions.stamp(time)
    assert 0 <= message.nanosec < 1_000_000_000
    assert conversions.seconds(message) == pytest.approx(time, abs=1e-9, rel=1e-15)


def test_a_scan_comes_back() -> None:
    n = 500
    scan = Scan(
        stamp=12.25,
        points=RNG.normal(size=(n, 3)).astype(np.float32),
        intensity=RNG.random(n, np.float32) * 255,
        time=np.linspace(0, 0.1, n, dtype=np.float32),
        ring=RNG.integers(0, 16, n).astype(np.uint16),
    )
    message = over_the_wire(conversions.scan_cloud(scan, "lidar"))
    assert (message.header.frame_id, message.width, message.height) == ("lidar", n, 1)
    assert message.is_dense
    back = conversions.scan(message)
    assert back.stamp == scan.stamp
    for name in ("points", "intensity", "time", "ring"):
        np.testing.assert_array_equal(getattr(back, name), getattr(scan, name))


def test_a_plan_and_what_the_twin_said_come_back() -> None:
    tasks = (PlannedTask("b_1/load", "b_1", "load", "handler", 1.5, 9.25, "waiting", "to bin"),)
    alternatives = tuple(
        Alternative(
            name, ("b_1", "b_2"), chosen, 4.5, 3.25, 0.125, 90.5, (0.0, 0.5, 8.0), (4_000, 6_000)
        )
        for name, chosen in (("keeping course", False), ("earliest due first", True))
    )
    decision = Decision("b_2 goes first", "saves 3.1 s", alternatives)
    plan = Plan("plan-4", 4, 7.5, "a late tray", tasks, 99.5, 3.5, 0.25, "in words", decision)
    for sent in (plan, dataclasses.replace(plan, decision=None)):
        assert messages.plan_of(over_the_wire(messages.plan(sent))) == sent
    shown = markers.plan_markers(plan, 8.0).markers
    assert "twin: earliest due first (chosen), cost 4.5 s" in "".join(m.text for m in shown)


def test_fields_lie_where_they_say() -> None:
    scan = Scan(
        0.0,
        np.array([[1.5, -2.5, 3.5]], np.float32),
        np.array([200.0], np.float32),
        np.array([0.05], np.float32),
        np.array([9], np.uint16),
    )
    message = conversions.scan_cloud(scan, "lidar")
    raw = bytes(message.data)
    kinds = {7: "<f4", 4: "<u2"}
    values = {
        f.name: np.frombuffer(raw, kinds[f.datatype], 1, f.offset)[0].item() for f in message.fields
    }
    assert values == pytest.approx(
        {"x": 1.5, "y": -2.5, "z": 3.5, "intensity": 200.0, "time": 0.05, "ring": 9}
    )


def test_lines_without_light_stay_nan() -> None:
    points = RNG.normal(size=(4, 32, 3)).astype(np.float32)
    points[1, 5] = np.nan
    lines = Profiles(2.0 + np.arange(4) * 0.004, points, np.ones((4, 32), np.float32))
    message = over_the_wire(conversions.profiles_cloud(lines, "optical"))
    assert (message.height, message.width, message.is_dense) == (4, 32, False)
    back = conversions.profiles(message)
    np.testing.assert_array_equal(back.points, points)
    np.testing.assert_allclose(back.stamps, lines.stamps, atol=1e-8)


def test_another_layout_is_refused() -> None:
    scan = Scan(0.0, *(np.zeros(s, np.float32) for s in ((1, 3), 1, 1)), np.zeros(1, np.uint16))
    message = conversions.scan_cloud(scan, "lidar")
    message.point_step = 16
    with pytest.raises(ValueError, match="16 bytes"):
        conversions.scan(message)


def test_images_keep_their_counts() -> None:
    pixels = RNG.integers(0, 4096, (6, 5, 3)).astype(np.uint16)
    message = over_the_wire(images.image(1.0, "camera", pixels))
    assert (message.encoding, message.step, message.height) == ("16UC3", 30, 6)
    back = np.frombuffer(message.data, "<u2").reshape(6, 5, 3)
    np.testing.assert_array_equal(back, pixels)
    assert images.image(1.0, "camera", pixels[:, :, 0]).encoding == "mono16"


def test_a_band_is_lifted_to_the_full_range() -> None:
    counts = np.array([[0, 1, 4095]], np.uint16)
    message = over_the_wire(images.band(1.0, "camera", counts, 12))
    assert (message.encoding, message.step, message.is_bigendian) == ("mono16", 6, 0)
    np.testing.assert_array_equal(np.frombuffer(message.data, "<u2"), [0, 16, 65520])


def test_camera_info_carries_the_lens_that_rays_were_cast_through() -> None:
    lens = (-0.2, 0.05, 1e-3, -2e-3, 0.01)
    spec = Multispectral(
        kind="multispectral",
        mount=Mount(place=Place()),
        distortion=lens,
        effects=CameraEffects(distortion=True),
    )
    message = over_the_wire(images.camera_info(2.5, "optical", optics.camera_info(spec)))
    assert message.distortion_model == "plumb_bob"
    assert list(message.d) == list(lens)
    assert (message.width, message.height, message.header.frame_id) == (640, 480, "optical")
    k, p = np.reshape(message.k, (3, 3)), np.reshape(message.p, (3, 4))
    np.testing.assert_array_equal(p, np.hstack([k, np.zeros((3, 1))]))
    # what a user of the message projects is where the simulated ray starts
    v, u = 400, 30
    point = optics.pixel_rays(spec)[v, u].astype(float)
    seen, _ = cv2.projectPoints(point[None], np.zeros(3), np.zeros(3), k, np.array(message.d))
    np.testing.assert_allclose(seen[0, 0], [u, v], atol=1e-2)
    off = dataclasses.replace(spec, effects=CameraEffects())
    assert list(images.camera_info(0.0, "c", optics.camera_info(off)).d) == [0.0] * 5


def test_transforms() -> None:
    pose = Pose.of((1, 2, 3), (0.1, 0.2, 0.3))
    message = conversions.transform(4.5, "world", "arm/link", pose)
    moved, turned = message.transform.translation, message.transform.rotation
    np.testing.assert_allclose([moved.x, moved.y, moved.z], pose.p)
    np.testing.assert_allclose([turned.x, turned.y, turned.z, turned.w], pose.q)
    assert (message.header.frame_id, message.child_frame_id) == ("world", "arm/link")


def test_trajectories_come_back() -> None:
    value = JointTrajectory(
        ("a", "b"), np.array([0.0, 0.5, 1.25]), RNG.normal(size=(3, 2)), RNG.normal(size=(3, 2))
    )
    back = messages.trajectory_of(over_the_wire(messages.trajectory(value)))
    assert back.joints == value.joints
    for name in ("times", "positions", "velocities"):
        np.testing.assert_allclose(getattr(back, name), getattr(value, name), atol=1e-9)


def test_velocities_may_be_left_out() -> None:
    times = np.linspace(0, 2, 41)
    value = JointTrajectory(("a",), times, np.sin(times)[:, None], np.zeros((41, 1)))
    message = messages.trajectory(value)
    for point in message.points:
        point.velocities = []
    back = messages.trajectory_of(message)
    np.testing.assert_allclose(back.velocities[1:-1, 0], np.cos(times)[1:-1], atol=2e-3)
    assert back.velocities[0] == back.velocities[-1] == 0


@pytest.mark.parametrize("spoil", ["positions", "velocities", "names"])
def test_ragged_trajectories_are_refused(spoil: str) -> None:
    value = JointTrajectory(("a", "b"), np.array([0.0, 1.0]), np.zeros((2, 2)), np.zeros((2, 2)))
    message = messages.trajectory(value)
    if spoil == "names":
        message.joint_names = []
    else:
        setattr(message.points[1], spoil, [0.0])
    with pytest.raises(GoalError, match=r"way-point|no joints"):
        messages.trajectory_of(message)


def test_safety_states_come_back() -> None:
    request = StopRequest(
        "r-1", Function.PROTECTIVE, 1, "person_in_zone", "cell", "seen", 1.25, 1.5
    )
    state = SafetyState(
        stamp=2.0,
        sequence=9,
        mode=Mode.STOPPED,
        movers=(MoverStop("a", None, 0.5), MoverStop("b", 0, 0.0)),
        active=(request,),
        text="stopped",
    )
    message = over_the_wire(messages.safety_state(state))
    assert not message.motion_allowed
    assert messages.state_of(message) == state


def test_anomalies_come_back() -> None:
    along = np.array([0.6, 0.0, 0.8])
    anomaly = Anomaly(
        "a-1", "blade_4", "crack", "critical", 0.75, 0.009, 0.0002, 0.0008,
        np.array([0.01, 0.02, 0.07]), along, RNG.normal(size=(50, 3)), 3.0, 3.05,
    )  # fmt: skip
    message = over_the_wire(anomalies.anomaly_array("blade_4", (anomaly,), 3.02))
    (back,) = anomalies.anomalies_of(message)
    for name in ("id", "part", "kind", "severity", "light", "detected"):
        assert getattr(back, name) == getattr(anomaly, name)
    assert back.length == pytest.approx(anomaly.length)
    np.testing.assert_allclose(back.center, anomaly.center)
    np.testing.assert_allclose(back.direction, along, atol=1e-12)
    np.testing.assert_allclose(back.points, anomaly.points)
    box = anomalies.detections(message).detections[0]
    assert box.bbox.size.x == pytest.approx(anomaly.length)
    assert box.results[0].hypothesis.class_id == "crack"


def test_an_image_of_all_bands_comes_back_and_another_cameras_is_refused() -> None:
    spec = Multispectral(
        kind="multispectral",
        mount=Mount(place=Place()),
        width=20,
        height=16,
        ultraviolet=Ultraviolet(),
        effects=CameraEffects(distortion=True),
    )
    planes = RNG.integers(0, 4096, (7, 16, 20)).astype(np.uint16)
    message = over_the_wire(images.image(3.5, "optical", np.moveaxis(planes, 0, -1)))
    back = images.spectral_image(message, spec)
    np.testing.assert_array_equal(back.planes, planes)
    np.testing.assert_array_equal(back.camera_matrix, optics.camera_info(spec).k)
    assert (back.stamp, back.bits, list(back.bands)) == (3.5, 12, list(spec.bands))
    assert back.distortion.tolist() == list(spec.distortion)
    for change in ({"width": 16}, {"ultraviolet": None}):
        with pytest.raises(SensorError, match="valid: "):
            images.spectral_image(message, dataclasses.replace(spec, **change))
    message.data = message.data[:-2]
    with pytest.raises(SensorError, match="bytes"):
        images.spectral_image(message, spec)


@pytest.mark.parametrize("speeds", [True, False])
@pytest.mark.parametrize("stamp", [None, 12.25])
def test_a_streamed_target_comes_back(speeds: bool, stamp: float | None) -> None:
    sent = JointTarget(("a", "b"), np.array([0.25, -1.5]), speeds, 0.15, stamp)
    back = messages.target_of(over_the_wire(messages.target(sent)))
    assert (back.joints, back.speeds, back.stamp) == (sent.joints, sent.speeds, sent.stamp)
    assert back.hold == pytest.approx(sent.hold, abs=1e-9)  # to the nanosecond
    np.testing.assert_array_equal(back.values, sent.values)


def test_a_target_is_one_point_with_either_positions_or_velocities() -> None:
    sent = messages.target(JointTarget(("a",), np.array([0.25])))
    for points in ([], sent.points * 2):
        sent.points = points
        with pytest.raises(GoalError, match="one point"):
            messages.target_of(sent)
    both = messages.target(JointTarget(("a",), np.array([0.25])))
    both.points[0].velocities = [1.0]
    with pytest.raises(GoalError, match="either"):
        messages.target_of(both)
