"""URDFs that Bullet would crash on, or that one parser would take for something else."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from twincell.assets import resolve
from twincell.errors import AssetError
from twincell.geometry.description import describe
from twincell.geometry.structure import structure_faults
from twincell.geometry.urdf import read_urdf
from twincell.world.robots import Arm, Place

TABLE = (Path(__file__).parents[2] / "urdf" / "rotary_table.urdf").read_text(encoding="utf-8")
ARM = Arm(urdf="bad.urdf", place=Place(), tip="table_plate", home=(0.0,))
END = "</robot>"

CASES = [
    (END, ('<link name="x"/><joint name="table_joint" type="fixed"><parent link="table_plate"/>'
     '<child link="x"/></joint></robot>'), r"joint 'table_joint': given twice"),
    (END, '<link name="table_plate"/></robot>', r"link 'table_plate': given twice"),
    (END, ('<joint name="j" type="fixed"><parent link="table_base"/><child link="table_plate"/>'
     "</joint></robot>"), r"joint 'j': link 'table_plate' is the child of joint 'table_joint'"),
    (END, ('<joint name="j" type="fixed"><parent link="table_plate"/><child link="table_base"/>'
     "</joint></robot>"), "form a loop"),
    (END, '<link name="lonely"/></robot>', r"2 links behind no joint: table_base, lonely"),
    ('<link name="table_base">', "<link>", "a link without a name"),
    ('<child link="table_plate"/>', '<child link="tabel_plate"/>',
     r"joint 'table_joint': child link 'tabel_plate'; did you mean 'table_plate'"),
    ('<parent link="table_base"/>', '<parent link="base"/>', r"parent link 'base'"),
    ('<child link="table_plate"/>', "", r"joint 'table_joint': no <child link='...'>"),
    ('type="revolute"', 'type="revolut"', r"type 'revolut'; did you mean 'revolute'"),
    ('type="revolute"', 'type="floating"', r"type 'floating'; valid: continuous, fixed"),
    ('effort="30"', 'effort="thirty"', r"<limit effort='thirty'>; valid: a finite number"),
    ('velocity="4.0"', 'velocity="nan"', r"<limit velocity='nan'>"),
    ('upper="6.283185307"', 'upper="inf"', r"<limit upper='inf'>"),
    ('xyz="0 0 0.060"', 'xyz="0 0 six"', r"<origin xyz='0 0 six'>; valid: 3 finite numbers"),
    ('xyz="0 0 0.060"', 'xyz="0 0"', r"joint 'table_joint': <origin xyz='0 0'>"),
    ('<axis xyz="0 0 1"/>', '<axis xyz="0 0 0"/>', r"axis '0 0 0'; valid: a direction"),
    ('mass value="0.80"', 'mass value="-0.80"', r"link 'table_plate': mass -0.80 kg"),
    ('mass value="0.80"', 'mass value="heavy"', r"<mass value='heavy'>"),
    ('<mass value="0.80"/>', "", r"inertial without <mass"),
    ('size="0.006 0.066 0.015"', 'size="0.006 0.066"', r"<box size='0.006 0.066'>"),
    ('radius="0.070" ', "", r"<cylinder> without radius"),
    ('radius="0.070"', 'radius="${r}"', r"<cylinder radius='\$\{r\}'>"),
    ("<cylinder", "<capsule", r"geometry <capsule>; valid: box, cylinder, mesh, sphere"),
    ('<cylinder radius="0.080" length="0.044"/>', '<mesh filename="foot.blend"/>',
     r"mesh 'foot.blend'; valid: a file .dae, .obj, .stl"),
    ('<cylinder radius="0.080" length="0.044"/>', "", r"geometry none; valid: box"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "words"), CASES, ids=[c[2][:40] for c in CASES])
def test_each_fault_is_named_with_file_and_element(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    assert old in TABLE
    (tmp_path / "bad.urdf").write_text(TABLE.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(AssetError, match=rf"^arms\.t\.urdf: '.*bad\.urdf': .*{words}"):
        describe("t", ARM, tmp_path)


def test_a_template_that_was_not_expanded_is_told_shortly(tmp_path: Path) -> None:
    text = re.sub(r'(xyz|size|radius)="[^"]*"', r'\1="${a}"', TABLE)
    (tmp_path / "bad.urdf").write_text(text, encoding="utf-8")
    with pytest.raises(AssetError) as caught:
        read_urdf("bad.urdf", tmp_path, "arms.t.urdf")
    lines = str(caught.value).splitlines()
    assert len(lines) == 5
    assert all(line.startswith("arms.t.urdf: ") for line in lines)
    assert re.search(r"and \d+ more", lines[-1])


@pytest.mark.parametrize(
    "robot",
    [
        "ur_description/urdf/ur10_robot.urdf",
        "panda_description/urdf/panda.urdf",
        "human_description/robots/human.urdf",
        "kinova_description/robots/kinova.urdf",
        "xarm_description/urdf/xarm7.urdf",
        "talos_data/robots/talos_full_v2.urdf",  # links without mass, joints that mimic
    ],
)
def test_robots_that_others_wrote_are_taken(robot: str) -> None:
    path = resolve(f"package://example-robot-data/robots/{robot}")
    assert list(structure_faults(ET.parse(path).getroot())) == []
