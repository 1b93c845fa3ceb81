from __future__ import annotations

import re
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yourdfpy

from twincell.errors import AssetError, TwincellError, WorldError
from twincell.geometry.description import RobotDescription, describe, package_uris
from twincell.geometry.pose import Pose
from twincell.geometry.urdf import link_mesh, link_poses, read_urdf
from twincell.world.model import World
from twincell.world.robots import Arm, Place, Tool

IIWA = Arm(
    urdf="package://pybullet_data/kuka_iiwa/model.urdf",
    place=Place(),
    tip="lbr_iiwa_link_7",
    home=(0.0,) * 7,
)


@pytest.fixture
def descriptions(world: World, world_file: Path) -> dict[str, RobotDescription]:
    return {n: describe(n, arm, world_file.parent) for n, arm in world.arms.items()}


def test_every_mesh_of_every_mover_exists(descriptions: dict[str, RobotDescription]) -> None:
    for description in descriptions.values():
        for name in re.findall(r'<mesh filename="([^"]+)"', description.urdf):
            assert Path(name).is_absolute()
            assert Path(name).is_file()
        assert description.path.read_text(encoding="utf-8") == description.urdf


def test_a_second_parser_agrees_without_warnings(descriptions: dict[str, RobotDescription]) -> None:
    for description in descriptions.values():
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            robot = yourdfpy.URDF.load(str(description.path), load_meshes=False)
        assert robot.validate()
        assert robot.base_link == description.root_link
        ours = set(description.joints) | set(description.gripper_joints)
        assert set(robot.actuated_joint_names) <= ours
        assert ours <= set(robot.joint_map)
        poses = link_poses(read_urdf(str(description.path), None, "test"))
        robot.update_cfg(np.zeros(robot.num_actuated_joints))
        for link in description.links:
            other = robot.get_transform(link, description.root_link)
            assert poses[link].matrix() == pytest.approx(other, abs=1e-9)


def test_bullet_loads_every_mover_with_true_masses(
    descriptions: dict[str, RobotDescription],
) -> None:
    bullet = pytest.importorskip("pybullet")
    client = bullet.connect(bullet.DIRECT)
    for description in descriptions.values():
        body = bullet.loadURDF(str(description.path), useFixedBase=True, physicsClientId=client)
        robot = read_urdf(str(description.path), None, "test")
        masses = {
            link.get("name"): float(mass.get("value", "nan"))
            for link in robot.iter("link")
            for mass in link.iter("mass")
        }
        for i in range(bullet.getNumJoints(body, physicsClientId=client)):
            name = bullet.getJointInfo(body, i, physicsClientId=client)[12].decode()
            mass = bullet.getDynamicsInfo(body, i, physicsClientId=client)[0]
            assert mass == pytest.approx(masses[name])
    bullet.disconnect(client)


def test_joints_are_those_of_the_world_file(
    world: World, descriptions: dict[str, RobotDescription]
) -> None:
    handler = descriptions["handler"]
    assert handler.joints == tuple(f"panda_joint{i}" for i in range(1, 8))
    assert handler.gripper_joints == ("panda_finger_joint1", "panda_finger_joint2")
    assert handler.velocity == pytest.approx([2.175] * 4 + [2.61] * 3)
    assert descriptions["table"].upper == pytest.approx([2 * np.pi])
    for name, description in descriptions.items():
        assert len(world.arms[name].home) == len(description.joints) == len(description.lower)


def test_the_tool_hangs_on_the_flange_and_looks_out_of_it(
    descriptions: dict[str, RobotDescription],
) -> None:
    poses = link_poses(read_urdf(str(descriptions["inspector"].path), None, "test"))
    sight = poses["tool0"].inverse() @ poses["profiler_optical"]
    assert sight.p == pytest.approx([0, 0, 0.12])
    assert sight.rotation() == pytest.approx(np.eye(3), abs=1e-12)
    camera = poses["profiler_optical"].inverse() @ poses["camera_optical"]
    spot = camera.inverse().apply([0, 0, 0.150])  # the profiler's spot on the camera's axis
    assert spot[:2] == pytest.approx([0, 0], abs=1e-6)
    assert spot[2] > 0.1


def test_another_arm_works_by_naming_it(tmp_path: Path) -> None:
    description = describe("iiwa", IIWA, tmp_path)
    assert len(description.joints) == 7
    assert description.root_link == "lbr_iiwa_link_0"
    link = next(
        e
        for e in read_urdf(str(description.path), None, "test")
        if e.get("name") == "lbr_iiwa_link_3"
    )
    mesh = link_mesh(link)
    assert mesh is not None
    assert 0.1 < max(mesh.extents) < 0.5


def test_package_uris_leave_no_path_of_this_machine(
    descriptions: dict[str, RobotDescription], tmp_path: Path
) -> None:
    for name in ("handler", "inspector"):
        text = package_uris(descriptions[name].urdf)
        uris = re.findall(r'filename="([^"]+)"', text)
        assert uris
        robot = {"handler": "panda_description", "inspector": "ur_description"}[name]
        start = f"package://twincell_description/robots/{robot}/meshes/"
        assert all(uri.startswith(start) for uri in uris)
    iiwa = package_uris(describe("iiwa", IIWA, tmp_path).urdf)
    assert 'filename="file:///' in iiwa
    assert "package://" not in iiwa


def test_links_without_inertia_get_next_to_none(tmp_path: Path) -> None:
    (tmp_path / "bare.urdf").write_text(
        '<robot name="bare"><link name="a"/><link name="b"/><joint name="j" type="continuous">'
        '<parent link="a"/><child link="b"/><limit effort="1" velocity="2"/></joint></robot>',
        encoding="utf-8",
    )
    arm = Arm(urdf="bare.urdf", place=Place(), tip="b", home=(1.0,))
    description = describe("bare", arm, tmp_path)
    assert description.urdf.count("<inertial>") == 2
    assert (description.lower[0], description.upper[0]) == pytest.approx((-2 * np.pi, 2 * np.pi))
    assert description.place.p == pytest.approx(Pose.identity().p)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"urdf": "no.urdf"}, AssetError, r"arms\.x\.urdf: no file 'no\.urdf'"),
        ({"tip": "lbr_iiwa_link_77"}, WorldError, r"arms\.x\.tip.*did you mean 'lbr_iiwa_link_7'"),
        ({"home": (0.0,) * 6}, WorldError, r"arms\.x\.home: 6 values given, valid: 7"),
        ({"home": (9.0,) + (0.0,) * 6}, WorldError, r"arms\.x\.home\[0\]: 9 is beyond.*-2\.96"),
        (
            {"tool": Tool(urdf="urdf/sensor_head.urdf", link="flange")},
            WorldError,
            r"arms\.x\.tool\.link: no link 'flange'",
        ),
        (
            {"tool": Tool(urdf="urdf/none.urdf", link="lbr_iiwa_link_7")},
            AssetError,
            r"arms\.x\.tool\.urdf: no file",
        ),
        (
            {"tool": Tool(urdf=IIWA.urdf, link="lbr_iiwa_link_7")},
            WorldError,
            r"link 'lbr_iiwa_link_0' has the name",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_key(
    tmp_path: Path, change: dict[str, object], error: type[TwincellError], message: str
) -> None:
    with pytest.raises(error, match=message):
        describe("x", replace(IIWA, **change), tmp_path)  # type: ignore[arg-type]


def test_an_unknown_gripper_joint_is_named(world: World, world_file: Path) -> None:
    arm = world.arms["handler"]
    assert arm.gripper is not None
    wrong = replace(arm, gripper=replace(arm.gripper, joints=("panda_finger_joint3",)))
    with pytest.raises(WorldError, match=r"arms\.h\.gripper\.joints.*did you mean 'panda_finger"):
        describe("h", wrong, world_file.parent)


def test_a_missing_mesh_is_named(tmp_path: Path) -> None:
    (tmp_path / "gone.urdf").write_text(
        '<robot name="gone"><link name="a"><visual><geometry><mesh filename="a.stl"/></geometry>'
        "</visual></link></robot>",
        encoding="utf-8",
    )
    arm = Arm(urdf="gone.urdf", place=Place(), tip="a", home=())
    with pytest.raises(AssetError, match=r"arms\.g\.urdf: mesh of .*gone\.urdf.*'a\.stl'"):
        describe("g", arm, tmp_path)


@pytest.mark.parametrize("text", ["no xml", "<sdf/>", '<robot name="empty"/>'])
def test_what_is_no_urdf_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.urdf").write_text(text, encoding="utf-8")
    arm = Arm(urdf="bad.urdf", place=Place(), tip="a", home=())
    with pytest.raises(AssetError, match=r"arms\.b\.urdf: .*bad\.urdf"):
        describe("b", arm, tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"joints": ("panda_finger_joint1",) * 2}, "given .*; valid: two joints"),
        ({"joints": ("panda_finger_joint2",)}, "given panda_finger_joint2; valid: two joints"),
        ({"joints": ()}, "given none; valid: two joints"),
        (
            {"joints": ("panda_finger_joint1", "panda_joint7")},
            "'panda_joint7' is revolute; valid: prismatic",
        ),
        ({"open": 0.09}, "given 90 mm; valid: at most 80 mm, as 'panda_finger_joint1' slides"),
    ],
)
def test_a_gripper_is_two_fingers_that_slide_far_enough(
    world: World, world_file: Path, change: dict[str, object], message: str
) -> None:
    arm = world.arms["handler"]
    assert arm.gripper is not None
    wrong = replace(arm, gripper=replace(arm.gripper, **change))  # type: ignore[arg-type]
    with pytest.raises(WorldError, match=rf"^arms\.h\.gripper\.(joints|open): .*{message}"):
        describe("h", wrong, world_file.parent)
