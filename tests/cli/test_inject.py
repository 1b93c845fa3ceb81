"""`twincell inject` against a stand-in for the node, which tells what it was asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from twincell.cli import app

PROGRAM = """#!/bin/sh
printf '%s\\n' "$@" > {asked}
{act}
"""


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Puts a program where the node would be; gives the file with its arguments."""

    def put(act: str) -> Path:
        asked = tmp_path / "asked"
        program = tmp_path / "lib" / "twincell_nodes" / "inject"
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(PROGRAM.format(asked=asked, act=act))
        program.chmod(0o755)
        monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path))
        return asked

    return put


def call(*args: object):
    return CliRunner().invoke(app, [str(a) for a in ("inject", *args)])


def test_what_happened_is_printed_and_what_was_asked_is_sent(node) -> None:
    asked = node(
        """echo '{"success": true, "text": "handler fails", "id": "arm_failed/handler"}'"""
    )
    done = call("arm_failed", "handler", "--set", "lasts=25 s", "--namespace", "west", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {
        "kind": "arm_failed",
        "subject": "handler",
        "id": "arm_failed/handler",
        "text": "handler fails",
    }
    kind, subject, parameters, _wait, *ros = asked.read_text().splitlines()
    assert (kind, subject, json.loads(parameters)) == ("arm_failed", "handler", {"lasts": "25 s"})
    assert ros == ["--ros-args", "-r", "__ns:=/west"]


def test_numbers_are_sent_as_numbers(node) -> None:
    asked = node("""echo '{"success": true, "text": "", "id": ""}'""")
    assert call("arm_slow", "handler", "--set", "factor=0.5").exit_code == 0
    assert json.loads(asked.read_text().splitlines()[2]) == {"factor": 0.5}


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("arm_faild", "handler"), "did you mean 'arm_failed'"),
        (("arm_failed", "handler"), "needs 'until' or 'lasts'"),
        (("arm_failed", "handler", "--set", "last=3"), "did you mean 'lasts'"),
        (("arm_failed", "handler", "--set", "lasts"), "valid: NAME=VALUE"),
        (("arm_failed", "handler", "--set", "lasts=1", "--set", "lasts=2"), "given twice"),
        (("arm_failed", "handler", "--set", "lasts=3 kg"), "'lasts'"),
        (("arm_slow", "handler", "--set", "factor=2"), "[0.001, 1]"),
        (("arm_failed", "handler", "--set", "lasts=1e20"), "'lasts' is 1e+20; valid: at most"),
    ],
)
def test_what_makes_no_sense_starts_nothing(node, args: tuple[str, ...], told: str) -> None:
    asked = node("exit 1")
    done = call(*args)
    assert done.exit_code == 2
    assert told in done.output
    assert not asked.exists()


@pytest.mark.parametrize(
    ("act", "told"),
    [
        ("exit 3", "no stack answers at /production/inject in ROS_DOMAIN_ID=77"),
        ("exit 4", "has not answered within 10 s"),
        ("echo broken >&2; exit 1", "exit code 1: broken"),
        ("""echo '{"success": false, "text": "unknown arm", "id": ""}'""", "refused: unknown arm"),
    ],
)
def test_without_a_stack_or_where_it_refuses_the_error_says_so(
    node, monkeypatch: pytest.MonkeyPatch, act: str, told: str
) -> None:
    monkeypatch.setenv("ROS_DOMAIN_ID", "77")
    node(act)
    done = call("arm_failed", "handler", "--set", "lasts=25 s")
    assert done.exit_code == 2
    assert told in done.output
