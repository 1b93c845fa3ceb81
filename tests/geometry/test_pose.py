"""Rigid transforms against scipy's rotations and homogeneous matrices."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from twincell.geometry.pose import Pose

LENGTHS = st.tuples(*[st.floats(-5, 5)] * 3)
ANGLES = st.tuples(*[st.floats(-3.2, 3.2)] * 3)
POSES = st.builds(Pose.of, LENGTHS, ANGLES)


@given(POSES)
def test_the_rotation_is_scipys(pose: Pose) -> None:
    expected = Rotation.from_quat(pose.q).as_matrix()
    np.testing.assert_allclose(pose.rotation(), expected, atol=1e-12)


@given(st.tuples(*[st.floats(-20, 20)] * 3))
def test_roll_pitch_yaw_are_scipys_fixed_axes(rpy: tuple[float, float, float]) -> None:
    expected = Rotation.from_euler("xyz", rpy).as_quat()
    np.testing.assert_allclose(Pose.of((0.0, 0.0, 0.0), rpy).q, expected, atol=1e-12)


@given(POSES, POSES)
def test_chaining_is_the_product_of_matrices(a: Pose, b: Pose) -> None:
    np.testing.assert_allclose((a @ b).matrix(), a.matrix() @ b.matrix(), atol=1e-9)


@given(POSES)
def test_the_inverse_undoes(pose: Pose) -> None:
    np.testing.assert_allclose((pose @ pose.inverse()).matrix(), np.eye(4), atol=1e-9)
    np.testing.assert_allclose(pose.inverse().matrix(), np.linalg.inv(pose.matrix()), atol=1e-9)


@given(POSES, LENGTHS)
def test_points_and_vectors(pose: Pose, point: tuple[float, float, float]) -> None:
    moved = pose.matrix() @ [*point, 1.0]
    np.testing.assert_allclose(pose.apply(point), moved[:3], atol=1e-9)
    np.testing.assert_allclose(pose.rotate(point), moved[:3] - pose.p, atol=1e-9)


@given(POSES, POSES, st.floats(0, 1))
def test_interpolation_divides_the_angle(a: Pose, b: Pose, share: float) -> None:
    between = a.interpolate(b, share)
    whole = Rotation.from_quat((a.inverse() @ b).q).magnitude()
    part = Rotation.from_quat((a.inverse() @ between).q).magnitude()
    np.testing.assert_allclose(part, share * whole, atol=1e-6)
    np.testing.assert_allclose(between.p, (1 - share) * a.p + share * b.p, atol=1e-9)


def test_round_trips() -> None:
    pose = Pose.of((1.0, -2.0, 0.5), (0.3, -0.8, 2.0))
    np.testing.assert_allclose(Pose.from_array(pose.as_array()).matrix(), pose.matrix())
    np.testing.assert_allclose(Pose.from_matrix(pose.matrix()).matrix(), pose.matrix())
