"""Every mesh that an installed URDF names is there."""

import os
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

SHARE = Path(os.environ["TWINCELL_SHARE"])
URDFS = sorted(SHARE.rglob("*.urdf"))


def test_robots_and_own_descriptions_are_installed():
    names = {path.name for path in URDFS}
    assert {"ur10_robot.urdf", "panda.urdf"} <= names


@pytest.mark.parametrize("urdf", URDFS, ids=lambda path: str(path.relative_to(SHARE)))
def test_meshes_resolve(urdf):
    # resolved as RViz does it: package:// is the package's share folder
    for mesh in ElementTree.parse(urdf).iter("mesh"):
        name = mesh.get("filename")
        package, _, rest = name.removeprefix("package://").partition("/")
        if name.startswith("package://"):
            assert package == "twincell_description", f"{name}: a package that RViz cannot find"
            assert (SHARE / rest).is_file(), name
        else:
            assert (urdf.parent / name).is_file(), name
