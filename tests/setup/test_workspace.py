"""The workspace as colcon sees it."""

from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {
    "control_msgs": "ros.ament_cmake",
    "tf2_msgs": "ros.ament_cmake",
    "twincell_bringup": "ros.ament_cmake",
    "twincell_description": "ros.ament_cmake",
    "twincell_msgs": "ros.ament_cmake",
    "twincell_nodes": "ros.ament_python",
    "vision_msgs": "ros.ament_cmake",
}


@pytest.mark.parametrize("folder", [ROOT, ROOT / "ros2_ws"], ids=["root", "ros2_ws"])
def test_colcon_lists_every_package_with_its_type(folder):
    code = "import sys; from colcon_core.command import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "--log-base", "/dev/null", "list"]
    result = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=True, timeout=60
    )
    rows = [line.split("\t") for line in result.stdout.splitlines()]
    assert {name: kind.strip("()") for name, _, kind in rows} == PACKAGES


@pytest.mark.parametrize("manifest", sorted(ROOT.glob("ros2_ws/*/*/package.xml")), ids=str)
def test_manifest_has_a_valid_address_and_a_licence(manifest):
    # with an invalid address colcon silently treats the package as plain Python
    package = ElementTree.parse(manifest)
    for maintainer in package.iter("maintainer"):
        assert re.fullmatch(r"[\w.+-]+@[\w-]+(\.[\w-]+)+", maintainer.get("email", ""))
    assert package.findtext("license")


@pytest.mark.parametrize("cmake", sorted(ROOT.glob("ros2_ws/*/*_msgs/CMakeLists.txt")), ids=str)
def test_every_interface_file_is_built(cmake):
    listed = set(re.findall(r'"((?:msg|srv|action)/\w+\.\w+)"', cmake.read_text()))
    there = {
        str(file.relative_to(cmake.parent))
        for kind in ("msg", "srv", "action")
        for file in cmake.parent.glob(f"{kind}/*.{kind}")
    }
    assert listed == there
