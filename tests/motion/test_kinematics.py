"""Kinematics against finite differences, closed form, and itself turned round."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from twincell.errors import MotionError
from twincell.geometry.pose import Pose
from twincell.motion.kinematics import ArmModel

ARMS = ("handler", "inspector", "table")


def somewhere(arm: ArmModel, share: list[float]) -> np.ndarray:
    """Joint positions inside the limits, and within half a turn."""
    low = np.maximum(arm.limits.lower, -np.pi)
    high = np.minimum(arm.limits.upper, np.pi)
    return low + (high - low) * np.array(share[: arm.size])


@pytest.mark.parametrize("name", ARMS)
@given(share=st.lists(st.floats(0.05, 0.95), min_size=7, max_size=7))
@settings(max_examples=20, deadline=None)
def test_jacobian_is_the_derivative_of_the_pose(arms, name, share):
    arm = arms[name]
    q = somewhere(arm, share)
    step = 1e-6
    for i in range(arm.size):
        plus, minus = q.copy(), q.copy()
        plus[i] += step
        minus[i] -= step
        a, b = arm.forward(minus), arm.forward(plus)
        linear = (b.p - a.p) / (2 * step)
        turn = (Rotation.from_quat(b.q) * Rotation.from_quat(a.q).inv()).as_rotvec() / (2 * step)
        np.testing.assert_allclose(arm.jacobian(q)[:, i], np.concatenate([linear, turn]), atol=2e-8)


@pytest.mark.parametrize("name", ARMS)
@given(share=st.lists(st.floats(0.1, 0.9), min_size=7, max_size=7))
@settings(max_examples=20, deadline=None)
def test_an_inverse_reaches_what_forward_gave(arms, name, share):
    arm = arms[name]
    q = somewhere(arm, share)
    target = arm.forward(q)
    found = arm.inverse(target, q + 0.2)
    assert arm.limits.within(found)
    reached = arm.forward(found)
    np.testing.assert_allclose(reached.p, target.p, atol=2e-6)
    assert abs(float(reached.q @ target.q)) > 1 - 1e-10


def test_table_turns_about_its_axis(arms):
    table = arms["table"]
    for angle in (-1.0, 0.0, 2.5):
        pose = table.forward([angle])
        np.testing.assert_allclose(
            pose.rotation()[:2, 0], [np.cos(angle), np.sin(angle)], atol=1e-12
        )


def test_out_of_reach_says_how_far_it_came(arms):
    arm = arms["handler"]
    with pytest.raises(MotionError, match=r"panda_hand_tcp.*came within \d+\.\d mm"):
        arm.inverse(Pose.of((3.0, 0.0, 1.0)), np.zeros(7), tries=2)


def test_an_unknown_link_is_named(arms):
    with pytest.raises(MotionError, match="did you mean 'panda_link5'"):
        arms["handler"].link_pose(np.zeros(7), "panda_lnk5")
