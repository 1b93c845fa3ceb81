from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twincell.errors import SafetyError
from twincell.geometry.pose import Pose
from twincell.motion.limits import JointLimits
from twincell.motion.stopping import stopping
from twincell.safety.approach import Separations
from twincell.safety.arm_motion import ArmMotion, arm_motions, outline, stopping_time
from twincell.safety.tracking import Sighting, Tracker
from twincell.safety.types import StopReport
from twincell.world.load import load_world

WORLD = load_world("blade_cell")
SPHERES = np.array([[1.0, 0.0, 1.0, 0.1], [1.0, 0.4, 1.2, 0.1]])


def arm(speed: float = 0.0, joint_speed: float = 0.0) -> ArmMotion:
    return ArmMotion("inspector", SPHERES, speed, joint_speed)


def tracks(x: float, speed: float = 0.0, person: bool = True):
    """Somebody who walks along x and is at `x` after ten scans."""
    tracker = Tracker()
    for k in range(10):
        at = x + speed * 0.1 * (k - 9)
        points = np.array([[at, 0.0, 0.2], [at, 0.0, 1.0], [at, 0.0, 1.6]])
        found = tracker.update([Sighting(points[:, :2].mean(axis=0), points, person, "l")], 0.1 * k)
    return found


@given(st.floats(0.01, 3), st.floats(0.5, 20), st.floats(5, 300))
def test_the_closed_form_of_braking_against_ruckig(v: float, a: float, j: float) -> None:
    one = np.ones(1)
    limits = JointLimits(-9 * one, 9 * one, 9 * one, a * one, j * one)
    rest = stopping(["j"], [0.0], [v], [0.0], limits)
    assert stopping_time(v, a, j) == pytest.approx(rest.times[-1], rel=1e-6)


def test_speeds_of_an_arm_that_turns_about_two_joints() -> None:
    """Ground truth by hand: a plane arm of two links of 1 m, joints at 0.5 and 0.2 rad/s."""
    dt = 0.05

    def poses(t: float) -> dict[str, Pose]:
        first = Pose.of((0, 0, 0), (0, 0, 0.5 * t))
        second = first @ Pose.of((1, 0, 0), (0, 0, 0.2 * t))
        return {"arm/a": first, "arm/b": second, "other/a": Pose.of((5, 0, 9 * t))}

    spheres = {
        "arm/a": np.array([[0.5, 0, 0, 0.1]]),
        "arm/b": np.array([[1.0, 0, 0, 0.1]]),
        "other/a": np.array([[0.0, 0, 0, 0.1]]),
    }
    first, second = arm_motions(["arm", "other"], spheres, poses(dt), poses(0.0), dt)
    assert first.joint_speed == pytest.approx(0.5, rel=1e-6)
    assert first.speed == pytest.approx(0.5 * 2 + 0.2, rel=1e-3)
    assert (second.speed, second.joint_speed) == (pytest.approx(9.0), pytest.approx(0.0, abs=1e-9))
    with pytest.raises(SafetyError, match="0 s apart"):
        arm_motions(["arm"], spheres, poses(0.0), poses(0.0), 0.0)


def test_an_arm_without_bodies_stands_nowhere() -> None:
    (bare,) = arm_motions(["bare"], {}, {}, {}, 0.01)
    assert (len(bare.spheres), bare.speed, bare.joint_speed) == (0, 0.0, 0.0)
    assert bare.distance(np.zeros((1, 3))) == float("inf")


def test_distance_is_that_of_the_nearest_return_to_the_nearest_sphere() -> None:
    points = np.array([[3.0, 0.0, 1.0], [1.0, 0.0, 2.2]])
    assert arm().distance(points[:1]) == pytest.approx(1.9)
    assert arm().distance(points) == pytest.approx(np.hypot(0.4, 1.0) - 0.1)
    assert arm().distance(np.array([[1.0, 0.0, 1.05]])) == 0.0
    assert arm().distance(np.zeros((0, 3))) == float("inf")


def test_the_outline_is_the_edge_of_the_union_of_discs() -> None:
    corners = outline(SPHERES, 0.7)
    gap = np.linalg.norm(corners[:, None] - SPHERES[None, :, :2], axis=2) - SPHERES[:, 3]
    np.testing.assert_allclose(gap.min(axis=1), 0.7, atol=1e-9)


def test_every_term_is_that_of_the_world_and_of_the_moment() -> None:
    ours, policy = Separations(WORLD), WORLD.safety.separation
    assert policy is not None
    turn, beat = 0.1, 1 / WORLD.safety.heartbeat
    t_r = turn + beat + policy.reaction
    t_s = 1.2 / 6 + 6 / 60  # of the inspector: 6 rad/s^2, 60 rad/s^3
    terms = ours.required(arm(0.8, 1.2)).terms
    assert terms == pytest.approx(
        {
            "S_h": 1.6 * (t_r + t_s), "S_r": 0.8 * t_r, "S_s": 0.8 * t_s / 2,
            "C": 0.85, "Z_d": 0.1, "Z_r": 0.01,
        }
    )  # fmt: skip
    # an arm that stands may start: it counts as one that creeps
    assert ours.required(arm()).terms == ours.required(arm(0.25, 0.25)).terms
    assert ours.required(arm()).total < ours.required(arm(0.8, 1.2)).total
    # a slower reaction, once measured, counts for a while
    ours.saw(0.15)
    ours.saw(0.01)
    assert ours.reaction_time == pytest.approx(turn + 2 * beat + 0.15)
    # what is later than two turns is silence, which is a stop of its own
    ours.saw(5.0)
    assert ours.reaction_time == pytest.approx(turn + 2 * beat + 2 * turn)
    for _ in range(200):
        ours.saw(0.01)
    assert ours.reaction_time == pytest.approx(t_r)


def test_a_stop_that_took_longer_than_computed_counts_for_later_ones() -> None:
    ours = Separations(WORLD)
    before = ours.required(arm(0.8, 1.2)).stopping_time
    ours.moved([arm(0.8, 1.2)], 4.95)
    report = StopReport(
        "inspector", "r", "person_in_zone", 2, 5.0, 5.0, 5.05, 5.05 + 1.2 * before, 0
    )
    ours.stopped(report)
    assert ours.required(arm(0.8, 1.2)).stopping_time == pytest.approx(1.2 * before)
    assert ours.reaction_time == pytest.approx(0.1 + 2 / WORLD.safety.heartbeat + 0.05)
    # a quicker stop, one that nobody saw begin, and nonsense change nothing
    ours.stopped(replace(report, standstill=5.06))
    ours.stopped(replace(report, first_deceleration=9.0, standstill=11.0))
    ours.stopped(replace(report, standstill=float("nan")))
    ours.stopped(replace(report, mover="nobody"))
    assert ours.required(arm(0.8, 1.2)).stopping_time == pytest.approx(1.2 * before)


def test_slow_comes_before_stop_and_things_stop_nobody() -> None:
    ours = Separations(WORLD)
    fast = arm(0.8, 1.2)
    total = ours.required(fast).total
    margin = WORLD.safety.separation.slow_margin  # type: ignore[union-attr]
    edge = 1.1 + total
    roles = [ours.judge(tracks(x), [fast])[0].role for x in (edge - 0.1, edge + 0.1, edge + margin)]
    assert roles[:2] == ["protective", "warning"]
    assert ours.judge(tracks(edge + margin + 0.1), [fast])[0].role == ""
    assert ours.judge(tracks(1.5, person=False), [fast]) == ()
    assert ours.judge(tracks(1.5), []) == ()
    near = ours.judge(tracks(2.0), [fast, replace(fast, arm="handler", spheres=SPHERES + 5.0)])[0]
    assert near.arm == "inspector"
    for word in ("person 1", "inspector", "S_p", "S_h", "Z_r"):
        assert word in near.text


def test_a_runner_needs_more_room_where_the_world_says_so() -> None:
    running = tracks(4.0, speed=-3.0)
    with_speed = Separations(WORLD).judge(running, [arm()])[0].required
    assert with_speed.human_speed == pytest.approx(3.0, abs=0.3)
    policy = replace(WORLD.safety.separation, tracked_speed=False)  # type: ignore[type-var]
    fixed = replace(WORLD, safety=replace(WORLD.safety, separation=policy))
    assert Separations(fixed).judge(running, [arm()])[0].required.human_speed == 1.6
    # who is slow counts as one who may start to walk
    assert Separations(WORLD).judge(tracks(4.0), [arm()])[0].required.human_speed == 1.6


def test_a_world_with_zones_alone_has_no_distance() -> None:
    bare = replace(WORLD, safety=replace(WORLD.safety, separation=None))
    with pytest.raises(SafetyError, match=r"safety\.separation"):
        Separations(bare)
