from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from twincell.cli import app
from twincell.errors import InspectionError
from twincell.inspection import photo_evidence
from twincell.inspection.photo_cracks import find_cracks
from twincell.inspection.photo_evidence import network_evidence
from twincell.inspection.photo_files import read_photograph, read_truth
from twincell.inspection.photo_score import auroc, summary, tally
from twincell.inspection.photo_skeleton import skeleton


def plate(rng):
    return np.clip(140 + rng.normal(0, 3, (160, 200)), 0, 255).astype(np.uint8)


def cracked(rng):
    """A plate with a winding dark line, and where that line is."""
    x = np.arange(20, 180)
    y = 80 + 25 * np.sin(x / 22.0) + 4 * np.sin(x / 5.0)
    points = np.stack([x, y], 1).round().astype(np.int32)
    truth = np.zeros((160, 200), np.uint8)
    cv2.polylines(truth, [points], False, 255, 2)
    grey = plate(rng)
    grey[truth > 0] = 50
    return grey, truth


@pytest.mark.parametrize("method", ["network", "filters"])
def test_a_winding_dark_line_is_found_and_a_bare_plate_is_not(method):
    rng = np.random.default_rng(3)
    grey, truth = cracked(rng)
    found = find_cracks(grey.astype(np.float32), method)
    bare = find_cracks(plate(rng).astype(np.float32), method)
    known = (truth > 0, np.zeros(truth.shape, bool))
    assert tally(found.mask, found.score, known).f1 > 0.8
    assert not bare.mask.any()
    assert found.score > bare.score


def test_a_photograph_seen_in_blocks_is_as_one_seen_at_once(monkeypatch):
    rng = np.random.default_rng(8)
    grey = np.tile(cracked(rng)[0], (4, 3))[:600, :510].astype(np.float32)
    whole = network_evidence(grey)
    monkeypatch.setattr(photo_evidence, "_WHOLE", 256)
    monkeypatch.setattr(photo_evidence, "_BLOCK", 192)
    blocks = network_evidence(grey)
    assert whole[0].max() > 0.9
    for one, other in zip(whole, blocks, strict=True):
        assert np.abs(one - other).max() < 1e-4
    monkeypatch.setattr(photo_evidence, "_OVERLAP", 0)
    assert np.abs(network_evidence(grey)[0] - whole[0]).max() > 1e-2


@pytest.mark.parametrize("method", ["network", "filters"])
def test_a_straight_joint_is_no_crack(method):
    grey = plate(np.random.default_rng(4)).astype(np.float32)
    grey[:, 99:102] = 50
    assert not find_cracks(grey, method).mask.any()


def test_counts_against_a_line_shifted_by_known_distances():
    truth = np.zeros((60, 60), bool)
    truth[30, 5:55] = True
    none = np.zeros_like(truth)
    for shift, f1, cliou in ((0, 1, 1), (2, 1, 1), (3, 0, 1), (4, 0, 1), (5, 0, 0)):
        table = summary([tally(np.roll(truth, shift, 0), 1.0, (truth, none))])
        assert (table["f1"], table["cliou"]) == (f1, cliou)
    table = summary([tally(np.roll(truth, 1, 0), 1.0, (truth, np.roll(truth, 1, 0)))])
    assert (table["iou"], table["on_edges"]) == (0, 1)


def test_auroc_is_the_share_of_pairs_in_order():
    assert auroc([0.9, 0.4], [0.1, 0.4]) == pytest.approx(3.5 / 4)
    assert auroc([0.9], []) is None


def test_a_skeleton_of_a_bar_is_one_pixel_wide_and_whole():
    bar = np.zeros((30, 60), bool)
    bar[10:17, 5:55] = True
    thin = skeleton(bar)
    assert thin.sum(0).max() == 1
    assert 40 <= thin.sum() <= 50
    assert cv2.connectedComponents(thin.astype(np.uint8))[0] == 2


def test_edges_in_labelled_masks_are_no_cracks(tmp_path):
    labels = np.zeros((20, 20), np.uint8)
    labels[5], labels[9] = 255, 204
    Image.fromarray(labels).save(tmp_path / "m.png")
    crack, edge = read_truth(tmp_path / "m.png", (20, 20))
    assert (np.flatnonzero(crack.any(1)), np.flatnonzero(edge.any(1))) == ([5], [9])


def test_matlab_labels_two_and_four_are_cracks(tmp_path):
    from scipy.io import savemat

    labels = np.arange(400).reshape(20, 20) % 5
    savemat(tmp_path / "m.mat", {"groundTruth": {"Segmentation": labels.astype(np.uint8)}})
    crack, _ = read_truth(tmp_path / "m.mat", (20, 20))
    assert (crack == ((labels == 2) | (labels == 4))).all()


def test_sixteen_bit_and_colour_pictures_read_as_grey(tmp_path):
    ramp = np.tile(np.linspace(0, 255, 32), (32, 1))
    Image.fromarray((ramp * 257).astype(np.uint16)).save(tmp_path / "deep.png")
    Image.fromarray(np.stack([ramp.astype(np.uint8)] * 3, 2)).save(tmp_path / "colour.png")
    for name in ("deep.png", "colour.png"):
        assert np.abs(read_photograph(tmp_path / name) - ramp).max() <= 1


def test_bad_files_are_named_and_the_others_still_judged(tmp_path):
    rng = np.random.default_rng(5)
    grey, truth = cracked(rng)
    photographs, truths = tmp_path / "in", tmp_path / "truth"
    photographs.mkdir()
    truths.mkdir()
    for name in ("good", "cut", "size"):
        Image.fromarray(grey).save(photographs / f"{name}.jpg")
        Image.fromarray(truth).save(truths / f"{name}.png")
    Image.fromarray(plate(rng)).save(photographs / "bare.jpg")
    (photographs / "text.jpg").write_text("no picture")
    whole = (photographs / "cut.jpg").read_bytes()
    (photographs / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    Image.fromarray(truth[:100]).save(truths / "size.png")
    command = ["inspect", "images", "--in", photographs, "--out", tmp_path / "out"]
    result = CliRunner().invoke(app, [str(a) for a in (*command, "--truth", truths, "--json")])
    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    errors = {f["file"]: f["error"] for f in answer["files"]}
    assert [name for name, error in errors.items() if error is None] == ["bare.jpg", "good.jpg"]
    assert "truncated" in errors["cut.jpg"]
    assert "200×100" in errors["size.jpg"]
    assert [f["score"] is None for f in answer["files"]] == [bool(e) for e in errors.values()]
    assert "no picture" in errors["text.jpg"]
    assert answer["f1"] > 0.8
    assert answer["auroc"] == 1
    assert np.asarray(Image.open(tmp_path / "out" / "good.png")).any()


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        ("png", {}),
        ("jpg", {}),
        ("bmp", {}),
        ("tif", {}),
        ("tif", {"compression": "tiff_lzw"}),
        ("tif", {"compression": "jpeg"}),
    ],
)
def test_a_picture_cut_anywhere_is_refused_in_one_line(suffix, options, tmp_path):
    rng = np.random.default_rng(7)
    path = tmp_path / f"cut.{suffix}"
    Image.fromarray(plate(rng)[:40, :48]).save(path, **options)
    whole = path.read_bytes()
    for keep in rng.integers(0, len(whole) - 20, 40):
        path.write_bytes(whole[:keep])
        with pytest.raises(InspectionError, match=rf"cut\.{suffix}: given: .+; valid: ") as caught:
            read_photograph(path)
        assert "\n" not in str(caught.value)


def test_pixels_that_are_not_finite_are_counted(tmp_path):
    deep = np.full((20, 30), 0.5, np.float32)
    Image.fromarray(deep).save(tmp_path / "good.tif")
    assert read_photograph(tmp_path / "good.tif").shape == (20, 30)
    deep[3, 4], deep[5, 6:8] = np.nan, np.inf
    Image.fromarray(deep).save(tmp_path / "bad.tif")
    with pytest.raises(InspectionError, match=r"bad\.tif: given: 3 of 600 pixels NaN or infinite"):
        read_photograph(tmp_path / "bad.tif")


def test_folders_that_make_no_sense_are_refused(tmp_path):
    Image.fromarray(plate(np.random.default_rng(6))).save(tmp_path / "a.png")
    for options in (
        ["--in", tmp_path / "none", "--out", tmp_path / "out"],
        ["--in", tmp_path, "--out", tmp_path],
        ["--in", tmp_path, "--out", tmp_path / "out", "--truth", tmp_path / "none"],
    ):
        result = CliRunner().invoke(app, ["inspect", "images", *map(str, options)])
        assert result.exit_code == 2
        assert "given:" in result.output
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "tiny.png")
    with pytest.raises(InspectionError, match="16×16"):
        read_photograph(tmp_path / "tiny.png")


def test_masks_of_two_photographs_with_one_name_are_two_files(tmp_path):
    rng = np.random.default_rng(8)
    grey, _ = cracked(rng)
    photographs = tmp_path / "in"
    photographs.mkdir()
    Image.fromarray(grey).save(photographs / "dup.bmp")
    Image.fromarray(plate(rng)).save(photographs / "dup.tif")
    Image.fromarray(plate(rng)).save(photographs / "other.bmp")
    words = ["inspect", "images", "--in", str(photographs), "--out", str(tmp_path / "out")]
    assert CliRunner().invoke(app, words).exit_code == 0
    masks = {p.name: np.asarray(Image.open(p)).any() for p in (tmp_path / "out").iterdir()}
    assert masks == {"dup.bmp.png": True, "dup.tif.png": False, "other.png": False}


def test_folders_within_the_photographs_are_no_photographs_and_nothing_is_written_over(tmp_path):
    """Masks of an earlier run, truths in any case of letters; the same answer each time."""
    rng = np.random.default_rng(9)
    grey, truth = cracked(rng)
    folder = tmp_path / "in"
    (folder / "truth").mkdir(parents=True)
    Image.fromarray(grey).save(folder / "a.tiff")
    Image.fromarray(plate(rng)).save(folder / "b.tiff")
    Image.fromarray(truth).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(folder / "truth" / "a.PNG")
    words = ["inspect", "images", "--in", folder, "--out", folder / "out", "--json"]
    for _ in range(2):
        told = CliRunner().invoke(app, [str(w) for w in (*words, "--truth", folder / "truth")])
        data = json.loads(told.stdout)
        assert [f["file"] for f in data["files"]] == ["a.tiff", "b.tiff"]
        assert (data["cracked"], data["free"], data["auroc"]) == (1, 1, 1.0)


def test_a_mask_is_written_over_a_mask_and_over_nothing_else(tmp_path):
    grey, truth = cracked(np.random.default_rng(9))
    photographs, out = tmp_path / "in", tmp_path / "out"
    for folder in (photographs, out, tmp_path / "truth"):
        folder.mkdir()
    Image.fromarray(grey).save(photographs / "a.jpg")
    Image.fromarray(truth).save(tmp_path / "truth" / "a.png")
    words = ["inspect", "images", "--in", photographs, "--truth", tmp_path / "truth", "--out"]

    def judge(to):
        return CliRunner().invoke(app, [str(w) for w in (*words, to)])

    assert judge(out).exit_code == 0
    assert judge(out).exit_code == 0
    Image.fromarray(grey).save(out / "a.png")
    Image.fromarray(truth).save(photographs / "a.png")
    before = {p: p.read_bytes() for p in tmp_path.rglob("*.*")}
    for to in (out, photographs, tmp_path / "truth", photographs / ".." / "in"):
        refused = judge(to)
        assert refused.exit_code == 2
        assert "written over" in refused.stderr or "overwrite" in refused.stderr
    assert {p: p.read_bytes() for p in tmp_path.rglob("*.*")} == before


def test_a_network_that_is_none_is_one_fault_and_not_one_a_photograph(tmp_path):
    Image.fromarray(plate(np.random.default_rng(6))).save(tmp_path / "a.png")
    (tmp_path / "net.onnx").write_bytes(b"no network")
    words = ["inspect", "images", "--in", tmp_path, "--out", tmp_path / "out", "--network"]
    told = CliRunner().invoke(app, [str(w) for w in (*words, tmp_path / "net.onnx")])
    assert told.exit_code == 2
    assert told.stderr.count("net.onnx") == 1
    assert not (tmp_path / "out").exists()
