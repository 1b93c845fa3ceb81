from __future__ import annotations

from pathlib import Path

import pytest

from twincell.cell.validate import located, world_faults

SHIPPED = Path(__file__).parents[2] / "worlds" / "blade_cell.yaml"


@pytest.fixture
def mutated(tmp_path):
    def make(old, new):
        text = SHIPPED.read_text(encoding="utf-8")
        assert old in text
        path = tmp_path / "world.yaml"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return path

    return make


def test_the_shipped_world_has_no_fault_and_all_is_reached():
    assert world_faults(SHIPPED) == []


@pytest.mark.parametrize(
    ("old", "new", "key", "word"),
    [
        ("tip: panda_hand_tcp", "tip: panda_hand_tpc", "arms.handler.tip", "did you mean"),
        ("home: [0.0]", "home: [0.0, 1.0]", "arms.table.home", "1"),
        ("-2.30", "-23.0", "arms.handler.home", ""),
        ("link: tool0", "link: tool9", "arms.inspector.tool.link", "tool0"),
        ("[panda_finger_joint1,", "[panda_finger,", "gripper.joints", "panda_finger_joint1"),
        ("link: camera_optical", "link: camera_optic", "sensors.camera.mount.link",
         "did you mean 'camera_optical'"),
    ],
)  # fmt: skip
def test_faults_of_the_robots_are_located(mutated, old, new, key, word):
    path = mutated(old, new)
    found = world_faults(path, motion=False)
    fault = next(f for f in found if key in f)
    number = next(i for i, t in enumerate(path.read_text().splitlines(), 1) if new in t)
    assert fault.startswith(f"{path}:{number}: ")
    assert word in fault


def test_a_visitor_s_urdf_is_looked_through(mutated, tmp_path):
    (tmp_path / "ghost.urdf").write_text(
        "<robot name='ghost'><link name='body'/><link name='head'/></robot>"
    )
    path = mutated("visitor:\n", "visitor:\n  urdf: ghost.urdf\n")
    (fault,) = world_faults(path, motion=False)
    assert "visitor.urdf: " in fault
    assert "2 links behind no joint: body, head" in fault


def test_an_unreachable_fixture_is_named(mutated):
    path = mutated("place: {xyz: [0.55, 0.0, 0.70]}", "place: {xyz: [0.55, 2.60, 0.70]}")
    found = world_faults(path)
    assert any("fixture" in fault for fault in found), found
    assert all(fault.startswith(f"{path}:") for fault in found)


def test_lines_without_a_key_keep_their_words():
    assert located(SHIPPED, ["all is lost"]) == [f"{SHIPPED}:1: all is lost"]
