"""`twincell bench cell`: what it makes of the figures of its shifts."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from twincell.cell.campaign import CELL_FIGURES
from twincell.cli import app
from twincell.cli.bench_cell import rows_of
from twincell.cli.checked import checked_world
from twincell.twin.cell_policies import CELL_POLICIES

RUN = ("bench", "cell", "--scenarios", "2", "--seed", "6", "--out")


def test_the_report_is_that_of_the_shifts_that_are_known(tmp_path: Path) -> None:
    world, path = checked_world("blade_cell")
    part = rows_of(world, path, tmp_path, 6)
    figures = np.random.default_rng(2).uniform(1.0, 9.0, (2, len(CELL_POLICIES), len(CELL_FIGURES)))
    for number, row in enumerate(figures):
        part.add(number, row)
    done = CliRunner().invoke(app, [*RUN, str(tmp_path), "--json"])
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    mean = figures.mean(axis=0)
    at = CELL_FIGURES.index("turnaround")
    for p, name in enumerate(CELL_POLICIES):
        assert report["policies"][name]["turnaround"]["mean"] == pytest.approx(mean[p, at])
        if p:
            told = report[f"against_{name}"]["turnaround"]["change"]
            assert told == pytest.approx(mean[0, at] / mean[p, at] - 1)
    with (tmp_path / "scenarios.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [float(r["energy"]) for r in rows] == figures[
        ..., CELL_FIGURES.index("energy")
    ].ravel().tolist()
    assert (tmp_path / "changes.png").read_bytes().startswith(b"\x89PNG")
    table = CliRunner().invoke(app, [*RUN, str(tmp_path)])
    assert "first in, first out" in table.output
    assert "target" not in table.output


def test_an_unknown_world_is_refused(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["bench", "cell", "blade_sell", "--out", str(tmp_path / "out")])
    assert done.exit_code == 2
    assert "did you mean 'blade_cell" in done.output
    assert not (tmp_path / "out").exists()
