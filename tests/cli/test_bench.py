"""`twincell bench production`: what it writes, what it refuses, and going on after a break."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from twincell.cli import app
from twincell.cli.bench_files import Rows
from twincell.errors import ProductionError

RUN = ("bench", "production", "--load", "0.1", "--workers", "1", "--seed", "4", "--json")


def told(*more: str) -> dict[str, object]:
    result = CliRunner().invoke(app, [*RUN, *more])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert isinstance(found, dict)
    return found


def test_the_report_is_that_of_its_rows_and_a_broken_run_goes_on(tmp_path: Path) -> None:
    report = told("--scenarios", "2", "--out", str(tmp_path))
    with (tmp_path / "scenarios.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * 4
    mean = {
        name: np.mean([float(r["turnaround"]) for r in rows if r["policy"] == name])
        for name in ("ours", "fifo", "right_shift", "rescheduling")
    }
    for name in ("fifo", "right_shift", "rescheduling"):
        against = report[f"against_{name}"]
        assert isinstance(against, dict)
        assert set(against) >= {"throughput", "energy_cost", "turnaround", "tardiness", "margin"}
        got = against["turnaround"]
        assert got["change"] == pytest.approx(mean["ours"] / mean[name] - 1)
        assert got["low"] <= got["change"] <= got["high"]
    assert (tmp_path / "changes.png").read_bytes().startswith(b"\x89PNG")

    # what was played is kept; a line that was broken off is played anew
    part = tmp_path / ".load-0.1.part"
    lines = part.read_text().splitlines()
    first = json.loads(lines[1])
    first[1][0][2] = 12345.0
    part.write_text("\n".join([lines[0], json.dumps(first), lines[2][:20]]))
    again = told("--scenarios", "2", "--out", str(tmp_path))
    with (tmp_path / "scenarios.csv").open() as file:
        new = list(csv.DictReader(file))
    assert float(new[0]["turnaround"]) == 12345.0
    assert new[5]["turnaround"] == rows[5]["turnaround"]
    assert again["scenarios"] == 2


def test_rows_of_another_run_are_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    one = Rows.open(path, {"seed": 1}, (2,))
    one.add(3, np.array([1.0, 2.0]))
    assert Rows.open(path, {"seed": 1}, (2,)).known[3].tolist() == [1.0, 2.0]
    assert Rows.open(path, {"seed": 2}, (2,)).known == {}
    (tmp_path / "file").write_text("")
    with pytest.raises(ProductionError, match="cannot be"):
        Rows.open(tmp_path / "file" / "rows", {"seed": 1}, (2,))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--load", "9"), "load: given: 9; valid: 0.1 to 3"),
        (("--prices", "none.csv"), "none.csv: cannot be read"),
        (("--whole-days",), "valid: with --prices"),
        (("--ray", "nowhere"), "ray: address: given: 'nowhere'"),
    ],
)
def test_bad_options_are_told(more: tuple[str, ...], message: str, tmp_path: Path) -> None:
    command = ["bench", "production", "--scenarios", "2", "--out", str(tmp_path / "out"), *more]
    result = CliRunner().invoke(app, command)
    assert result.exit_code != 0
    text = " ".join((result.output + str(result.exception)).split())
    assert message in text
    assert not (tmp_path / "out").exists()


def test_a_tariff_with_an_hour_twice_is_refused_unless_days_are_left_out(tmp_path: Path) -> None:
    lines = [f"2023-05-0{d} {h:02d}:00:00+02:00,{h}" for d in (1, 2, 3) for h in range(24)]
    broken = tmp_path / "prices.csv"
    broken.write_text("time,price\n" + "\n".join([*lines[:40], lines[39], *lines[40:]]) + "\n")
    refused = CliRunner().invoke(app, [*RUN, "--scenarios", "2", "--prices", str(broken)])
    assert refused.exit_code != 0
    assert "an hour twice" in refused.output + str(refused.exception)
    assert "--whole-days" in refused.output + str(refused.exception)
