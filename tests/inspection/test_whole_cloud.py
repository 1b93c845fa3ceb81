from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import trimesh

from twincell.errors import InspectionError
from twincell.geometry.pose import Pose
from twincell.inspection.cloud import finite, read_cad, read_scan, write_coloured
from twincell.inspection.cloud_truth import TrueCrack, score
from twincell.inspection.whole_cloud import inspect_cloud, signed_deviation

OWN = Pose.of([0.1, 0.2, -0.3], [2.0, 1.0, 0.4])
"""The frame of the scans, which is not that of the CAD."""


def cad() -> trimesh.Trimesh:
    """A part without symmetry: a block with a step on one end and a pin on it."""
    block = trimesh.creation.box((0.040, 0.012, 0.024))
    step = trimesh.creation.box((0.010, 0.008, 0.010))
    step.apply_translation((0.013, 0.009, 0.006))
    return trimesh.boolean.union([block, step], engine="manifold")


def grooved() -> trimesh.Trimesh:
    """With a V groove 8 mm long, 0.3 mm wide and 0.6 mm deep along x, in the face y = -6 mm."""
    over, half = 0.001, 0.00015 * (1 + 0.001 / 0.0006)
    section = [(-half, -0.006 - over), (half, -0.006 - over), (0.0, -0.006 + 0.0006)]
    corners = [(x, y, z) for x in (-0.004, 0.004) for z, y in section]
    wedge = trimesh.convex.convex_hull(np.array(corners))
    return trimesh.boolean.difference([cad(), wedge], engine="manifold")


def cloud(mesh: trimesh.Trimesh, number: int = 100_000) -> np.ndarray:
    points = trimesh.sample.sample_surface(mesh, number, seed=3)[0]
    noisy = points + np.random.default_rng(0).normal(0, 4e-6, points.shape)
    return np.asarray(OWN.apply(noisy))


def test_a_scan_from_anywhere_is_laid_on_its_cad_and_its_crack_found() -> None:
    verdict = inspect_cloud(cloud(grooved()), cad(), "scan")
    error = verdict.pose @ OWN
    assert np.linalg.norm(error.apply(cad().vertices) - cad().vertices, axis=1).max() < 30e-6
    path = np.array([[-0.004, -0.006, 0.0], [0.004, -0.006, 0.0]])
    result = score(verdict.candidates, [TrueCrack(path, 0.008, 0.0003, 0.0006)])
    assert result.found == (True,)
    assert result.false == 0
    assert verdict.cracks[0].size.length == pytest.approx(0.008, abs=0.0008)
    assert verdict.cracks[0].size.depth == pytest.approx(0.0006, abs=0.0001)


def test_a_flawless_scan_shows_no_crack() -> None:
    assert inspect_cloud(cloud(cad()), cad(), "scan").cracks == ()


def test_deviation_is_positive_outside_of_a_sphere_and_negative_within() -> None:
    mesh = trimesh.creation.icosphere(5, 0.02)
    inner, outer = 0.0195 * mesh.vertices / 0.02, 0.0205 * mesh.vertices / 0.02
    assert signed_deviation(inner, mesh)[0] == pytest.approx(-0.0005, abs=1e-5)
    assert signed_deviation(outer, mesh)[0] == pytest.approx(0.0005, abs=1e-5)


def test_another_part_and_another_unit_are_refused() -> None:
    other = cloud(trimesh.creation.icosphere(4, 0.02), 20_000)
    with pytest.raises(InspectionError, match="does not fit"):
        inspect_cloud(other, cad(), "other.ply")
    with pytest.raises(InspectionError, match="unit"):
        inspect_cloud(1e3 * cloud(cad(), 20_000), cad(), "scan.ply")


@pytest.mark.parametrize("kind", ["ply", "pcd", "xyz"])
def test_clouds_are_read_in_their_unit(kind: str, tmp_path: Path) -> None:
    import open3d as o3d

    points = np.random.default_rng(1).uniform(0, 50, (500, 3))
    path = tmp_path / f"a.{kind}"
    given = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(points))
    assert o3d.io.write_point_cloud(path, given)
    assert read_scan(path, "mm") == pytest.approx(1e-3 * points, abs=1e-7)
    assert read_scan(path, "m") == pytest.approx(points, abs=1e-4)
    assert (read_scan(path) == read_scan(path, "mm")).all()  # nothing is 50 m across
    given.scale(1e-3, np.zeros(3))
    assert o3d.io.write_point_cloud(path, given)
    assert (read_scan(path) == read_scan(path, "m")).all()  # nor 50 µm


def test_a_truncated_or_empty_or_unknown_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.ply"
    write_coloured(path, np.ones((1000, 3)), np.ones((1000, 3)))
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(InspectionError, match=r"a\.ply"):
        read_scan(path)
    (tmp_path / "b.ply").write_bytes(b"")
    with pytest.raises(InspectionError, match="empty"):
        read_scan(tmp_path / "b.ply")
    (tmp_path / "c.las").write_text("x")
    with pytest.raises(InspectionError, match="valid"):
        read_scan(tmp_path / "c.las")
    cad().export(tmp_path / "d.stl")
    (tmp_path / "d.stl").write_bytes((tmp_path / "d.stl").read_bytes()[:200])
    with pytest.raises(InspectionError, match=r"d\.stl"):
        read_cad(tmp_path / "d.stl")


@pytest.mark.parametrize("name", ["a.ply", "a.pcd", "text.ply", "text.pcd", "a.stl", "text.stl"])
def test_a_scan_cut_anywhere_is_refused_in_one_line(
    name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    import open3d as o3d

    rng = np.random.default_rng(2)
    path = tmp_path / name
    if path.suffix == ".stl":
        kind = "stl_ascii" if name == "text.stl" else "stl"
        trimesh.creation.icosphere(2, 20.0).export(path, file_type=kind)
    else:
        points = o3d.utility.Vector3dVector(rng.uniform(0, 50, (300, 3)))
        given = o3d.geometry.PointCloud(points)
        assert o3d.io.write_point_cloud(path, given, write_ascii=name.startswith("text"))
    whole = path.read_bytes()
    for keep in rng.integers(0, len(whole) - 60, 25):
        path.write_bytes(whole[:keep])
        with pytest.raises(InspectionError, match=name) as caught:
            read_scan(path)
        assert "\n" not in str(caught.value)
    assert "Traceback" not in "".join(capfd.readouterr())


@pytest.mark.parametrize("name", ["text.ply", "text.pcd"])
def test_a_text_scan_cut_within_its_last_line_is_refused(name: str, tmp_path: Path) -> None:
    import open3d as o3d

    path = tmp_path / name
    rng = np.random.default_rng(3)
    points = o3d.utility.Vector3dVector(rng.uniform(1, 50, (300, 3)))
    assert o3d.io.write_point_cloud(path, o3d.geometry.PointCloud(points), write_ascii=True)
    whole = path.read_bytes()
    path.write_bytes(whole.rstrip())
    assert len(read_scan(path, "mm")) == 300
    path.write_bytes(whole.rstrip().rsplit(b" ", 1)[0])
    with pytest.raises(InspectionError, match="2 values in its last line, 3 in its first"):
        read_scan(path)


def test_points_that_are_not_finite_are_counted_and_left_out() -> None:
    points = np.ones((200, 3))
    points[:7, 1], points[7:9, 2] = np.nan, np.inf
    kept, bad = finite(points, "scan")
    assert (len(kept), bad) == (191, 9)
    with pytest.raises(InspectionError, match="finite"):
        finite(points * np.nan, "scan")


@pytest.mark.parametrize("kind", ["stl", "ply"])
def test_a_cad_that_looks_inwards_is_turned(kind: str, tmp_path: Path) -> None:
    """Else a groove would be a ridge."""
    mesh = cad()
    mesh.invert()
    assert mesh.volume < 0
    mesh.export(tmp_path / f"a.{kind}")
    read = read_cad(tmp_path / f"a.{kind}", "m")
    outside = mesh.triangles_center - 1e-4 * mesh.face_normals
    assert np.median(signed_deviation(outside, read)[0]) == pytest.approx(1e-4, abs=1e-6)


def test_a_cad_in_text_cut_between_faces_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.ply"
    trimesh.creation.icosphere(3, 0.02).export(path, encoding="ascii")
    assert len(read_cad(path, "m").faces) == 1280
    rows = path.read_text().splitlines(keepends=True)
    path.write_text("".join(rows[:-300]))
    with pytest.raises(InspectionError, match=r"a\.ply: .*1280 faces.*truncated|a\.ply: cannot"):
        read_cad(path, "m")


def test_coordinates_that_open3d_reads_as_zeros_are_refused(tmp_path: Path) -> None:
    points = np.random.default_rng(3).uniform(0, 0.05, (200, 3))
    head = (
        "# .PCD v0.7\nVERSION 0.7\nFIELDS x y z\nSIZE 8 8 8\nTYPE F F F\nCOUNT 1 1 1\nWIDTH 200\n"
        "HEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS 200\nDATA binary\n"
    )
    path = tmp_path / "a.pcd"
    path.write_bytes(head.encode() + points.tobytes())
    with pytest.raises(InspectionError, match=r"coordinates of 8 8 8 bytes.*valid: 4 bytes"):
        read_scan(path)
