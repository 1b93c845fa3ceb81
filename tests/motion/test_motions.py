"""The shipped cell's work: reachable, free, on time; and what a bad layout is told."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from twincell.errors import MotionError
from twincell.geometry.pose import Pose
from twincell.motion.motions import CellMotions
from twincell.motion.reach import LIFT
from twincell.world.robots import Place

HANDLER = "handler"


def above(pose: Pose) -> Pose:
    return Pose(pose.p + np.array([0.0, 0.0, LIFT]), pose.q)


def test_the_shipped_cell_can_do_its_work(motions):
    motions.check_reach()


@pytest.mark.parametrize("place", ["in_tray/0", "accept/3", "rework/1", "reject/2"])
def test_a_blade_is_carried_past_its_neighbours(motions, world, checker, place):
    grasp = motions.places[place] @ motions.grasp
    home = np.array(world.arms[HANDLER].home)
    there = motions.to_pose(HANDLER, home, above(grasp))
    down = motions.line(HANDLER, there.positions[-1], grasp, 0.25)
    up = motions.line(HANDLER, down.positions[-1], above(grasp), 0.25)
    fixture = motions.places["fixture"] @ motions.grasp
    carry = motions.to_pose(HANDLER, up.positions[-1], above(fixture), {}, True)
    reached = motions.forward(HANDLER, carry.positions[-1])
    np.testing.assert_allclose(reached.p, above(fixture).p, atol=1e-5)
    assert carry.duration < 1.5
    empty = [place, "fixture"]
    for t in np.linspace(0.0, carry.duration, 60):
        q = carry.sample(t)[0]
        assert checker.free(HANDLER, q, {}, True, empty), checker.obstacle(
            HANDLER, q, {}, True, empty
        )


def test_a_line_is_straight_and_keeps_its_speed(motions, world):
    grasp = motions.places["fixture"] @ motions.grasp
    start = motions.reach(HANDLER, above(grasp))
    down = motions.line(HANDLER, start, grasp, 0.2)
    dt = 0.004
    at = np.array(
        [motions.forward(HANDLER, down.sample(t)[0]).p for t in np.arange(0, down.duration, dt)]
    )
    np.testing.assert_allclose(at[:, :2], np.broadcast_to(grasp.p[:2], at[:, :2].shape), atol=1e-5)
    speed = np.linalg.norm(np.diff(at, axis=0), axis=1) / dt
    assert speed.max() <= 0.2 * 1.001
    limits = motions.arms[HANDLER].limits
    v = np.array([down.sample(t)[1] for t in np.arange(0, down.duration, dt)])
    assert np.all(np.abs(v) <= limits.velocity)
    assert np.all(np.abs(np.diff(v, axis=0) / dt) <= limits.acceleration * 1.02)


@pytest.mark.parametrize("view", [0, 1])
def test_a_scan_pass_looks_at_the_blade_at_standoff_and_speed(motions, world, model, view):
    sweep = motions.scan_pass(view)
    mover = world.inspection.arm
    profiler = world.profilers()[world.inspection.profiler]
    fixture = motions.places["fixture"]
    times = np.linspace(0.0, sweep.duration, 200)
    poses = [motions.forward(mover, sweep.sample(t)[0]) for t in times]
    z = np.array([p.p[2] for p in poses]) - fixture.p[2]
    for pose in poses[::20]:
        # the point at standoff on the view axis lies on the blade's axis
        looked = pose.apply([0.0, 0.0, profiler.standoff])
        np.testing.assert_allclose(looked[:2], fixture.p[:2], atol=1e-5)
        np.testing.assert_allclose(pose.rotation()[:, 1], [0, 0, -1], atol=1e-6)
    assert z.min() == pytest.approx(model.airfoil[0] - world.inspection.margin, abs=1e-5)
    assert z.max() == pytest.approx(model.airfoil[1] + world.inspection.margin, abs=1e-5)
    speed = np.abs(np.diff(z)) / np.diff(times)
    on_airfoil = (z[:-1] > model.airfoil[0]) & (z[1:] < model.airfoil[1])
    np.testing.assert_allclose(speed[on_airfoil], world.inspection.speed, rtol=0.01)
    assert (z[-1] > z[0]) == (view == 0)


def test_the_same_question_has_the_same_answer(motions, world, descriptions, checker, model):
    other = CellMotions(world, descriptions, checker.free, model.airfoil, model.grasp)
    home = np.array(world.arms[HANDLER].home)
    pose = above(motions.places["accept/5"] @ motions.grasp)
    a, b = (m.to_pose(HANDLER, home, pose, {}, True) for m in (motions, other))
    assert np.array_equal(a.positions, b.positions)
    assert motions.to_pose(HANDLER, home, pose, {}, True) is a


def test_a_rack_out_of_reach_is_named_with_its_key(world, descriptions, checker):
    racks = dict(world.racks)
    racks["reject"] = dataclasses.replace(racks["reject"], place=Place(xyz=(-0.2, -1.5, 0.72)))
    bad = dataclasses.replace(world, racks=racks)
    with pytest.raises(MotionError, match=r"racks\.reject\.place: pocket 0: .*came within"):
        CellMotions(bad, descriptions, checker.free).check_reach()


def test_a_fixture_out_of_the_profilers_reach_is_named(world, descriptions, checker):
    arms = dict(world.arms)
    arms["table"] = dataclasses.replace(arms["table"], place=Place(xyz=(-1.5, 0.0, 0.70)))
    bad = dataclasses.replace(world, arms=arms)
    with pytest.raises(MotionError, match=r"inspection\.arm: the pass over view 0"):
        CellMotions(bad, descriptions, checker.free).check_reach()
