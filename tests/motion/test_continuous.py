"""Arms with joints that turn without end, as their URDF says: one number a joint, everywhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pybullet as p
import pytest

from twincell.assets import project_root
from twincell.geometry.description import describe
from twincell.motion.kinematics import ArmModel
from twincell.motion.links import LinkPoses
from twincell.physics.bullet import connect, load_mover
from twincell.world.robots import Arm, Place

KINOVA = Arm(
    urdf="package://example-robot-data/robots/kinova_description/robots/kinova.urdf",
    place=Place(xyz=(0.1, -0.2, 0.3), rpy=(0.0, 0.0, 0.5)),
    tip="j2s6s200_link_6",
    home=(0.0, 3.0, 3.0, 0.0, 1.0, 0.0),
)


class Client:
    """Owns a Bullet world."""


@pytest.fixture
def table(tmp_path: Path) -> Arm:
    text = (project_root() / "urdf" / "rotary_table.urdf").read_text(encoding="utf-8")
    (tmp_path / "endless.urdf").write_text(text.replace('"revolute"', '"continuous"'))
    return Arm(urdf=str(tmp_path / "endless.urdf"), place=Place(), tip="table_plate", home=(0.0,))


@pytest.mark.parametrize("turn", [0.4, -2.9, 5.0])
def test_both_kinematics_agree_with_bullet(tmp_path: Path, turn: float) -> None:
    made = describe("kinova", KINOVA, tmp_path)
    owner = Client()
    client, _ = connect(owner)
    handle = load_mover(client, made)
    q = np.array([turn, 2.6, 2.2, -turn, 1.0, turn])
    for joint, value in zip(handle.joints, q, strict=True):
        p.resetJointState(handle.body, joint, value, physicsClientId=client)
    state = p.getLinkState(
        handle.body, handle.links[KINOVA.tip], computeForwardKinematics=1, physicsClientId=client
    )
    arm = ArmModel(made, KINOVA)
    for pose in (arm.forward(q), LinkPoses(made)(q)[KINOVA.tip]):
        np.testing.assert_allclose(pose.p, state[4], atol=1e-6)
        assert abs(float(pose.q @ np.array(state[5]))) == pytest.approx(1.0, abs=1e-6)
    found = arm.inverse(arm.forward(q), q + 0.05)
    np.testing.assert_allclose(arm.forward(found).p, state[4], atol=1e-5)


def test_an_endless_table_turns_twice_round(table: Arm, tmp_path: Path) -> None:
    made = describe("table", table, tmp_path)
    assert made.lower == pytest.approx([-2 * np.pi])
    assert made.upper == pytest.approx([2 * np.pi])
    pose = ArmModel(made, table).forward([4.0])
    np.testing.assert_allclose(pose.rotation()[:2, 0], [np.cos(4.0), np.sin(4.0)], atol=1e-12)
