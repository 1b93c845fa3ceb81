"""What collides, where the test knows it from geometry."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from twincell.errors import PhysicsError
from twincell.geometry.description import describe
from twincell.geometry.pose import Pose
from twincell.physics.collision import CollisionChecker

H = "handler"


def test_home_is_free(world, checker):
    for name, arm in world.arms.items():
        assert checker.obstacle(name, arm.home) is None


def test_a_hand_in_the_bench_is_found(arms, checker, motions):
    down = motions.places["fixture"] @ motions.grasp
    q = arms[H].inverse(Pose(np.array([0.45, 0.0, 0.66]), down.q), np.zeros(7))
    assert "furniture/bench" in str(checker.obstacle(H, q)) or "table" in str(
        checker.obstacle(H, q)
    )


def test_a_standing_blade_is_in_the_way_until_it_is_the_one_meant(checker, motions):
    grasp = motions.places["accept/5"] @ motions.grasp
    # 35 mm beside the blade along the fingers: one finger is where its shroud is
    beside = Pose(grasp.p + grasp.rotate([0.0, 0.035, 0.0]), grasp.q)
    q = motions.reach(H, beside)
    assert "touches the blade in accept/" in str(checker.obstacle(H, q))
    q = motions.reach(H, grasp)
    assert checker.free(H, q, {}, False, ["accept/5"])


def test_a_carried_blade_counts(checker, motions):
    grasp = motions.places["accept/5"] @ motions.grasp
    over = Pose(grasp.p + np.array([0.0, 0.0, 0.10]), grasp.q)
    q = motions.reach(H, over)
    assert checker.free(H, q, {}, False)
    assert "the carried blade touches the blade in accept/5" in str(
        checker.obstacle(H, q, {}, True)
    )


def test_the_other_arm_is_seen_where_it_is_said_to_stand(checker, motions, world):
    fixture = motions.places["fixture"]
    q = motions.reach(H, fixture @ motions.grasp)
    far = motions.scan_poses()[1]
    near = Pose(far.p - np.array([0.12, 0.0, 0.0]), far.q)
    inspector = motions.reach("inspector", near)
    assert checker.free(H, q, {}, False, ["fixture"])
    found = checker.obstacle(H, q, {"inspector": inspector}, False, ["fixture"])
    assert "touches inspector/" in str(found)


def test_an_arm_folded_into_itself_is_found(checker, world):
    folded = np.array(world.arms["inspector"].home)
    folded[2], folded[3] = 3.1, 0.0
    assert "touches" in str(checker.obstacle("inspector", folded))


def test_answers_do_not_depend_on_the_order_of_questions(checker, motions):
    rng = np.random.default_rng(1)
    low, high = motions.arms[H].limits.lower, motions.arms[H].limits.upper
    asked = rng.uniform(low, high, (40, 7))
    first = [checker.free(H, q) for q in asked]
    again = [checker.free(H, q) for q in asked[::-1]][::-1]
    assert first == again
    assert 0 < sum(first) < 40


def test_an_unknown_mover_is_named(checker):
    with pytest.raises(PhysicsError, match="did you mean 'handler'"):
        checker.free("hander", np.zeros(7))


def test_a_mover_without_shapes_is_in_nobodys_way(world, descriptions, model, tmp_path):
    (tmp_path / "bare.urdf").write_text(
        '<robot name="bare"><link name="foot"/><link name="table_plate"/><joint name="j" '
        'type="revolute"><parent link="foot"/><child link="table_plate"/><axis xyz="0 0 1"/>'
        '<limit lower="-6" upper="6" effort="1" velocity="1"/></joint></robot>',
        encoding="utf-8",
    )
    bare = replace(world.arms["table"], urdf=str(tmp_path / "bare.urdf"))
    mine = replace(world, arms={**world.arms, "table": bare})
    described = {**descriptions, "table": describe("table", bare, tmp_path)}
    checker = CollisionChecker(mine, described, model)
    for name, arm in mine.arms.items():
        assert checker.free(name, arm.home)
