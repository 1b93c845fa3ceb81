"""A mover's description: arm and tool merged into one URDF that stands on its own."""

from __future__ import annotations

import hashlib
import os
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twincell.assets import cache_dir, project_root
from twincell.errors import WorldError, did_you_mean
from twincell.geometry.pose import Pose
from twincell.geometry.structure import MOVABLE
from twincell.geometry.urdf import link_poses, read_urdf
from twincell.world.robots import Arm, Gripper, Tool

__all__ = ["RobotDescription", "describe", "package_uris"]

Array = NDArray[np.float64]

_TURN = 2 * np.pi
"""Range of a continuous joint [rad]: planners want finite limits."""
_INSTALLED = ("ur_description", "panda_description")
"""Robots whose files the package twincell_description installs below robots/."""


@dataclass(frozen=True)
class RobotDescription:
    """What all rooms need to know of a mover.

    Attributes:
        name: of the mover in the world file.
        urdf: XML text of arm and tool, joined by a fixed joint; mesh file names are absolute.
        path: a file with the same text.
        place: pose of the root link in the world frame.
        root_link: the link without a parent.
        tip: the link whose pose Cartesian motions mean.
        links: all links, root first.
        joints: the d movable joints without the gripper's, in the order of the chain.
        gripper_joints: the gripper's finger joints.
        lower: position limits, shape (d,) [rad or m].
        upper: position limits, shape (d,) [rad or m].
        velocity: speed limits of the URDF, shape (d,) [rad/s or m/s].
        effort: effort limits, shape (d,) [N m or N].
    """

    name: str
    urdf: str
    path: Path
    place: Pose
    root_link: str
    tip: str
    links: tuple[str, ...]
    joints: tuple[str, ...]
    gripper_joints: tuple[str, ...]
    lower: Array
    upper: Array
    velocity: Array
    effort: Array


def describe(name: str, arm: Arm, base: Path) -> RobotDescription:
    """Merge an arm with its tool and check what the world file says about them.

    Args:
        name: the mover's name, for messages.
        arm: its entry in the world file.
        base: folder of the world file.

    Raises:
        AssetError: a URDF or a mesh is missing or unreadable.
        WorldError: unknown tip, tool link or gripper joint; a gripper without two fingers that
            slide as far as it opens; joints without limits; a home of the wrong length or beyond
            the limits.
    """
    key = f"arms.{name}"
    robot = read_urdf(arm.urdf, base, f"{key}.urdf")
    if arm.tool is not None:
        _attach(robot, arm.tool, base, f"{key}.tool")
    links = tuple(link_poses(robot))
    if arm.tip not in links:
        raise WorldError(f"{key}.tip: no link '{arm.tip}'; {did_you_mean(arm.tip, links)}")
    movable = _movable(robot, links)
    gripper = arm.gripper.joints if arm.gripper is not None else ()
    if arm.gripper is not None:
        _check_gripper(arm.gripper, movable, f"{key}.gripper")
    chain = {n: e for n, e in movable.items() if n not in gripper and e.find("mimic") is None}
    if not chain:
        raise WorldError(f"{key}.urdf: has no movable joint besides the gripper's")
    limits = np.array([_limits(n, e, key) for n, e in chain.items()])
    _check_home(arm.home, tuple(chain), limits, key)
    robot.set("name", name)
    text = '<?xml version="1.0"?>\n' + ET.tostring(robot, encoding="unicode") + "\n"
    return RobotDescription(
        name=name,
        urdf=text,
        path=_write(name, text),
        place=Pose.at(arm.place),
        root_link=links[0],
        tip=arm.tip,
        links=links,
        joints=tuple(chain),
        gripper_joints=tuple(gripper),
        lower=limits[:, 0],
        upper=limits[:, 1],
        velocity=limits[:, 2],
        effort=limits[:, 3],
    )


def _attach(robot: ET.Element, tool: Tool, base: Path, key: str) -> None:
    """Append the tool's links and joints to the arm, fixed to its link."""
    links = [e.get("name", "") for e in robot.findall("link")]
    if tool.link not in links:
        raise WorldError(f"{key}.link: no link '{tool.link}'; {did_you_mean(tool.link, links)}")
    other = read_urdf(tool.urdf, base, f"{key}.urdf")
    for tag in ("link", "joint"):
        taken = {e.get("name") for e in robot.findall(tag)}
        both = sorted(str(e.get("name")) for e in other.findall(tag) if e.get("name") in taken)
        if both:
            raise WorldError(f"{key}.urdf: {tag} '{both[0]}' has the name of one of the arm's")
    materials = {e.get("name") for e in robot.findall("material")}
    root = next(iter(link_poses(other)))
    for element in other:
        if element.tag != "material" or element.get("name") not in materials:
            robot.append(element)
    joint = ET.SubElement(robot, "joint", name=f"{root}_mount", type="fixed")
    xyz, rpy = (" ".join(map(repr, v)) for v in (tool.place.xyz, tool.place.rpy))
    ET.SubElement(joint, "origin", xyz=xyz, rpy=rpy)
    ET.SubElement(joint, "parent", link=tool.link)
    ET.SubElement(joint, "child", link=root)


def _movable(robot: ET.Element, links: tuple[str, ...]) -> dict[str, ET.Element]:
    """Movable joints by name, those nearer to the root first."""
    rank = {link: i for i, link in enumerate(links)}
    found = []
    for joint in robot.findall("joint"):
        child = joint.find("child")
        if joint.get("type") in MOVABLE and child is not None:
            found.append((rank.get(child.get("link", ""), len(rank)), joint))
    return {str(e.get("name")): e for _, e in sorted(found, key=lambda pair: pair[0])}


def _limits(name: str, joint: ET.Element, key: str) -> tuple[float, float, float, float]:
    """Lower, upper, velocity and effort limit of a joint; a continuous one gets a range."""
    limit = joint.find("limit")
    if joint.get("type") == "continuous":
        # so that all mean one number by its position: Pinocchio would take cosine and sine
        joint.set("type", "revolute")
        limit = ET.SubElement(joint, "limit") if limit is None else limit
        limit.attrib |= {"lower": repr(-_TURN), "upper": repr(_TURN)}
    given = limit.attrib if limit is not None else {}
    lower, upper, velocity, effort = (
        float(given.get(k, 0.0)) for k in ("lower", "upper", "velocity", "effort")
    )
    if not lower < upper:
        raise WorldError(f"{key}.urdf: joint '{name}' has no range: lower {lower}, upper {upper}")
    if velocity <= 0 or effort <= 0:
        raise WorldError(
            f"{key}.urdf: joint '{name}' needs limits above zero: velocity {velocity}, "
            f"effort {effort}"
        )
    return lower, upper, velocity, effort


def _check_gripper(gripper: Gripper, movable: dict[str, ET.Element], key: str) -> None:
    """Raise where a gripper is not two fingers that slide as far as it opens."""
    for joint in gripper.joints:
        if joint not in movable:
            raise WorldError(
                f"{key}.joints: no movable joint '{joint}'; {did_you_mean(joint, movable)}"
            )
    if len(gripper.joints) != 2 or len(set(gripper.joints)) != 2:
        given = ", ".join(gripper.joints) or "none"
        raise WorldError(f"{key}.joints: given {given}; valid: two joints, one for each finger")
    for joint in gripper.joints:
        kind, limit = movable[joint].get("type"), movable[joint].find("limit")
        if kind != "prismatic":
            raise WorldError(f"{key}.joints: '{joint}' is {kind}; valid: prismatic joints")
        upper = 0.0 if limit is None else float(limit.get("upper", 0.0))
        # a figure of the file that was rounded is no fault
        if upper < gripper.open / 2 - 1e-6:
            raise WorldError(
                f"{key}.open: given {1e3 * gripper.open:g} mm; valid: at most "
                f"{2e3 * upper:g} mm, as '{joint}' slides by {1e3 * upper:g} mm"
            )


def _check_home(home: tuple[float, ...], joints: tuple[str, ...], limits: Array, key: str) -> None:
    """Raise where the home position does not fit the joints."""
    if len(home) != len(joints):
        raise WorldError(
            f"{key}.home: {len(home)} values given, valid: {len(joints)}, one for each of "
            f"{', '.join(joints)}"
        )
    for i, (q, joint, (lower, upper, *_)) in enumerate(zip(home, joints, limits, strict=True)):
        if not lower <= q <= upper:
            raise WorldError(
                f"{key}.home[{i}]: {q:g} is beyond joint '{joint}', valid: {lower:g} to {upper:g}"
            )


def _write(name: str, text: str) -> Path:
    """Write the text where Bullet can read it; the name holds its hash, so it never changes."""
    folder = cache_dir() / "descriptions"
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:16]}.urdf"
    if not path.is_file():
        part = path.with_suffix(f".{os.getpid()}")
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    return path


def package_uris(xml: str) -> str:
    """Replace absolute mesh paths by URIs that RViz on any machine of the cell can resolve.

    Args:
        xml: a description with absolute mesh paths.

    Returns:
        The text with `package://twincell_description/...` where that package installs the file,
        else `file://...`.
    """
    own = f"{project_root() / 'urdf'}/"

    def uri(found: re.Match[str]) -> str:
        path = found[1]
        if path.startswith(own):
            return f'filename="package://twincell_description/urdf/{path.removeprefix(own)}"'
        for robot in _INSTALLED:
            _, mark, rest = path.partition(f"/example-robot-data/robots/{robot}/")
            if mark:
                return f'filename="package://twincell_description/robots/{robot}/{rest}"'
        return f'filename="file://{path}"'

    return re.sub(r'filename="(/[^"]*)"', uri, xml)
