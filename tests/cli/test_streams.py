"""What is on standard output, whoever writes there, in whatever terminal."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import twincell

ROOT = Path(__file__).parents[2]


def python(*arguments, encoding="utf-8"):
    source = str(Path(twincell.__file__).parents[1])
    environment = os.environ | {"PYTHONPATH": source, "PYTHONIOENCODING": encoding}
    return subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, check=False
    )


def test_what_libraries_print_is_no_result():
    code = (
        "import ctypes, os\n"
        "from twincell.cli.output import emit\n"
        "from twincell.cli.streams import settle_streams\n"
        "settle_streams()\n"
        "ctypes.CDLL(None).puts(b'b3Warning')\n"
        "os.write(1, b'noise')\n"
        "emit({'ok': True})\n"
    )
    done = python("-c", code)
    assert done.stdout == b'{"ok": true}\n'
    assert b"b3Warning" in done.stderr
    assert b"noise" in done.stderr


def test_a_closed_standard_error_closes_nothing_else():
    code = (
        "import os, sys\nos.close(2)\n"
        "from twincell.cli.streams import settle_streams\n"
        "settle_streams()\nprint('result')\n"
    )
    assert python("-c", code).stdout == b"result\n"


def test_a_terminal_without_our_letters_gets_question_marks():
    done = python("-m", "twincell", "world", "docs", encoding="latin-1")
    assert done.returncode == 0, done.stderr
    assert b"integer ? 0" in done.stdout


def test_an_object_is_whole_in_any_encoding():
    code = "from twincell.cli.output import emit\nemit({'power': 'über 3 µW'})\n"
    done = python("-c", code, encoding="ascii")
    assert json.loads(done.stdout) == {"power": "über 3 µW"}


def test_the_installed_command_is_the_same():
    with (ROOT / "pyproject.toml").open("rb") as file:
        module, _, name = tomllib.load(file)["project"]["scripts"]["twincell"].partition(":")
    assert module == "twincell.__main__"
    assert callable(getattr(importlib.import_module(module), name))
