from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

import twincell
from twincell.cell import run as cell_run
from twincell.cli import app
from twincell.errors import AssetError
from twincell.production.messages import Journalled
from twincell.stack import environment

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "worlds" / "blade_cell.yaml"


def call(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


@pytest.fixture
def broken(tmp_path):
    path = tmp_path / "broken.yaml"
    path.write_text(SHIPPED.read_text(encoding="utf-8").replace("speed: 25", "sped: 25"))
    return path


def test_help_reads_like_a_table_of_contents():
    result = call("--help")
    assert result.exit_code == 0
    places = [result.output.index(f" {name} ") for name in ("world", "run", "report", "up", "bag")]
    assert places == sorted(places)


def test_help_loads_nothing_heavy():
    code = (
        "import sys\nfrom twincell.cli import app\n"
        "try: app(['--help'])\nexcept SystemExit: pass\n"
        "heavy = {'numpy', 'pydantic', 'matplotlib', 'pybullet', 'open3d', 'pinocchio', 'numba'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    environment = {"PYTHONPATH": str(Path(twincell.__file__).parents[1]), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize(
    "arguments", [["world"], ["world", "check"], ["run"], ["report"], ["up"], ["bag", "rates"]]
)
def test_every_command_has_help(arguments):
    result = call(*arguments, "--help")
    assert result.exit_code == 0
    assert "Usage" in result.output


def test_version():
    assert call("--version").stdout.strip() == f"twincell {twincell.__version__}"


def test_check_is_0_for_a_good_world_and_1_for_a_bad_one(broken):
    assert call("world", "check", SHIPPED, "--no-motion").exit_code == 0
    result = call("world", "check", broken)
    assert result.exit_code == 1
    assert re.match(rf"{re.escape(str(broken))}:\d+: inspection\.sped: unknown key", result.stdout)


def test_check_as_json_is_one_object(broken):
    result = call("world", "check", broken, "--json")
    data = json.loads(result.stdout)
    assert (data["ok"], len(data["faults"]), result.exit_code) == (False, 1, 1)


def test_a_fault_of_the_user_is_one_message_and_code_2(broken, tmp_path):
    for arguments in (
        ["world", "check", tmp_path / "none.yaml"],
        ["run", broken],
        ["up", broken, "--list"],
        ["report", tmp_path],
        ["bag", "rates", tmp_path],
    ):
        result = call(*arguments)
        assert result.exit_code == 2, arguments
        assert result.stderr.startswith("error: ")
        assert "Traceback" not in result.output
        assert result.stdout == ""


def test_check_names_a_policy_that_is_not_there(tmp_path):
    text = (ROOT / "worlds" / "led_cell.yaml").read_text(encoding="utf-8")
    path = tmp_path / "led.yaml"
    path.write_text(text.replace("policy: reach-inspector", "policy: reach-inspecter"))
    line = next(i for i, t in enumerate(path.read_text().splitlines(), 1) if "-inspecter" in t)
    result = call("world", "check", path, "--no-motion")
    assert result.exit_code == 1
    assert f"{path}:{line}: arms.inspector.policy: policy 'reach-inspecter'" in result.output
    assert "did you mean 'reach-inspector'" in result.output


def test_schema_and_docs_go_to_a_file_or_to_standard_output(tmp_path):
    result = call("world", "schema", "--out", tmp_path / "a" / "schema.json")
    assert result.exit_code == 0
    assert json.loads((tmp_path / "a" / "schema.json").read_text())["title"] == "twincell world"
    assert call("world", "docs").stdout.startswith("# The world file")


def test_run_writes_the_result_and_its_report(made_up, tmp_path, monkeypatch):
    asked = {}

    def run_shift(world, path, seed, progress=None, longest=0.0, lead=None, attend=None):
        asked.update(world=world.name, path=path, seed=seed, longest=longest)
        progress(1.0, 0, 6)
        return made_up

    monkeypatch.setattr(cell_run, "run_shift", run_shift)
    out = tmp_path / "out"
    result = call("run", SHIPPED, "--seed", 11, "--max-time", 60, "--out", out, "--json")
    assert result.exit_code == 0, result.output
    assert asked == {"world": "blade_cell", "path": SHIPPED, "seed": 11, "longest": 60.0}
    data = json.loads(result.stdout)
    assert data["hash"] == made_up.hash
    assert sorted(p.name for p in out.iterdir()) == ["report.html", "run.json", "run.npz"]
    assert call("run", SHIPPED).exit_code == 0
    assert asked["seed"] == 7  # the world's own

    (out / "report.html").unlink()
    again = call("report", out)
    assert again.exit_code == 0
    assert "5 of 6" in again.stdout
    assert (out / "report.html").stat().st_size > 100_000


def test_run_makes_its_folder_before_the_shift(tmp_path, monkeypatch):
    monkeypatch.setattr(cell_run, "run_shift", lambda *_: pytest.fail("it ran the shift"))
    (tmp_path / "file").write_text("")
    result = call("run", SHIPPED, "--out", tmp_path / "file")
    assert result.exit_code == 2
    assert f"{tmp_path / 'file'}: File exists" in " ".join(result.stderr.split())


def test_a_shift_that_halted_is_shown_and_ends_with_2(made_up, monkeypatch):
    why = {"reason": "blade_2 cannot be taken out of the fixture"}
    halted = replace(made_up, events=(Journalled(9.0, "halted", "", why),))
    monkeypatch.setattr(cell_run, "run_shift", lambda *_: halted)
    for result in (call("run", SHIPPED, "--json"), call("run", SHIPPED)):
        assert result.exit_code == 2
        assert result.stdout
        assert "could not be finished: blade_2 cannot be taken out of the fixture" in result.output


def test_a_folder_with_a_journal_is_no_folder_for_a_new_shift(tmp_path):
    (tmp_path / "journal.mcap").write_bytes(b"")
    result = call("up", SHIPPED, "--out", str(tmp_path))
    assert result.exit_code == 2
    assert "journal of an earlier shift" in result.stderr.replace("\n", " ")
    assert "--out" in result.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["journal.mcap"]


def test_up_looks_for_the_workspace_before_it_makes_a_folder(tmp_path, monkeypatch):
    def missing(_specs):
        raise AssetError("no built workspace")

    monkeypatch.setattr(environment, "ready_environment", missing)
    result = call("up", SHIPPED, "--out", tmp_path / "run")
    assert result.exit_code == 2
    assert "no built workspace" in result.stderr
    assert "nodes; logs" not in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_up_lists_its_nodes():
    data = json.loads(call("up", SHIPPED, "--list", "--json").stdout)
    assert {"simulator", "orchestrator", "profiler"} <= {node["name"] for node in data["nodes"]}


def test_rates_end_with_1_when_a_topic_is_silent(tmp_path):
    topic = {"type": "X", "expected": 5.0, "measured": 5.0, "messages": 50}
    file = tmp_path / "rates.json"
    file.write_text(json.dumps({"topics": {"/a": topic}}))
    assert call("bag", "rates", file).exit_code == 0
    file.write_text(json.dumps({"topics": {"/a": topic | {"messages": 0, "measured": 0.0}}}))
    result = call("bag", "rates", file, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["silent"] == ["/a"]
