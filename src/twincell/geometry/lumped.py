"""A mover as its dynamics see it: what no joint moves is one rigid link.

Fixed joints, and joints that are held (a gripper's fingers), are merged into the link that carries
them: masses add, the moments of inertia by Steiner's theorem. A seven-joint arm then has seven
links, which is all that a simulation step needs to go through.
"""

from __future__ import annotations

import copy
import hashlib
import os
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twincell.assets import cache_dir
from twincell.errors import GeometryError, did_you_mean
from twincell.geometry.description import RobotDescription
from twincell.geometry.pose import Pose
from twincell.geometry.urdf import link_poses, numbers, origin

__all__ = ["LumpedArm", "lump"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class LumpedArm:
    """A serial chain of d links, each behind one joint; link frames are the joints' frames.

    Attributes:
        name: of the mover.
        path: URDF of the chain, its root fixed.
        place: pose of the root link in the world.
        joints: names, from the root outwards.
        prismatic: which joints slide, shape (d,).
        origins: frame of each joint at zero in the link before it, shape (d, 4, 4).
        axes: unit axis of each joint in its own frame, shape (d, 3).
        masses: shape (d,) [kg].
        centres: centre of mass of each link in its frame, shape (d, 3) [m].
        inertias: about the centre of mass, in the link's axes, shape (d, 3, 3) [kg m^2].
        damping: of the joints, shape (d,) [N m s/rad or N s/m].
        lower: position limits, shape (d,) [rad or m].
        upper: position limits, shape (d,) [rad or m].
        velocity: speed limits of the URDF, shape (d,) [rad/s or m/s].
        effort: effort limits, shape (d,) [N m or N].
        tip: frame of the tip in the last link, shape (4, 4).
    """

    name: str
    path: Path
    place: Pose
    joints: tuple[str, ...]
    prismatic: NDArray[np.bool_]
    origins: Array
    axes: Array
    masses: Array
    centres: Array
    inertias: Array
    damping: Array
    lower: Array
    upper: Array
    velocity: Array
    effort: Array
    tip: Array

    @property
    def reach(self) -> float:
        """No point of the tip is farther from the root link's frame than this [m]."""
        steps = np.linalg.norm(self.origins[:, :3, 3], axis=1).sum()
        slide = np.where(self.prismatic, np.maximum(abs(self.lower), abs(self.upper)), 0.0).sum()
        return float(steps + slide + np.linalg.norm(self.tip[:3, 3]))


@dataclass
class _Lump:
    """Links that move as one."""

    joint: ET.Element | None
    parent: int
    frame: Pose  # of the joint in the parent lump's frame
    parts: list[tuple[ET.Element, Pose]]


def lump(description: RobotDescription, held: Mapping[str, float] | None = None) -> LumpedArm:
    """Merge what no commanded joint moves.

    Args:
        description: of the mover.
        held: positions of the gripper's joints [m]; zero where not given.

    Raises:
        GeometryError: the commanded joints form no serial chain, or the tip does not hang on it.
    """
    robot = ET.fromstring(description.urdf)  # noqa: S314 - the description's own text
    at = dict.fromkeys(description.gripper_joints, 0.0) | dict(held or {})
    for name in at:
        if name not in description.gripper_joints:
            raise GeometryError(
                f"{description.name}: no gripper joint '{name}'; "
                f"{did_you_mean(name, description.gripper_joints)}"
            )
    lumps, owner = _grouped(robot, description, at)
    chain = lumps[1:]
    if [x.parent for x in chain] != list(range(len(chain))):
        raise GeometryError(f"{description.name}: its joints form no serial chain")
    index, tip = owner[description.tip]
    if index != len(chain):
        raise GeometryError(
            f"{description.name}: the tip '{description.tip}' does not hang on the last joint "
            f"'{description.joints[-1]}'"
        )
    solids = [_solid(x.parts) for x in chain]
    joints = [x.joint for x in chain if x.joint is not None]
    return LumpedArm(
        name=description.name,
        path=_write(description.name, lumps, solids),
        place=description.place,
        joints=tuple(j.get("name", "") for j in joints),
        prismatic=np.array([j.get("type") == "prismatic" for j in joints]),
        origins=np.array([x.frame.matrix() for x in chain]),
        axes=np.array([_axis(j) for j in joints]),
        masses=np.array([s[0] for s in solids]),
        centres=np.array([s[1] for s in solids]),
        inertias=np.array([s[2] for s in solids]),
        damping=np.array([_damping(j) for j in joints]),
        lower=description.lower.copy(),
        upper=description.upper.copy(),
        velocity=description.velocity.copy(),
        effort=description.effort.copy(),
        tip=tip.matrix(),
    )


def _grouped(
    robot: ET.Element, description: RobotDescription, held: Mapping[str, float]
) -> tuple[list[_Lump], dict[str, tuple[int, Pose]]]:
    """Lumps from the root outwards; of each link its lump and its pose in the lump's frame."""
    links = {e.get("name", ""): e for e in robot.findall("link")}
    below: dict[str, list[ET.Element]] = {}
    for joint in robot.findall("joint"):
        below.setdefault(_end(joint, "parent"), []).append(joint)
    root = next(iter(link_poses(robot)))
    lumps = [_Lump(None, -1, Pose.identity(), [(links[root], Pose.identity())])]
    owner = {root: (0, Pose.identity())}
    queue = [root]
    while queue:
        link = queue.pop(0)
        index, pose = owner[link]
        for joint in below.get(link, []):
            child, frame = _end(joint, "child"), pose @ origin(joint)
            if joint.get("name") in description.joints:
                lumps.append(_Lump(joint, index, frame, []))
                owner[child] = (len(lumps) - 1, Pose.identity())
            else:
                slide = _axis(joint) * held.get(joint.get("name", ""), 0.0)
                owner[child] = (index, frame @ Pose.of(slide))
            number, place = owner[child]
            lumps[number].parts.append((links[child], place))
            queue.append(child)
    return lumps, owner


def _end(joint: ET.Element, which: str) -> str:
    found = joint.find(which)
    return "" if found is None else found.get("link", "")


def _axis(joint: ET.Element) -> Array:
    found = joint.find("axis")
    axis = numbers(None if found is None else found.get("xyz"), (1.0, 0.0, 0.0))
    size = float(np.linalg.norm(axis))
    return axis / size if size > 0 else axis


def _damping(joint: ET.Element) -> float:
    found = joint.find("dynamics")
    return 0.0 if found is None else float(found.get("damping", 0.0))


def _solid(parts: list[tuple[ET.Element, Pose]]) -> tuple[float, Array, Array]:
    """Mass, centre and inertia about the centre, all parts together."""
    masses, centres, tensors = [], [], []
    for link, pose in parts:
        inertial = link.find("inertial")
        if inertial is None:
            continue
        mass, tensor = inertial.find("mass"), inertial.find("inertia")
        at = pose @ origin(inertial)
        turn = at.rotation()
        given = {} if tensor is None else {k: float(v) for k, v in tensor.attrib.items()}
        moments = np.array(
            [[given.get("i" + "".join(sorted(a + b)), 0.0) for b in "xyz"] for a in "xyz"]
        )
        masses.append(0.0 if mass is None else float(mass.get("value", 0.0)))
        centres.append(at.p)
        tensors.append(turn @ moments @ turn.T)
    total = float(sum(masses))
    centre = np.average(centres, axis=0, weights=masses) if total > 0 else np.zeros(3)
    inertia = np.zeros((3, 3))
    for mass_, at_, tensor_ in zip(masses, centres, tensors, strict=True):
        r = at_ - centre
        inertia += tensor_ + mass_ * (r @ r * np.eye(3) - np.outer(r, r))
    return total, centre, inertia


def _write(name: str, lumps: list[_Lump], solids: list[tuple[float, Array, Array]]) -> Path:
    """Write the chain as a URDF; inertias as principal moments, as Bullet wants them."""
    robot = ET.Element("robot", name=name)
    for i, one in enumerate(lumps):
        link = ET.SubElement(robot, "link", name=f"lump_{i}")
        mass, centre, inertia = solids[i - 1] if i else (1.0, np.zeros(3), np.eye(3))
        moments, axes = np.linalg.eigh(inertia)
        if np.linalg.det(axes) < 0:
            axes[:, 0] *= -1
        frame = np.eye(4)
        frame[:3, :3], frame[:3, 3] = axes, centre
        inertial = ET.SubElement(link, "inertial")
        _origin(inertial, Pose.from_matrix(frame))
        ET.SubElement(inertial, "mass", value=repr(mass))
        tensor = {f"i{a}": "0" for a in ("xy", "xz", "yz")}
        tensor |= {f"i{a}{a}": repr(float(m)) for a, m in zip("xyz", moments, strict=True)}
        ET.SubElement(inertial, "inertia", tensor)
        for part, pose in one.parts:
            for tag in ("visual", "collision"):
                for shape in part.findall(tag):
                    moved = copy.deepcopy(shape)
                    for old in moved.findall("origin"):
                        moved.remove(old)
                    _origin(moved, pose @ origin(shape))
                    link.append(moved)
        if one.joint is not None:
            joint = ET.SubElement(
                robot, "joint", name=one.joint.get("name", ""), type=one.joint.get("type", "")
            )
            _origin(joint, one.frame)
            ET.SubElement(joint, "parent", link=f"lump_{one.parent}")
            ET.SubElement(joint, "child", link=f"lump_{i}")
            for tag in ("axis", "limit", "dynamics"):
                found = one.joint.find(tag)
                if found is not None:
                    joint.append(copy.deepcopy(found))
    text = ET.tostring(robot, encoding="unicode")
    folder = cache_dir() / "descriptions"
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}-lumped-{hashlib.sha256(text.encode()).hexdigest()[:16]}.urdf"
    if not path.is_file():
        part_file = path.with_suffix(f".{os.getpid()}")
        part_file.write_text(text, encoding="utf-8")
        part_file.replace(path)
    return path


def _origin(element: ET.Element, pose: Pose) -> None:
    R = pose.rotation()
    pitch = float(np.arctan2(-R[2, 0], np.hypot(R[0, 0], R[1, 0])))
    if np.hypot(R[0, 0], R[1, 0]) > 1e-9:
        rpy = [np.arctan2(R[2, 1], R[2, 2]), pitch, np.arctan2(R[1, 0], R[0, 0])]
    else:  # roll and yaw turn about one axis: all of it is roll
        rpy = [np.arctan2(-R[1, 2], R[1, 1]), pitch, 0.0]
    child = ET.Element(
        "origin", xyz=" ".join(map(repr, pose.p.tolist())), rpy=" ".join(map(repr, map(float, rpy)))
    )
    element.insert(0, child)
