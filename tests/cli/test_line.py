"""`twincell line`: what it tells and writes, and what it refuses."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from twincell.assets import line_path
from twincell.cli import app
from twincell.production.line_read import line_of
from twincell.twin.line_study import study
from twincell.world.load import load_line

RUN = ("line", "--rollouts", "300", "--seed", "5")


def test_it_tells_what_the_study_found_and_writes_the_plan(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, [*RUN, "--json", "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    line = line_of(load_line("blade_line"))
    found = study(line, 5, 300)
    names = [plan.name for plan in found.plans]
    assert list(report["plans"]) == names
    assert len(set(names)) == len(names)
    assert report["chosen"] == names[found.chosen]
    for i, name in enumerate(names):
        told = report["plans"][name]["cost"]
        assert told["mean"] == pytest.approx(found.rollouts.cost[i].mean())
        assert told["p95"] == pytest.approx(np.quantile(found.rollouts.cost[i], 0.95))
    with (tmp_path / "plan.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(line.jobs) * line.steps
    starts = [float(row["start_s"]) for row in rows]
    assert starts == sorted(starts)
    given = load_line("blade_line")
    assert all(row["station"] in given.steps[row["step"]].on for row in rows)
    assert (tmp_path / "plans.png").read_bytes().startswith(b"\x89PNG")


def test_the_table_names_every_plan_and_the_gates_reason() -> None:
    done = CliRunner().invoke(app, RUN)
    assert done.exit_code == 0
    assert "first in, first out" in done.output
    assert "rollouts" in done.output


def test_a_wrong_file_ends_with_code_2_and_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(line_path("blade_line").read_text().replace("family: fan", "family: van"))
    done = CliRunner().invoke(app, [RUN[0], str(path), "--out", str(tmp_path / "out")])
    assert done.exit_code == 2
    assert "given 'van', no family of this line" in done.output
    assert not (tmp_path / "out").exists()
