"""The controller: what it refuses, how it stops, and that a release never moves anything."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twincell.errors import GoalError
from twincell.motion.controller import TrajectoryController
from twincell.motion.limits import JointLimits
from twincell.motion.point_to_point import point_to_point
from twincell.motion.trajectory import JointTrajectory

DT = 1 / 240
NAMES = ("a", "b")
LIMITS = JointLimits(
    np.full(2, -3.0), np.full(2, 3.0), np.full(2, 2.0), np.full(2, 8.0), np.full(2, 100.0)
)
GOAL = np.array([1.5, -1.0])


def controller(**extra: float) -> TrajectoryController:
    return TrajectoryController("arm", NAMES, LIMITS, np.zeros(2), **extra)


def motion() -> JointTrajectory:
    return point_to_point(NAMES, np.zeros(2), GOAL, LIMITS)


def run(arm: TrajectoryController, start: float, seconds: float) -> np.ndarray:
    """Commanded positions and velocities at each step, shape (n, 2, 2)."""
    steps = range(round(seconds / DT))
    return np.array([arm.update(start + k * DT, DT) for k in steps])


def test_a_goal_is_followed_to_its_end():
    arm, goal = controller(), motion()
    arm.accept(goal, 0.0)
    out = run(arm, 0.0, goal.duration + 0.1)
    np.testing.assert_allclose(out[99, 0], goal.sample(100 * DT)[0], atol=1e-9)
    np.testing.assert_allclose(out[-1, 0], GOAL, atol=1e-9)
    assert arm.result is not None
    assert arm.result.ok
    assert not arm.active


def test_joints_may_come_in_another_order():
    arm, goal = controller(), motion()
    turned = JointTrajectory(
        ("b", "a"), goal.times, goal.positions[:, ::-1], goal.velocities[:, ::-1]
    )
    arm.accept(turned, 0.0)
    np.testing.assert_allclose(run(arm, 0.0, 3.0)[-1, 0], GOAL, atol=1e-9)


def test_a_first_way_point_in_the_future_is_met_from_where_the_joints_are():
    arm = controller()
    arm.accept(
        JointTrajectory(NAMES, np.array([2.0]), np.array([[0.5, 0.5]]), np.zeros((1, 2))), 0.0
    )
    np.testing.assert_allclose(run(arm, 0.0, 2.1)[-1, 0], 0.5, atol=1e-9)


def goals(name: str) -> JointTrajectory:
    good = motion()
    t, q, v = good.times.copy(), good.positions.copy(), good.velocities.copy()
    joints = NAMES
    if name == "unknown joint":
        joints = ("a", "c")
    elif name == "missing joint":
        joints, q, v = ("a",), q[:, :1], v[:, :1]
    elif name == "beyond":
        q[-1, 0] = 3.5
    elif name == "nan":
        q[1, 1] = np.nan
    elif name == "times":
        t[1] = t[2]
    elif name == "far":
        q += 0.2
    elif name == "fast":
        t = t / 3
    elif name == "empty":
        t, q, v = t[:0], q[:0], v[:0]
    elif name == "shape":
        v = v[:, :1]
    return JointTrajectory(joints, t, q, v)


@pytest.mark.parametrize(
    ("what", "code", "says"),
    [
        ("unknown joint", -2, "no joint 'c'"),
        ("missing joint", -2, "missing: b"),
        ("beyond", -1, r"puts a at 3\.5000; valid: -3\.0000 to 3\.0000"),
        ("nan", -1, "not all finite"),
        ("times", -1, "times must rise"),
        ("far", -1, "starts at a"),
        ("fast", -1, "would move at"),
        ("empty", -1, "no way-points"),
        ("shape", -1, "velocities of shape"),
    ],
)
def test_a_bad_goal_is_refused_with_its_code_and_nothing_moves(what, code, says):
    arm = controller()
    with pytest.raises(GoalError, match=says) as caught:
        arm.accept(goals(what), 0.0)
    assert caught.value.code == code
    assert not arm.active
    assert np.all(run(arm, 0.0, 0.1) == 0.0)


def test_an_old_stamp_and_a_second_goal_are_refused():
    arm = controller()
    with pytest.raises(GoalError, match="ended at") as caught:
        arm.accept(motion(), 100.0, stamp=1.0)
    assert caught.value.code == -3
    arm.accept(motion(), 100.0)
    with pytest.raises(GoalError, match="a goal is running"):
        arm.accept(motion(), 100.1)


@given(st.floats(0.02, 1.2), st.sampled_from([1, 2]))
@settings(max_examples=40, deadline=None)
def test_a_stop_decelerates_within_limits_and_reports(after, category):
    arm = controller()
    arm.accept(motion(), 0.0)
    before = run(arm, 0.0, after)
    steps = len(before)
    if not arm.active:
        return
    now = steps * DT
    arm.stop(category, now)
    out = run(arm, now, 1.0)
    speed = np.concatenate([before[-3:, 1], out[:, 1]])
    assert np.max(np.abs(np.diff(speed, axis=0))) / DT <= 8.0 * 1.02 + 1e-6
    assert np.all(out[-1, 1] == 0.0)
    report = arm.take_standstill()
    assert report is not None
    assert arm.take_standstill() is None
    assert report.category == category
    assert report.accepted == now < report.first_deceleration <= report.standstill
    travel = np.max(np.abs(out[-1, 0] - before[-1, 0]))
    assert report.distance == pytest.approx(float(travel), abs=1e-12)
    assert arm.result is not None
    assert arm.result.state == "aborted"
    with pytest.raises(GoalError, match="a stop is in force"):
        arm.accept(motion(), now + 1.0)
    arm.release()
    rest = run(arm, now + 1.0, 0.5)
    assert np.all(rest[:, 1] == 0.0)
    np.testing.assert_array_equal(rest[-1, 0], out[-1, 0])


@pytest.mark.parametrize("category", [0, 1, 2])
def test_power_returns_where_the_arm_has_sagged_to(category):
    arm = controller()
    arm.stop(category, 0.0)
    run(arm, 0.0, DT)
    held = arm.command[0]
    sagged = held - 0.004
    assert arm.release(sagged)
    q, v = arm.update(1.0, DT, sagged)
    # under power (category 2) servos hold the set-point; without, it would be a jump
    np.testing.assert_array_equal(q, held if category == 2 else sagged)
    assert np.all(v == 0.0)


def test_standing_still_a_stop_is_reported_at_once():
    arm = controller()
    arm.stop(2, 5.0)
    run(arm, 5.0, DT)
    report = arm.take_standstill()
    assert report is not None
    assert report.distance == 0.0
    assert report.first_deceleration == 5.0


def test_category_0_follows_the_brakes_until_the_joints_stand():
    arm = controller()
    arm.accept(motion(), 0.0)
    run(arm, 0.0, 0.5)
    q = arm.command[0]
    arm.stop(0, 0.5)
    for k in range(60):
        arm.update(0.5 + k * DT, DT, q)
        q = q + np.array([0.01, -0.005]) * 0.5**k
    report = arm.take_standstill()
    assert report is not None
    assert report.category == 0
    assert report.distance == pytest.approx(0.02, abs=1e-4)
    np.testing.assert_allclose(arm.command[0], q, atol=1e-5)


def test_cancel_decelerates_and_says_so():
    arm = controller()
    arm.accept(motion(), 0.0)
    run(arm, 0.0, 0.4)
    arm.cancel(0.4)
    out = run(arm, 0.4, 1.0)
    assert np.max(np.abs(np.diff(out[:, 1], axis=0))) / DT <= 8.0 * 1.02
    assert arm.result is not None
    assert arm.result.state == "canceled"
    assert not arm.stopped


def test_path_and_goal_tolerances_abort_with_their_codes():
    arm = controller(path_tolerance=0.05)
    arm.accept(motion(), 0.0)
    for k in range(400):
        arm.update(k * DT, DT, np.zeros(2))
    assert arm.result is not None
    assert arm.result.code == -4
    arm = controller(path_tolerance=9.0, goal_tolerance=0.01, goal_time=0.2)
    arm.accept(motion(), 0.0)
    for k in range(600):
        arm.update(k * DT, DT, np.zeros(2))
    assert arm.result is not None
    assert arm.result.code == -5


def test_a_speed_scale_slows_without_a_jump():
    arm, goal = controller(), motion()
    arm.accept(goal, 0.0)
    run(arm, 0.0, 0.5)
    arm.speed_scale = 0.3
    out = run(arm, 0.5, 6.0)
    assert np.max(np.abs(np.diff(out[:, 1], axis=0))) / DT <= 8.0 * 1.05
    np.testing.assert_allclose(out[-1, 0], GOAL, atol=1e-9)
    with pytest.raises(GoalError, match="speed scale"):
        arm.speed_scale = 0.0
