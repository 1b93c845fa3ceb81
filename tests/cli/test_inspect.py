"""`twincell inspect scan` and `bag` as a user types them: good files, bad ones, both at once."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import trimesh
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from twincell.cli import app

RUN = CliRunner()
RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def part(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A lopsided block as STL [mm], and a scan of it as PLY."""
    folder = tmp_path_factory.mktemp("part")
    mesh = trimesh.boolean.union(
        [
            trimesh.creation.box((40, 25, 10)),
            trimesh.creation.box(
                (10, 10, 16), trimesh.transformations.translation_matrix((9, 4, 5))
            ),
        ],
        engine="manifold",
    )
    cad, scan = folder / "part.stl", folder / "scan.ply"
    mesh.export(cad)
    points = trimesh.sample.sample_surface(mesh, 20_000, seed=1)[0]
    trimesh.PointCloud(points).export(scan)
    return cad, scan


def scan(cad: Path, out: Path, *files: Path) -> tuple[int, dict, str]:
    words = ["inspect", "scan", "--cad", str(cad), "--out", str(out), "--json"]
    words += ["--scan-unit", "mm", "--cad-unit", "mm"]
    for file in files:
        words += ["--scan", str(file)]
    result = RUN.invoke(app, words)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    data = json.loads(result.stdout) if result.stdout.startswith("{") else {}
    return result.exit_code, data, result.stderr


def test_one_bad_scan_is_named_and_the_others_are_judged(
    part: tuple[Path, Path], tmp_path: Path
) -> None:
    cad, good = part
    other = tmp_path / "other.xyz"
    np.savetxt(other, 15 * trimesh.creation.icosphere(5).vertices)
    cut = tmp_path / "cut.ply"
    cut.write_bytes(good.read_bytes()[:-1000])
    empty = tmp_path / "empty.xyz"
    empty.write_text("")
    nans = tmp_path / "nan.xyz"
    nans.write_text("nan nan nan\n" * 300)
    code, data, log = scan(cad, tmp_path / "o" / "found.json", other, cut, good, empty, nans)
    assert code == 1
    rows = {Path(row["file"]).name: row for row in data["files"]}
    assert rows["scan.ply"]["error"] is None
    assert rows["scan.ply"]["residual"] < 5e-5
    for name in ("other.xyz", "cut.ply", "empty.xyz", "nan.xyz"):
        assert name in rows[name]["error"]
        assert "valid" in rows[name]["error"] or "fit" in rows[name]["error"]
        assert name in log
    left = {p.name for p in (tmp_path / "o").iterdir()}
    assert left == {"found.json", "found-scan.ply", "found-scan.png"}


@pytest.mark.parametrize("off", [1e6, 1e200])
def test_points_far_off_are_left_out_and_counted(
    part: tuple[Path, Path], tmp_path: Path, off: float
) -> None:
    points = np.asarray(trimesh.load(part[1]).vertices)
    few = np.r_[points, [[off, 0.0, 0.0], [0.0, -off, off]]]
    for name, cloud in (("a", few), ("b", np.r_[points, off + points[:1000]])):
        (tmp_path / name).mkdir()
        np.savetxt(tmp_path / name / "scan.xyz", cloud)
    files = [tmp_path / name / "scan.xyz" for name in "ab"]
    code, data, _ = scan(part[0], tmp_path / "o" / "found.json", *files)
    assert code == 1
    one, other = data["files"]
    assert (one["error"], one["strays"], one["points"]) == (None, 2, len(points))
    assert one["residual"] < 5e-5
    assert "across" in other["error"]
    left = {p.name for p in (tmp_path / "o").iterdir()}
    assert left == {"found.json", "found-scan-1.ply", "found-scan-1.png"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("comma.xyz", "\n".join(f"{x:.3f},{y:.3f},{z:.3f}" for x, y, z in RNG.random((300, 3)))),
        ("bom.xyz", "\ufeff" + "1 2 3\n" * 300),
        ("words.xyz", "x y z\n" + "one two three\n" * 300),
        ("line.xyz", "\n".join(f"{x / 10} 0 0" for x in range(300))),
        ("point.xyz", "1 2 3\n" * 300),
        ("latin.xyz", "# Gr\xf6\xdfe\n" + "1 2 3\n" * 300),
    ],
)
def test_any_text_is_judged_or_refused_in_words(
    part: tuple[Path, Path], tmp_path: Path, name: str, text: str
) -> None:
    file = tmp_path / name
    file.write_text(text, encoding="latin-1" if name == "latin.xyz" else "utf-8")
    code, data, log = scan(part[0], tmp_path / "o.json", file)
    assert code == 1
    assert name in data["files"][0]["error"]
    assert "Traceback" not in log


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(keep=st.floats(0.0, 0.999), flip=st.integers(0, 400), suffix=st.sampled_from(["ply", "stl"]))
def test_mangled_files_never_end_in_a_traceback(
    part: tuple[Path, Path], tmp_path: Path, keep: float, flip: int, suffix: str
) -> None:
    source = part[1] if suffix == "ply" else part[0]
    data = bytearray(source.read_bytes())
    data[flip % len(data)] ^= 0x5A
    file = tmp_path / f"mangled.{suffix}"
    file.write_bytes(bytes(data[: int(keep * len(data))]))
    code, _, log = scan(part[0], tmp_path / "o.json", file)
    assert code in (0, 1)
    assert "Traceback" not in log


def test_a_cad_that_is_none_ends_before_anything_is_written(
    part: tuple[Path, Path], tmp_path: Path
) -> None:
    cad = tmp_path / "cad.stl"
    cad.write_bytes(part[0].read_bytes()[:500])
    code, _, log = scan(cad, tmp_path / "o" / "found.json", part[1])
    assert code == 2
    assert "cad.stl" in log
    assert not (tmp_path / "o").exists()


def test_a_bag_that_is_none_is_named_and_the_code_is_1(tmp_path: Path) -> None:
    (tmp_path / "a.mcap").write_bytes(b"\x89MCAP0\r\n" + b"\x00" * 40)
    (tmp_path / "b.db3").write_bytes(b"SQLite format 3\x00" + b"\x00" * 40)
    files = [str(tmp_path / n) for n in ("a.mcap", "b.db3", "none.mcap")]
    result = RUN.invoke(app, ["inspect", "bag", *files, "--json"])
    assert result.exit_code == 1
    rows = json.loads(result.stdout)["files"]
    assert [Path(row["file"]).name for row in rows] == ["a.mcap", "b.db3", "none.mcap"]
    assert all(row["error"] for row in rows)
    for name in ("a.mcap", "b.db3", "none.mcap"):
        assert name in result.stderr
    assert "Traceback" not in result.stderr


def test_nothing_is_written_over_what_is_read(part: tuple[Path, Path], tmp_path: Path) -> None:
    cad, good = (tmp_path / p.name for p in part)
    for ours, theirs in zip((cad, good), part, strict=True):
        ours.write_bytes(theirs.read_bytes())
    truth = tmp_path / "truth.json"
    truth.write_text('{"cracks": []}')
    before = {p: p.read_bytes() for p in tmp_path.iterdir()}
    words = ["inspect", "scan", "--cad", str(cad), "--scan", str(good), "--truth", str(truth)]
    for out in (good.with_suffix(".json"), truth, good, tmp_path / "o.png", tmp_path):
        told = RUN.invoke(app, [*words, "--out", str(out)])
        assert told.exit_code == 2, out
        assert "--out" in told.stderr
        assert "valid:" in told.stderr
    assert {p: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_a_folder_of_scans_may_take_its_own_findings(
    part: tuple[Path, Path], tmp_path: Path
) -> None:
    """And a name that a picture would take for a formula is a name."""
    cad, good = part
    for name in ("a.ply", "p$^$1.ply"):
        (tmp_path / name).write_bytes(good.read_bytes())
    for _ in range(2):
        code, data, _ = scan(cad, tmp_path / "found.json", tmp_path)
        assert code == 0
        assert [Path(r["file"]).name for r in data["files"]] == ["a.ply", "p$^$1.ply"]


def test_where_nothing_can_be_written_is_a_fault_of_the_user(
    part: tuple[Path, Path], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    cad, good = part
    code, _, log = scan(cad, tmp_path / "file" / "found.json", good)
    assert code == 2
    assert "file" in log
    assert "valid: a place" in log
