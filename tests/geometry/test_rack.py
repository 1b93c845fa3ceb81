from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twincell.errors import WorldError
from twincell.geometry.pose import Pose
from twincell.geometry.rack import pocket_poses, rack_boxes
from twincell.geometry.urdf import read_urdf
from twincell.world.layout import Rack
from twincell.world.load import load_world
from twincell.world.robots import Place

ROOT = (0.050, 0.034, 0.030)


@given(
    rows=st.integers(1, 4),
    columns=st.integers(1, 4),
    yaw=st.floats(-3.1, 3.1),
    clearance=st.floats(0.0005, 0.004),
)
def test_a_root_fits_each_pocket_with_its_clearance(
    rows: int, columns: int, yaw: float, clearance: float
) -> None:
    place = Place(xyz=(0.3, -0.2, 0.7), rpy=(0, 0, yaw))
    rack = Rack(role="accept", place=place, rows=rows, columns=columns, clearance=clearance)
    boxes = rack_boxes(rack, ROOT)
    poses = pocket_poses(rack)
    assert len(poses) == rows * columns
    assert len(boxes) == 1 + 4 * len(poses)
    for pocket in poses:
        gaps = []
        for size, pose in boxes[1:]:
            local = pocket.inverse() @ pose
            away = np.abs(local.p[:2]) - np.array(ROOT[:2]) / 2 - np.array(size[:2]) / 2
            gaps.append(away.max())
        assert min(gaps) == pytest.approx(clearance, abs=1e-9)
        floor = pocket.inverse() @ boxes[0][1]
        assert floor.p[2] + boxes[0][0][2] / 2 == pytest.approx(0, abs=1e-12)


def test_pockets_are_row_major_about_the_rack_s_middle() -> None:
    rack = Rack(role="accept", place=Place(), rows=2, columns=3, pitch=(0.1, 0.08))
    points = [tuple(np.round(p.p, 9)) for p in pocket_poses(rack)]
    assert points[:3] == [(-0.05, -0.08, 0), (-0.05, 0, 0), (-0.05, 0.08, 0)]
    assert np.mean(points, axis=0) == pytest.approx([0, 0, 0], abs=1e-12)


def test_pockets_that_overlap_are_refused() -> None:
    rack = Rack(role="reject", place=Place(), pitch=(0.05, 0.08))
    with pytest.raises(WorldError, match=r"reject.*pitch\[0\] is 0\.05 m, valid: at least 0\.066"):
        rack_boxes(rack, ROOT)


def test_a_pitch_of_just_the_pocket_is_enough() -> None:
    # 34 + 2 * 3 + 2 * 6 mm: in floats the sum is a little more
    pitch, clearance = (0.068, 0.052), 0.003
    assert ROOT[1] + 2 * clearance + 2 * 0.006 > pitch[1]
    rack = Rack(role="accept", place=Place(), pitch=pitch, clearance=clearance)
    assert len(rack_boxes(rack, ROOT)) == 25


def test_the_clamp_takes_the_root_turned_by_the_fixture(world_file: Path) -> None:
    # the pocket of rotary_table.urdf, measured from its collision boxes
    world = load_world(world_file)
    table = read_urdf("urdf/rotary_table.urdf", None, "test")
    plate = next(e for e in table.iter("link") if e.get("name") == "table_plate")
    turned = np.abs(Pose.at(world.fixture.place).rotate(world.part.shape.root))
    gaps = []
    for collision in plate.findall("collision"):
        box, origin = collision.find("geometry/box"), collision.find("origin")
        if box is None or origin is None:
            continue
        size = np.array(box.get("size", "").split(), float)
        at = np.array(origin.get("xyz", "").split(), float)
        assert at[2] - size[2] / 2 == pytest.approx(0)
        gaps.append((np.abs(at[:2]) - size[:2] / 2 - turned[:2] / 2).max())
    assert gaps == pytest.approx([0.002] * 4)
