"""Files of ARIAC 2025: what is read, what is noted, what is refused."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from twincell.cli import app
from twincell.errors import ProductionError
from twincell.production.ariac_2025 import Defects, Scoring, read_2025

SCORING = """
PENALTIES: {GOOD_CELL_IN_INSPECTION_BIN: 90, CELL_IN_CONVEYOR_BIN: 40, AGV_COLLISION: 7}
WEIGHTS: {W1: 5, W2: 8}
SENSOR_BUDGET: 70
NOMINAL_INSPECTION_TIME: 3.5
NOMINAL_HIGH_PRIORITY_EXECUTION_DURATION: 120
"""
ROW = st.tuples(st.sampled_from([1, 2, 3]), st.floats(-3.14, 3.14), st.floats(0, 0.06))


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(sets=st.lists(st.lists(ROW, max_size=3), min_size=1, max_size=4))
def test_defects_come_as_they_were_written(
    sets: list[list[tuple[int, float, float]]], tmp_path: Path
) -> None:
    path = tmp_path / "defects.yaml"
    given_sets = {i: {"desc": f"cell {i}", "defects": [list(r) for r in s]}
                  for i, s in enumerate(sets, 1)}  # fmt: skip
    path.write_text(yaml.safe_dump(given_sets))
    read = read_2025(path)
    assert isinstance(read, Defects)
    names = {1: "dent", 2: "bulge", 3: "scratch"}
    for each, rows in zip(read.sets, sets, strict=True):
        got = [(d.kind, d.angle, d.height) for d in each.defects]
        assert got == [(names[k], a, h) for k, a, h in rows]


def test_scoring_is_read_with_its_notes(tmp_path: Path) -> None:
    path = tmp_path / "scoring.yaml"
    path.write_text(SCORING)
    read = read_2025(path)
    assert isinstance(read, Scoring)
    assert read.scrap == {"GOOD_CELL_IN_INSPECTION_BIN": 90, "CELL_IN_CONVEYOR_BIN": 40}
    assert (read.inspection, read.rush) == (3.5, 120)
    notes = " ".join(read.notes)
    for word in ("line 2: penalty AGV_COLLISION", "line 3: weights W1, W2", "line 4"):
        assert word in notes


def test_a_trial_of_2023_is_none_of_them(tmp_path: Path) -> None:
    path = tmp_path / "trial.yaml"
    path.write_text("orders: []\n")
    assert read_2025(path) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1: {desc: a, defects: [[4, 0.1, 0.02]]}", "type 4; valid: 1 dent, 2 bulge, 3 scratch"),
        ("1: {desc: a, defects: [[1, 0.1]]}", r"valid: \[type, angle, height\]"),
        ("1: {desc: a, defects: [[1, 0.1, -0.02]]}", "given -0.02; valid: a finite number from 0"),
        ("1: {desc: a}", "valid: a mapping with 'defects'"),
        (SCORING.replace("70", "70").replace("SENSOR_BUDGET", "SENSOR"), "'SENSOR_BUDGET' is miss"),
        (SCORING.replace("40", "-40"), "given -40; valid: a finite number from 0"),
    ],
)
def test_faults_are_told(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_text(text)
    with pytest.raises(ProductionError, match=message):
        read_2025(path)


def test_the_command_tells_both(tmp_path: Path) -> None:
    path = tmp_path / "defects.yaml"
    path.write_text("1: {desc: one dent, defects: [[1, 1.5707963267948966, 0.03]]}\n")
    plain = CliRunner().invoke(app, ["ariac", str(path)])
    assert plain.exit_code == 0, plain.output
    assert "cell 1 (one dent): dent at 90 deg, 30 mm" in plain.output
    told = json.loads(CliRunner().invoke(app, ["ariac", str(path), "--json"]).stdout)
    assert told["sets"][0]["defects"] == [{"kind": "dent", "angle": math.pi / 2, "height": 0.03}]
    path.write_text(SCORING)
    told = json.loads(CliRunner().invoke(app, ["ariac", str(path), "--json"]).stdout)
    assert told["inspection"] == 3.5
