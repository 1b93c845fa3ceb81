"""Scripts stand in for the node, found in a prefix as ROS lays it out."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from twincell.errors import TwincellError
from twincell.stack.alone import run_alone


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    script = folder / "prefix" / "lib" / "twincell_nodes" / "study"
    script.parent.mkdir(parents=True)
    script.write_text(f"#!{sys.executable}\n{body}")
    script.chmod(0o755)
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(folder / "prefix"))


def test_what_the_node_leaves_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, lines = tmp_path / "found.json", []
    stand_in(
        tmp_path, monkeypatch,
        f"import sys\nprint('2 of 3', flush=True)\nopen({str(file)!r}, 'w').write('[1]')\n"
        "sys.exit(1)\n",
    )  # fmt: skip
    assert run_alone("study", {}, tmp_path, file, lambda _, line: lines.append(line), (0, 1)) == (
        "[1]"
    )
    assert lines == ["2 of 3"]
    with pytest.raises(TwincellError, match=r"study ended with exit code 1; see .*logs"):
        run_alone("study", {}, tmp_path, file, lambda *_: None)


def test_a_node_that_leaves_nothing_has_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, monkeypatch, "pass\n")
    with pytest.raises(TwincellError, match="study ended with exit code 0"):
        run_alone("study", {}, tmp_path, tmp_path / "found.json", lambda *_: None)
