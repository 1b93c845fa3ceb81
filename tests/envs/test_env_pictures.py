"""Pictures of docs/environments.md are drawn only where one was asked for by its name."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "env_pictures.py"


@pytest.mark.parametrize(
    ("given", "drawn"),
    [([], "both"), (["hand_over"], "hand_over"), (["environments"], "environments")],
)
def test_what_is_named_is_drawn(monkeypatch, given, drawn):
    main = runpy.run_path(str(SCRIPT))["main"]
    done = []
    for name in ("hand_over", "environments"):
        monkeypatch.setitem(main.__globals__, name, lambda name=name: done.append(name))
    monkeypatch.setattr(sys, "argv", ["env_pictures.py", *given])
    main()
    assert done == (["hand_over", "environments"] if drawn == "both" else [drawn])


@pytest.mark.parametrize(("given", "code"), [("hand_ovr", 2), ("--help", 0)])
def test_other_words_draw_nothing(monkeypatch, capsys, given, code):
    main = runpy.run_path(str(SCRIPT))["main"]
    for name in ("strip", "whole"):
        monkeypatch.delitem(main.__globals__, name)
    monkeypatch.setattr(sys, "argv", ["env_pictures.py", given])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == code
    assert "environments,hand_over" in "".join(capsys.readouterr()).replace("', '", ",")
