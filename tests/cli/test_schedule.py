"""`twincell schedule` and `twincell reschedule` as a user meets them."""

from __future__ import annotations

import csv
import json

import pytest
from PIL import Image
from typer.testing import CliRunner

from tests.production.shops import FT06
from twincell.cli import app

FLEXIBLE = "2 2\n2 2 1 3 2 4 1 2 2\n1 1 1 5\n"
EVENTS = """Dynamic events\tOccurrence time\tEvent type\tInformation about dynamic events
D1               5                 0             M3 10
D2               20                1             M1 6 M2 3 M3 4 ;
D3               30                3             J6;
"""


def call(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "ft06.txt").write_text(FT06)
    (tmp_path / "flexible.txt").write_text(FLEXIBLE)
    (tmp_path / "events.txt").write_text(EVENTS)
    return tmp_path


def test_schedule_gives_keys_plan_and_picture(folder) -> None:
    out = folder / "out"
    file = folder / "ft06.txt"
    result = call("schedule", file, "--time-limit", "20", "--json", "--out", out)
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["makespan"] == told["bound"] == 55
    assert told["gap"] == told["nervousness"] == 0.0
    assert told["optimal"] is True
    with (out / "ft06.csv").open() as text:
        rows = list(csv.DictReader(text))
    assert len(rows) == 36
    assert max(int(r["end"]) for r in rows) == 55
    assert (out / "ft06.png").read_bytes().startswith(b"\x89PNG")
    assert sorted(p.name for p in out.iterdir()) == ["ft06.csv", "ft06.png"]


def test_schedule_says_it_in_words(folder) -> None:
    result = call("schedule", folder / "flexible.txt", "--out", folder / "out")
    assert result.exit_code == 0
    assert "makespan 6, bound 6 (proven the shortest), 3 operations" in result.stdout


def test_without_time_there_is_a_plan_all_the_same(folder) -> None:
    out = folder / "out"
    result = call("schedule", folder / "ft06.txt", "--time-limit", "0", "--json", "--out", out)
    told = json.loads(result.stdout)
    assert told["bound"] <= 55 <= told["makespan"]
    assert told["gap"] == pytest.approx(1 - told["bound"] / told["makespan"])


def test_reschedule_compares_policies_event_by_event(folder) -> None:
    result = call(
        "reschedule", folder / "events.txt", "--shop", folder / "ft06.txt", "--json",
        "--out", folder / "out",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert set(told["policies"]) == {"match_up", "right_shift", "complete"}
    ours = told["policies"]["match_up"]
    assert told["makespan"] == ours["makespan"] >= told["bound"]
    assert told["nervousness"] == ours["nervousness"]
    assert [e["name"] for e in ours["events"]] == ["D1", "D2", "D3"]
    assert ours["events"][0]["what"] == "M3 down for 10"
    assert ours["makespan"] <= told["policies"]["right_shift"]["makespan"]


def test_a_file_that_is_none_ends_with_code_2_and_its_line(folder) -> None:
    bad = folder / "bad.txt"
    bad.write_text(FLEXIBLE.replace("1 1 1 5", "1 1 9 5"))
    result = call("schedule", bad)
    assert result.exit_code == 2
    assert f"{bad}:3: machine '9'; valid: a whole number from 0 to 2" in result.stderr
    result = call("reschedule", folder / "events.txt")
    assert result.exit_code == 2
    assert "valid: --shop with the job-shop file" in result.stderr
    (folder / "file").write_text("")
    result = call("schedule", folder / "flexible.txt", "--out", folder / "file")
    assert result.exit_code == 2
    assert "cannot be written" in result.stderr


def test_machines_without_work_get_no_row(folder) -> None:
    (folder / "wide.txt").write_text(FLEXIBLE.replace("2 2\n", "2 20000\n", 1))
    out = folder / "out"
    assert call("schedule", folder / "wide.txt", "--out", out).exit_code == 0
    with Image.open(out / "wide.png") as picture:
        assert picture.height < 600
