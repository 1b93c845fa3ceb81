"""Streamed targets: limits at every step whatever comes, silence, stops, no return by itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twincell.errors import GoalError
from twincell.motion.controller import TrajectoryController
from twincell.motion.limits import JointLimits
from twincell.motion.point_to_point import point_to_point
from twincell.motion.stream import JointTarget, Stream

DT = 1 / 240
NAMES = ("a", "b")
LIMITS = JointLimits(
    np.array([-1.0, -2.0]), np.array([1.0, 0.5]), np.array([2.0, 1.0]), np.full(2, 8.0),
    np.full(2, 100.0),
)  # fmt: skip


def controller() -> TrajectoryController:
    return TrajectoryController("arm", NAMES, LIMITS, np.zeros(2))


def target(values: tuple[float, float], *, speeds: bool = False, hold: float = 0.1) -> JointTarget:
    return JointTarget(NAMES, np.array(values), speeds, hold)


class Arm:
    """A controller at 240 Hz to which targets come at 40 Hz; all its set-points."""

    def __init__(self) -> None:
        self.controller, self.now = controller(), 0.0
        self.rows: list[np.ndarray] = []

    def run(self, seconds: float, sent: JointTarget | None = None) -> np.ndarray:
        first = len(self.rows)
        for k in range(round(seconds / DT)):
            if sent is not None and k % 6 == 0:
                self.controller.stream(sent, self.now)
            self.rows.append(np.array(self.controller.update(self.now, DT)))
            self.now += DT
        return np.array(self.rows[first:])

    def keeps(self) -> None:
        """Position, speed, acceleration and jerk of all set-points, by finite differences."""
        q, v = np.array(self.rows).swapaxes(0, 1)
        assert float(np.max(LIMITS.lower - q)) <= 1e-6
        assert float(np.max(q - LIMITS.upper)) <= 1e-6
        assert float(np.max(np.abs(v) - LIMITS.velocity)) <= 1e-6
        a = np.diff(v, axis=0) / DT
        assert float(np.max(np.abs(a) / LIMITS.acceleration)) <= 1.001
        assert float(np.max(np.abs(np.diff(a, axis=0)) / DT / LIMITS.jerk)) <= 1.01
        # positions are the integral of speeds: both go to the motors
        np.testing.assert_allclose(np.diff(q, axis=0), (v[1:] + v[:-1]) * DT / 2, atol=2e-4)


def test_a_position_is_reached_as_fast_as_by_a_motion_of_its_own() -> None:
    arm = Arm()
    out = arm.run(1.5, target((0.5, 0.0)))
    alone = point_to_point(NAMES, np.zeros(2), np.array([0.5, 0.0]), LIMITS).duration
    first = int(np.argmax(np.abs(out[:, 0, 0] - 0.5) < 1e-4)) * DT
    assert first == pytest.approx(alone, abs=0.05)
    np.testing.assert_allclose(out[-1], [[0.5, 0.0], [0.0, 0.0]], atol=1e-6)
    arm.keeps()


def test_a_speed_is_kept_until_the_end_of_the_joint() -> None:
    arm = Arm()
    out = arm.run(0.9, target((0.6, -0.3), speeds=True))
    np.testing.assert_allclose(out[-60:, 1], [[0.6, -0.3]] * 60, atol=1e-6)
    out = arm.run(2.0, target((0.6, -0.3), speeds=True))
    np.testing.assert_allclose(out[-1, 0, 0], 1.0, atol=1e-6)
    arm.keeps()


def test_what_is_followed_is_told_within_the_limits_and_in_order() -> None:
    arm = controller()
    told = arm.stream(JointTarget(("b", "a"), np.array([9.0, -0.4])), 0.0)
    assert told.joints == NAMES
    np.testing.assert_array_equal(told.values, [-0.4, 0.5])
    told = arm.stream(target((-7.0, 0.2), speeds=True), 0.01)
    np.testing.assert_array_equal(told.values, [-2.0, 0.2])


TARGETS = st.lists(
    st.tuples(
        st.booleans(),
        st.floats(-3, 3),
        st.floats(-3, 3),
        st.sampled_from([0.02, 0.1, 0.4]),
        st.sampled_from([0.1, 0.5, 1.0]),
    ),
    min_size=2,
    max_size=12,
)


@given(TARGETS, st.sampled_from([None, 1, 2]))
@settings(max_examples=80, deadline=None)
def test_limits_hold_whatever_comes_and_then_silence_or_a_stop(sent, category) -> None:
    arm = Arm()
    for speeds, a, b, seconds, scale in sent:
        arm.controller.speed_scale = scale
        arm.run(seconds, target((a, b), speeds=speeds))
    if category is not None:
        arm.controller.stop(category, arm.now)
    last = arm.run(1.5)
    assert np.all(last[-1, 1] == 0.0)
    assert not arm.controller.streaming
    arm.keeps()


def test_from_a_state_that_defeats_ruckig_the_joints_brake() -> None:
    stream = Stream("arm", NAMES, LIMITS)
    stream.take(target((0.0, 0.0)), 0.0, 0.1)
    # found by the test above; a bit more or less of acceleration, and there is a way
    q, v, a = np.array(
        [[0.0, 0.3964068672839506], [0.0, 0.1568055555555558], [0.0, -7.1666666666666705]]
    )
    stream.plan((q, v, a))
    rows = [stream.advance(1e-3) for _ in range(300)]
    speeds = np.array([row[1][1] for row in rows])
    assert abs(speeds[-1]) < 1e-9
    assert abs(speeds).max() <= 0.16
    assert np.abs(np.diff(speeds)).max() / 1e-3 <= 8.0 + 1e-6


def test_silence_brings_the_joints_to_rest_when_the_hold_is_over() -> None:
    arm = Arm()
    arm.run(0.6, target((0.5, 0.0), speeds=True))
    sent = arm.now - 6 * DT
    out = arm.run(1.0)
    slower = int(np.argmax(out[:, 1, 0] < 0.5 - 1e-6)) * DT + 0.6
    assert sent + 0.1 <= slower <= sent + 0.1 + 3 * DT
    assert np.all(out[-1, 1] == 0.0)
    assert not arm.controller.streaming


def test_the_hold_counts_from_the_state_that_was_answered() -> None:
    arm = controller()
    for stamp in (0.89, 1.01, float("nan")):
        with pytest.raises(GoalError, match=r"at most its hold of 0\.1 s old"):
            arm.stream(replace(target((0.5, 0.0)), stamp=stamp), 1.0)
    assert not arm.streaming
    arm.stream(replace(target((0.5, 0.0)), stamp=0.95), 1.0)
    arm.update(1.049, 1e-3)
    assert arm.streaming
    arm.update(1.051, 1e-3)
    assert not arm.streaming


def test_a_slower_scale_is_obeyed_by_the_same_target() -> None:
    arm = Arm()
    arm.run(0.5, target((2.0, 0.0), speeds=True))
    arm.controller.speed_scale = 0.25
    out = arm.run(0.4, target((2.0, 0.0), speeds=True))
    assert out[-1, 1, 0] <= 0.5 + 1e-6
    arm.keeps()


@pytest.mark.parametrize("category", [0, 1, 2])
def test_a_stop_ends_a_stream_which_has_to_pause_before_it_moves_again(category: int) -> None:
    arm = Arm()
    goal = target((0.9, 0.4))
    arm.run(0.4, goal)
    assert np.abs(arm.rows[-1][1]).max() > 0.1
    arm.controller.stop(category, arm.now)
    assert not arm.controller.streaming
    for _ in range(240):  # it goes on sending, against the stop
        with pytest.raises(GoalError, match="stop is in force"):
            arm.controller.stream(goal, arm.now)
        arm.run(DT)
        if category == 0:
            arm.controller.update(arm.now, DT, arm.controller.command[0])
    report = arm.controller.take_standstill()
    assert report is not None
    assert report.category == category
    stood = arm.controller.command[0]
    assert arm.controller.release()
    for _ in range(120):  # and on, after the reset
        with pytest.raises(GoalError, match=r"pause for 0\.1 s"):
            arm.controller.stream(goal, arm.now)
        arm.run(DT)
    np.testing.assert_array_equal(arm.controller.command[0], stood)
    arm.run(0.11)
    arm.run(1.0, goal)
    np.testing.assert_allclose(arm.controller.command[0], [0.9, 0.4], atol=1e-6)


def test_goals_and_streams_do_not_take_the_arm_from_each_other() -> None:
    arm = Arm()
    arm.run(0.3, target((0.5, 0.0)))
    with pytest.raises(GoalError, match="a stream moves it"):
        arm.controller.accept(point_to_point(NAMES, arm.rows[-1][0], np.zeros(2), LIMITS), arm.now)
    arm.run(1.0, target((0.5, 0.0)))
    arm.controller.accept(point_to_point(NAMES, [0.5, 0.0], np.zeros(2), LIMITS), arm.now)
    with pytest.raises(GoalError, match="a goal is running"):
        arm.controller.stream(target((0.5, 0.0)), arm.now)
    arm.run(1.5)
    assert arm.controller.result is not None
    assert arm.controller.result.ok


def test_no_goal_is_taken_while_a_silent_stream_brakes() -> None:
    """It would replay the brake, and begin the goal in its middle."""
    arm = Arm()
    arm.run(0.3, target((0.9, 0.0)))
    while arm.controller.streaming:
        arm.run(DT)
    while np.max(np.abs(arm.rows[-1][1])) > 0.0:
        at = arm.rows[-1][0]
        with pytest.raises(GoalError, match="let it come to rest"):
            arm.controller.accept(point_to_point(NAMES, at, np.zeros(2), LIMITS), arm.now)
        arm.run(DT)
    arm.controller.accept(point_to_point(NAMES, arm.rows[-1][0], np.zeros(2), LIMITS), arm.now)
    arm.run(2.0)
    arm.keeps()
    np.testing.assert_allclose(arm.rows[-1][0], np.zeros(2), atol=1e-9)


def test_an_arm_that_is_held_back_ends_the_stream() -> None:
    arm = controller()
    arm.stream(target((0.9, 0.0), hold=1.0), 0.0)
    for k in range(240):
        arm.update(k * DT, DT, np.zeros(2))
    assert not arm.streaming
    assert np.abs(arm.command[0]).max() < 0.6  # braked on the way to 0.9
    with pytest.raises(GoalError, match="pause"):
        arm.stream(target((0.9, 0.0), hold=1.0), 0.9)


@pytest.mark.parametrize(
    ("sent", "code", "says"),
    [
        (JointTarget(("a", "elbow"), np.zeros(2)), -2, "no joint 'elbow'"),
        (JointTarget(("a", "a"), np.zeros(2)), -2, "each of a, b once"),
        (JointTarget(("a",), np.zeros(1)), -2, "each of a, b once"),
        (JointTarget(NAMES, np.zeros(3)), -1, "2 finite numbers"),
        (JointTarget(NAMES, np.array([np.nan, 0.0])), -1, "2 finite numbers"),
        (JointTarget(NAMES, np.zeros(2), hold=0.0), -1, "above 0, at most 1 s"),
        (JointTarget(NAMES, np.zeros(2), hold=np.inf), -1, "above 0, at most 1 s"),
    ],
)
def test_a_bad_target_is_refused_and_nothing_moves(sent, code, says) -> None:
    arm = controller()
    with pytest.raises(GoalError, match=says) as caught:
        arm.stream(sent, 0.0)
    assert caught.value.code == code
    assert not arm.streaming
    assert np.all(arm.update(0.0, DT)[0] == 0.0)
