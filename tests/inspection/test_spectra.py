"""Materials by spectra: against Bayes' rule, a published index by hand, and tables that are bad."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm
from typer.testing import CliRunner

from twincell.cli import app
from twincell.errors import InspectionError
from twincell.inspection.spectra import Readings, cross_validate, macro_f1, read_readings


def readings(apart: float, useful: int = 2, number: int = 400) -> Readings:
    """Two materials whose reflectance differs by `apart` standard deviations in one band."""
    rng = np.random.default_rng(5)
    materials = np.arange(number) % 2
    values = rng.normal(size=(number, 6)).astype(np.float32)
    values[:, useful] += apart * materials
    bands = np.linspace(500, 900, 6).astype(np.float32)
    return Readings(bands, {"R": values}, materials, np.arange(number) // 10)


@pytest.mark.parametrize("apart", [1.0, 2.0, 4.0])
def test_one_band_comes_near_to_bayes_rule(apart: float) -> None:
    """Two unit Gaussians: nobody is right more often than Phi(apart / 2)."""
    score = cross_validate(readings(apart), ["R"], 1, seed=3)
    best = norm.cdf(apart / 2)
    sigma = np.sqrt(best * (1 - best) / 400)
    assert best - 3 * sigma - 0.02 < score.f1 < best + 3 * sigma


def test_the_band_that_tells_them_apart_is_chosen_in_every_fold() -> None:
    score = cross_validate(readings(3.0, useful=4), ["R"], 1, seed=1)
    assert score.chosen == ((pytest.approx(820.0),),) * 10


def test_chance_stays_chance() -> None:
    """Bands are chosen within the training readings: noise is not learnt."""
    score = cross_validate(readings(0.0), ["R"], 2, seed=2)
    assert abs(score.f1 - 0.5) < 3 * 0.5 / np.sqrt(400) + 0.02


def test_readings_of_a_specimen_kept_apart_show_what_a_new_specimen_would() -> None:
    """Values that name the specimen and not the material: learnt when mixed, useless when not."""
    rng = np.random.default_rng(0)
    specimens = np.repeat(np.arange(40), 10)
    materials = rng.permutation(np.arange(40) % 2)[specimens]
    values = (5 * rng.normal(size=(40, 4))[specimens] + rng.normal(size=(400, 4)) / 2).astype("f4")
    given = Readings(np.array([600.0, 700, 800, 900], "f4"), {"R": values}, materials, specimens)
    assert cross_validate(given, ["R"], 4, seed=1).f1 > 0.95
    assert cross_validate(given, ["R"], 4, seed=1, apart=True).f1 < 0.70


def test_macro_f1_by_hand() -> None:
    """Class 0: 2 hits, 1 miss, 1 false; class 1: 1 hit, 1 miss, 1 false."""
    truth, said = np.array([0, 0, 0, 1, 1]), np.array([0, 0, 1, 1, 0])
    assert macro_f1(truth, said) == pytest.approx((4 / 6 + 2 / 4) / 2)


def table(folder: Path, name: str, lines: list[str]) -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


HEAD = ";620.0;630.0;Material class;Material subclass;Material specimen"
GOOD = [HEAD, *(f"{i};{0.1 * (i % 2) + i / 1e4};0.3;{i % 2 + 1};1;{i % 4}a" for i in range(40))]


def test_a_folder_is_read_and_told_as_a_table_and_as_json(tmp_path: Path) -> None:
    table(tmp_path, "R.csv", GOOD)
    given = read_readings(tmp_path)
    assert given.wavelengths.tolist() == [620.0, 630.0]
    assert given.channels["R"].shape == (40, 2)
    assert len(np.unique(given.specimens)) == 4
    words = ["inspect", "spectra", "--in", str(tmp_path), "--bands", "1"]
    result = CliRunner().invoke(app, [*words, "--json"])
    assert result.exit_code == 0, result.stderr
    (row,) = json.loads(result.stdout)["scores"]
    assert (row["channels"], row["bands"], row["f1"]) == (["R"], 1, 1.0)
    assert "R                  1   1.000" in CliRunner().invoke(app, words).stdout


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({}, "no R.csv"),
        ({"r.csv": GOOD}, "did you mean"),
        ({"R.csv": []}, "0 bands"),
        ({"R.csv": [HEAD]}, "0 readings"),
        ({"R.csv": [*GOOD, "40;x;0.3;1;1;1a"]}, "line 42, column '620.0': given: 'x'"),
        ({"R.csv": [*GOOD, "40;nan;0.3;1;1;1a"]}, "given: 'nan'"),
        ({"R.csv": [*GOOD, "40;0.1"]}, "line 42: given: 2 columns; valid: 6"),
        ({"R.csv": GOOD, "d.csv": GOOD[:-1]}, "d.csv: given: other bands, classes"),
        ({"R.csv": GOOD[:12]}, "at least 20"),
    ],
)
def test_bad_tables_say_where(tmp_path: Path, files: dict[str, list[str]], says: str) -> None:
    for name, lines in files.items():
        table(tmp_path, name, lines)
    with pytest.raises(InspectionError, match=says):
        cross_validate(read_readings(tmp_path), ["R"], 1, 0)
    result = CliRunner().invoke(app, ["inspect", "spectra", "--in", str(tmp_path)])
    assert result.exit_code == 2
