"""What must hold of a URDF before anybody builds on it: one tree, true names, true numbers.

Bullet, Pinocchio and trimesh each take other faults in silence, or end the process.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

from twincell.errors import did_you_mean

__all__ = ["FIXED", "MOVABLE", "structure_faults"]

MOVABLE = ("revolute", "continuous", "prismatic")
"""Joint types with one degree of freedom."""
FIXED = "fixed"

_SHAPES = {
    "box": {"size": 3},
    "cylinder": {"radius": 1, "length": 1},
    "sphere": {"radius": 1},
    "mesh": {},
}
"""Geometries that physics and sensors both take, and how many numbers each must give."""
_NUMBERS = {
    "origin": {"xyz": 3, "rpy": 3},
    "axis": {"xyz": 3},
    "limit": {"lower": 1, "upper": 1, "velocity": 1, "effort": 1},
    "dynamics": {"damping": 1, "friction": 1},
    "mimic": {"multiplier": 1, "offset": 1},
    "mass": {"value": 1},
    "inertia": {f"i{a}": 1 for a in ("xx", "xy", "xz", "yy", "yz", "zz")},
    "mesh": {"scale": 3},
    **{shape: numbers for shape, numbers in _SHAPES.items() if numbers},
}
"""How many numbers an attribute holds where it is given."""
_MESHES = (".dae", ".obj", ".stl")
"""Files that Bullet reads."""


def structure_faults(robot: ET.Element) -> Iterator[str]:
    """Each fault of a URDF: its element, what was given, what would be valid.

    Args:
        robot: the `robot` element.
    """
    links, joints = robot.findall("link"), robot.findall("joint")
    named = [*_names(links), *_names(joints)]
    yield from named
    for element in (*links, *joints):
        yield from _numbers(element)
    for link in links:
        yield from _link(link)
    for joint in joints:
        yield from _joint(joint)
    if not named:
        yield from _tree(links, joints)


def _called(element: ET.Element) -> str:
    return f"{element.tag} '{element.get('name', '')}'"


def _names(elements: list[ET.Element]) -> Iterator[str]:
    """Elements without a name of their own."""
    seen: set[str] = set()
    for element in elements:
        name = element.get("name", "")
        if not name:
            yield f"a {element.tag} without a name; valid: each has one"
        elif name in seen:
            yield f"{_called(element)}: given twice; valid: each name once"
        seen.add(name)


def _numbers(element: ET.Element) -> Iterator[str]:
    """Attributes that are not the numbers they should be."""
    for part in element.iter():
        for key, count in _NUMBERS.get(part.tag, {}).items():
            text = part.get(key)
            if text is not None and not _finite(text, count):
                valid = f"{count} finite numbers" if count > 1 else "a finite number"
                yield f"{_called(element)}: <{part.tag} {key}='{text:.40}'>; valid: {valid}"


def _finite(text: str, count: int) -> bool:
    try:
        values = [float(word) for word in text.split()]
    except ValueError:
        return False
    return len(values) == count and all(map(math.isfinite, values))


def _link(link: ET.Element) -> Iterator[str]:
    """Shapes that nobody knows, and masses that are none."""
    for geometry in link.iter("geometry"):
        shapes = [child for child in geometry if child.tag in _SHAPES]
        if not shapes:
            given = f"<{geometry[0].tag}>" if len(geometry) else "none"
            yield f"{_called(link)}: geometry {given}; valid: {', '.join(sorted(_SHAPES))}"
        for shape in shapes:
            for key in _SHAPES[shape.tag]:
                if shape.get(key) is None:
                    yield f"{_called(link)}: <{shape.tag}> without {key}; valid: {key}='...'"
        for mesh in geometry.findall("mesh"):
            name = mesh.get("filename", "")
            if Path(name).suffix.lower() not in _MESHES:
                yield f"{_called(link)}: mesh '{name}'; valid: a file {', '.join(_MESHES)}"
    for inertial in link.findall("inertial"):
        mass = inertial.find("mass")
        if mass is None or mass.get("value") is None:
            yield f"{_called(link)}: inertial without <mass value='...'>; valid: with one"
        elif _finite(given := mass.get("value", ""), 1) and float(given) < 0:
            yield f"{_called(link)}: mass {given} kg; valid: at least 0"


def _joint(joint: ET.Element) -> Iterator[str]:
    """An unknown type, or an axis without direction."""
    kind = joint.get("type", "")
    if kind not in (*MOVABLE, FIXED):
        yield f"{_called(joint)}: type '{kind}'; {did_you_mean(kind, (*MOVABLE, FIXED))}"
    axis = joint.find("axis")
    text = "1 0 0" if axis is None else axis.get("xyz", "1 0 0")
    if kind in MOVABLE and _finite(text, 3) and not any(float(word) for word in text.split()):
        yield f"{_called(joint)}: axis '{text}'; valid: a direction that is not zero"


def _tree(links: list[ET.Element], joints: list[ET.Element]) -> Iterator[str]:
    """Links that do not hang together as one tree from one root."""
    names = [link.get("name", "") for link in links]
    above: dict[str, tuple[str, str]] = {}
    whole = True
    for joint in joints:
        ends = {}
        for end in ("parent", "child"):
            found = joint.find(end)
            ends[end] = "" if found is None else found.get("link", "")
            if ends[end] not in names:
                whole = False
                given = f"{end} link '{ends[end]}'" if ends[end] else f"no <{end} link='...'>"
                yield f"{_called(joint)}: {given}; {did_you_mean(ends[end], names)}"
        if ends["child"] in above:
            whole = False
            yield (
                f"{_called(joint)}: link '{ends['child']}' is the child of joint "
                f"'{above[ends['child']][0]}' already; valid: each link behind one joint"
            )
        above.setdefault(ends["child"], (joint.get("name", ""), ends["parent"]))
    if not whole:
        return
    roots = [name for name in names if name not in above]
    if len(roots) > 1:
        yield f"{len(roots)} links behind no joint: {', '.join(roots)}; valid: one, the root"
        return
    for name in names:
        seen, at = {name}, name
        while at in above:
            at = above[at][1]
            if at in seen:
                yield f"link '{at}': its joints form a loop; valid: a tree with one root"
                return
            seen.add(at)
