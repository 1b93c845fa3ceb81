from __future__ import annotations

import numpy as np
import pytest
from typer.testing import CliRunner

from twincell.cli import app
from twincell.errors import InspectionError
from twincell.inspection.photo_calibration import fit_logistic
from twincell.inspection.photo_cracks import find_cracks
from twincell.inspection.photo_indications import find_pieces
from twincell.inspection.photo_normal import two_views
from twincell.inspection.photo_paths import CrackStyle, draw_crack
from twincell.inspection.photo_score import summary, tally
from twincell.inspection.photo_synthesis import CRACK, JOINT, cracked_surface


def test_the_same_root_draws_the_same_photograph_and_no_crack_where_none_is_asked_for():
    first, second = (cracked_surface(96, np.random.default_rng(5)) for _ in range(2))
    assert (first[0] == second[0]).all()
    assert (first[1] == second[1]).all()
    for seed in range(8):
        grey, labels = cracked_surface(96, np.random.default_rng(seed), cracks=0)
        assert not (labels == CRACK).any()
        assert grey.min() >= 0
        assert grey.max() <= 255


def test_labelled_cracks_are_darker_than_what_is_beside_them():
    darker = []
    for seed in range(30):
        grey, labels = cracked_surface(128, np.random.default_rng(seed), cracks=1)
        crack = labels == CRACK
        beside = np.zeros_like(crack)
        for shift in (6, -6):
            beside |= np.roll(crack, shift, 0) | np.roll(crack, shift, 1)
        beside &= labels == 0
        if crack.sum() > 60:
            darker.append(np.median(grey[crack]) < np.median(grey[beside]))
    assert len(darker) > 15
    assert np.mean(darker) > 0.8


def test_a_straight_path_covers_its_length_times_its_width():
    style = CrackStyle(width=(4.0, 4.0), length=(100.0, 100.0), wander=0.0, branching=0, fade=0)
    covers = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        covers.append(draw_crack(160, rng, style, start=(30.0, 80.0), bearing=0.0)[1].sum())
    # Widths swing about 4 px by a factor whose mean is 1.06, and taper at the end.
    assert np.mean(covers) == pytest.approx(400, rel=0.2)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of how torch writes ONNX
def test_a_training_that_was_cut_short_goes_on_and_another_is_refused(tmp_path, monkeypatch):
    from twincell.inspection import photo_network, photo_training

    out, told, write = tmp_path / "net.onnx", [], photo_network.write_onnx

    def cut(net, path):
        raise KeyboardInterrupt

    monkeypatch.setattr(photo_training, "_KEPT_EVERY", 1)
    monkeypatch.setattr(photo_network, "write_onnx", cut)
    with pytest.raises(KeyboardInterrupt):
        photo_training.train(out, steps=3, seed=1, batch=1, every=2, tell=told.append)
    monkeypatch.setattr(photo_network, "write_onnx", write)
    with pytest.raises(InspectionError, match=r"\(steps 3, now 4\); valid: the same command"):
        photo_training.train(out, steps=4, seed=1, batch=1, resume=True)
    learnt = [(np.zeros((2, 300, 300), np.float32), np.zeros((300, 300), np.uint8))]
    with pytest.raises(InspectionError, match=r"\(--from and photographs"):
        photo_training.train(out, steps=3, seed=1, batch=1, real=learnt, resume=True)
    photo_training.train(out, steps=3, seed=1, batch=1, resume=True, tell=told.append)
    assert told == ["resumed at step 1/3"]
    assert [p.name for p in tmp_path.iterdir()] == ["net.onnx"]
    assert find_cracks(np.full((32, 32), 100, np.float32), network=out).mask.shape == (32, 32)
    out.with_suffix(".state").write_bytes(b"cut")
    with pytest.raises(InspectionError, match=r"net\.state: given: .+; valid: a state of"):
        photo_training.train(out, steps=3, seed=1, batch=1, resume=True)


def test_dimming_leaves_what_the_network_sees_nearly_alone():
    grey = cracked_surface(96, np.random.default_rng(9), cracks=1)[0] + 60
    contrast, share = two_views(grey)
    dimmed = two_views(0.5 * grey)
    assert np.corrcoef(contrast.ravel(), dimmed[0].ravel())[0, 1] > 0.99
    assert np.corrcoef(share.ravel(), dimmed[1].ravel())[0, 1] > 0.99


def test_features_of_a_drawn_line_are_its_length_evidence_and_missing_light():
    grey = np.full((80, 120), 200, np.float32)
    crack = np.zeros_like(grey)
    grey[39:42, 20:100] = 100
    crack[39:42, 20:100] = 0.75
    pieces = find_pieces(grey, crack, np.zeros_like(grey))
    ((length, evidence, dark, joint),) = pieces.features
    assert 20 * np.exp(length) == pytest.approx(80, abs=4)
    assert (evidence, joint) == (pytest.approx(0.75), 0)
    assert dark == pytest.approx(0.5, abs=0.06)
    assert len(find_pieces(grey, 0.5 * crack, np.zeros_like(grey)).numbers) == 0


def test_logistic_regression_gives_the_log_odds_of_a_table_of_four():
    # 40 of 50 right with the feature, 10 of 50 without: constant ln(10/40), weight 2 ln 4.
    feature = np.repeat([1.0, 1, 0, 0], [40, 10, 10, 40])[:, None]
    right = np.repeat([1.0, 0, 1, 0], [40, 10, 10, 40])
    weight, constant = fit_logistic(feature, right)
    assert weight == pytest.approx(2 * np.log(4), rel=0.01)
    assert constant == pytest.approx(-np.log(4), rel=0.01)


def test_on_new_synthetic_photographs_cracks_are_told_from_joints_and_bare_surfaces():
    cracked, bare = [], []
    for seed in range(24):
        for count, tallies in ((1, cracked), (0, bare)):
            grey, labels = cracked_surface(224, np.random.default_rng([99, seed]), cracks=count)
            found = find_cracks(grey)
            tallies.append(tally(found.mask, found.score, (labels == CRACK, labels == JOINT)))
    cracked = [t for t in cracked if t.cracked]
    table = summary(cracked + bare)
    assert table["auroc"] > 0.75
    assert table["free_with_detection"] <= 0.25
    assert table["on_edges"] <= 0.05


def test_a_file_that_is_no_network_is_refused(tmp_path):
    (tmp_path / "net.onnx").write_bytes(b"no network")
    grey = np.full((32, 32), 100, np.float32)
    with pytest.raises(InspectionError, match=r"net\.onnx.*given.*valid"):
        find_cracks(grey, network=tmp_path / "net.onnx")


def test_training_wants_photographs_and_masks_together(tmp_path):
    options = ["--out", tmp_path / "net.onnx", "--photographs", tmp_path]
    result = CliRunner().invoke(app, ["inspect", "train", *map(str, options)])
    assert result.exit_code == 2
    assert "--truth" in result.output
