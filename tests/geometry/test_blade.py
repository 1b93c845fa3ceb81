from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import trimesh
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from twincell.errors import AssetError, GeometryError
from twincell.geometry.blade import PLATFORM, BladeModel, blade_model
from twincell.world.blades import BladeShape, Part
from twincell.world.robots import Place


def test_blade_is_one_closed_solid_of_the_stated_size(coarse: BladeModel) -> None:
    shape = BladeShape()
    mesh = coarse.mesh
    assert mesh.is_volume
    assert len(mesh.split()) == 1
    assert mesh.bounds[0][2] == 0
    assert mesh.bounds[1][2] == pytest.approx(coarse.height)
    assert coarse.height == pytest.approx(shape.root[2] + PLATFORM + shape.span + shape.shroud[2])
    low, high = coarse.airfoil
    assert high - low == pytest.approx(shape.span)


def test_volume_is_that_of_blocks_and_sections(coarse: BladeModel) -> None:
    shape = BladeShape()
    s = np.linspace(0, 1, 2001)
    chord = shape.chord[0] + s * (shape.chord[1] - shape.chord[0])
    thickness = shape.thickness[0] + s * (shape.thickness[1] - shape.thickness[0])
    terms = 0.2969 * 2 / 3 - 0.126 / 2 - 0.3516 / 3 + 0.2843 / 4 - 0.1015 / 5
    # the arc is longer than its chord; laid off on both sides of it the curvature cancels out
    arc = (shape.camber / 2) / np.sin(shape.camber / 2)
    airfoil = np.trapezoid(2 * thickness / 0.2 * terms * chord**2 * arc, s) * shape.span
    root, shroud = np.prod(shape.root), np.prod(shape.shroud)
    platform = (shape.root[0] + 0.002) * (shape.root[1] + 0.002) * PLATFORM
    assert coarse.mesh.volume == pytest.approx(root + platform + shroud + airfoil, rel=2e-3)


def test_suction_side_is_convex_and_faces_plus_y(coarse: BladeModel) -> None:
    z = sum(coarse.airfoil) / 2
    cut = coarse.mesh.section(plane_normal=[0, 0, 1], plane_origin=[0, 0, z])
    outline = cut.discrete[0][:, :2]
    ends = outline[[outline[:, 0].argmin(), outline[:, 0].argmax()]]
    chord = (ends[1] - ends[0]) / np.linalg.norm(ends[1] - ends[0])
    height = (outline - ends[0]) @ [-chord[1], chord[0]]
    assert height.max() > 3 * abs(height.min())


def test_leading_edge_at_plus_x_is_the_blunt_one(coarse: BladeModel) -> None:
    low, high = coarse.airfoil
    points = coarse.mesh.vertices
    middle = points[np.abs(points[:, 2] - (low + high) / 2) < 0.002]
    x = middle[:, 0]
    front = middle[x > x.max() - 0.002, 1]
    back = middle[x < x.min() + 0.002, 1]
    assert np.ptp(front) > 1.5 * np.ptp(back)


def test_collision_pieces_are_convex_and_cover_the_surface(coarse: BladeModel) -> None:
    assert all(piece.is_convex for piece in coarse.collision)
    inside = np.zeros(len(coarse.mesh.vertices), bool)
    for piece in coarse.collision:
        normals, points = piece.face_normals, piece.triangles[:, 0]
        reach = coarse.mesh.vertices @ normals.T - np.einsum("ij,ij->i", normals, points)
        inside |= (reach < 2e-3).all(axis=1)  # 2 mm: the lip of the platform
    assert inside.all()


def test_grasp_is_in_the_shroud_and_points_down(coarse: BladeModel) -> None:
    shape = BladeShape()
    assert coarse.grasp.p[2] == pytest.approx(coarse.height - shape.shroud[2] / 2)
    assert coarse.grasp.rotate([0, 0, 1]) == pytest.approx([0, 0, -1], abs=1e-12)
    assert np.abs(coarse.grasp.rotate([0, 1, 0])) == pytest.approx([0, 1, 0], abs=1e-12)
    assert coarse.grasp_width == shape.shroud[1]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    span=st.floats(0.03, 0.2),
    chord=st.tuples(st.floats(0.02, 0.045), st.floats(0.02, 0.045)),
    thickness=st.tuples(st.floats(0.06, 0.2), st.floats(0.06, 0.2)),
    camber=st.floats(0.0, 1.6),
    twist=st.tuples(st.floats(-0.6, 0.6), st.floats(-0.6, 0.6)),
)
def test_any_sensible_shape_is_a_closed_solid(
    span: float,
    chord: tuple[float, float],
    thickness: tuple[float, float],
    camber: float,
    twist: tuple[float, float],
) -> None:
    shape = BladeShape(
        span=span, chord=chord, thickness=thickness, camber=camber, twist=twist, edge=0.003
    )
    mesh = blade_model(Part(shape=shape), Path()).mesh
    assert mesh.is_volume
    assert len(mesh.split()) == 1


def write_paddle(path: Path) -> None:
    """A paddle 8 x 60 x 30 mm that stands along y, in millimetres."""
    box = trimesh.creation.box((8.0, 60.0, 30.0))
    box.apply_translation((3.0, 100.0, -2.0))
    box.export(path)


@pytest.mark.parametrize("kind", ["stl", "obj"])
def test_a_mesh_stands_on_the_platform_under_a_shroud(tmp_path: Path, kind: str) -> None:
    write_paddle(tmp_path / f"paddle.{kind}")
    part = Part(mesh=f"paddle.{kind}", mesh_place=Place(rpy=(np.pi / 2, 0, 0)))
    model = blade_model(part, tmp_path)
    assert model.mesh.is_volume
    assert len(model.mesh.split()) == 1
    assert model.airfoil == pytest.approx((0.033, 0.091))  # 60 mm, 1 mm sunk at both ends
    assert model.grasp.p == pytest.approx([0.003, 0.002, 0.091 + 0.007], abs=1e-9)


def test_a_mesh_in_the_wrong_unit_is_refused(tmp_path: Path) -> None:
    write_paddle(tmp_path / "paddle.stl")
    part = Part(mesh="paddle.stl", mesh_scale=1.0)
    with pytest.raises(GeometryError, match=r"spans 2\d.*part\.mesh_scale"):
        blade_model(part, tmp_path)


def test_a_missing_mesh_is_named(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match=r"part\.mesh: no file 'nothing\.stl'"):
        blade_model(Part(mesh="nothing.stl"), tmp_path)


def test_an_unreadable_mesh_is_named(tmp_path: Path) -> None:
    (tmp_path / "text.stl").write_text("this is no mesh", encoding="utf-8")
    with pytest.raises(AssetError, match=r"part\.mesh: .*text\.stl"):
        blade_model(Part(mesh="text.stl"), tmp_path)


def test_an_open_mesh_is_refused(tmp_path: Path) -> None:
    box = trimesh.creation.box((20.0, 10.0, 50.0))
    box.update_faces(np.arange(len(box.faces)) > 4)
    box.export(tmp_path / "open.stl")
    with pytest.raises(GeometryError, match=r"open\.stl.*closed"):
        blade_model(Part(mesh="open.stl"), tmp_path)


def test_a_mesh_beside_the_root_is_refused(tmp_path: Path) -> None:
    write_paddle(tmp_path / "paddle.stl")
    place = Place(xyz=(0.2, 0, 0), rpy=(np.pi / 2, 0, 0))
    with pytest.raises(GeometryError, match=r"do not meet.*mesh_place"):
        blade_model(Part(mesh="paddle.stl", mesh_place=place), tmp_path)
