"""The house rules of docs/architecture.md: who may import what."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import twincell

SOURCE = Path(twincell.__file__).parent
ROOMS = [
    "errors",
    "assets",
    "world",
    "geometry",
    "physics",
    "motion",
    "sensing",
    "inspection",
    "study",
    "safety",
    "production",
    "twin",
    "cell",
    "envs",
    "training",
    "stack",
    "report",
    "console",
    "cli",
]
"""From the ground up: a room imports itself and the rooms before it."""

OWNERS = {
    "pybullet": {"physics"},
    "pybullet_data": {"physics"},
    "pinocchio": {"motion"},
    "ruckig": {"motion"},
    "ompl": {"motion"},
    "pydantic": {"world"},
    "yaml": {"world"},
    "ortools": {"production"},
    "trimesh": {"geometry", "sensing", "inspection"},
    "open3d": {"sensing", "inspection", "safety"},
    "cv2": {"sensing", "inspection"},
    "gymnasium": {"envs", "training"},
    "stable_baselines3": {"training"},
    "sb3_contrib": {"training"},
    "torch": {"inspection", "training"},
    "onnx": {"inspection", "training"},
    "ray": {"twin", "training"},
    "matplotlib": {"report"},
    "viser": {"console"},
    "typer": {"cli"},
}
"""Heavy libraries and the only rooms that import them."""

ROS = {"rclpy", "launch", "launch_ros", "ament_index_python", "std_msgs", "sensor_msgs"}


def imports(path: Path) -> set[str]:
    """Every dotted name that a file imports, at any depth."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def room_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


FILES = sorted(p for p in SOURCE.rglob("*.py") if room_of(p) not in ("__init__", "__main__"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_a_room_imports_only_rooms_above_it(path: Path) -> None:
    room = room_of(path)
    assert room in ROOMS, f"room '{room}' is not in the list of docs/architecture.md"
    seen = {n.split(".")[1] for n in imports(path) if n.startswith("twincell.")}
    below = {r for r in seen if r in ROOMS and ROOMS.index(r) > ROOMS.index(room)}
    assert not below, f"{path.name} stands in '{room}' and imports {sorted(below)} from below"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_each_heavy_library_has_its_room(path: Path) -> None:
    tops = {n.split(".")[0] for n in imports(path)}
    for library in tops & OWNERS.keys():
        assert room_of(path) in OWNERS[library], f"{path.name} imports {library}"
    messages = {t for t in tops if t.endswith(("_msgs", "_interfaces", "_srvs"))}
    assert not (tops & ROS) | messages, f"{path.name} imports ROS"
