#!/usr/bin/env python3
"""Mend the CMake files of the ROS wheels, so that message packages can be built against them.

The wheels were built with an interpreter below /opt/python, and the CMake files that they export
still point there: at its headers and its site-packages. This replaces both by the running
interpreter's, below PREFIX/share. Running it again changes nothing.
"""

from __future__ import annotations

import argparse
import re
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

BUILDER = "/opt/python/"
INCLUDE = re.compile(r"/opt/python/cp3\d+-cp3\d+/include/python3\.\d+")
SITE = re.compile(r"/opt/python/cp3\d+-cp3\d+/lib/python3\.\d+/site-packages")
EXPORT = "*/cmake/export_*__rosidl_generator_pyExport.cmake"  # one a message package


class WheelsChangedError(Exception):
    """The wheels do not look as this script expects; the message says where."""


@dataclass(frozen=True)
class Interpreter:
    """What the mended files are to point at.

    Attributes:
        include: folder of Python.h.
        site: folder of installed packages.
    """

    include: Path
    site: Path

    @classmethod
    def running(cls) -> Interpreter:
        """The interpreter that runs this script, in its virtual environment."""
        paths = sysconfig.get_paths()
        return cls(Path(paths["include"]), Path(paths["purelib"]))


def mend_text(text: str, python: Interpreter) -> str:
    """`text` of a CMake file with both stale paths replaced."""
    return INCLUDE.sub(str(python.include), SITE.sub(str(python.site), text))


def mend(prefix: Path, python: Interpreter) -> int:
    """Mend all CMake files below `prefix`/share.

    Args:
        prefix: the environment that holds the wheels.
        python: what the files are to point at.

    Returns:
        How many files were changed.

    Raises:
        WheelsChangedError: no message package is there, a stale path of an unknown form remains,
            or a message package's export does not name the headers.
    """
    share = prefix / "share"
    exports = sorted(share.glob(EXPORT))
    if not exports:
        raise WheelsChangedError(
            f"no {EXPORT} below {share}: are requirements/ros.lock's wheels there?"
        )
    changed = 0
    for file in sorted(share.glob("*/cmake/*.cmake")):
        before = file.read_text(encoding="utf-8")
        after = mend_text(before, python)
        if after != before:
            file.write_text(after, encoding="utf-8")
            changed += 1
        for number, line in enumerate(after.splitlines(), start=1):
            if BUILDER in line:
                raise WheelsChangedError(f"{file}:{number}: unknown stale path: {line.strip()}")
    for file in exports:
        if str(python.include) not in file.read_text(encoding="utf-8"):
            raise WheelsChangedError(
                f"{file}: expected {python.include}: was this environment moved?"
            )
    return changed


def main() -> int:
    """Mend the environment of the running interpreter, or PREFIX."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("prefix", nargs="?", type=Path, default=Path(sys.prefix))
    prefix = parser.parse_args().prefix
    python = Interpreter.running()
    if not (python.include / "Python.h").is_file():
        print(f"mend: no Python.h in {python.include}: install python3-dev", file=sys.stderr)
        return 1
    try:
        changed = mend(prefix, python)
    except WheelsChangedError as error:
        print(f"mend: a ROS wheel is not as expected: {error}", file=sys.stderr)
        return 1
    print(f"mend: {changed} CMake files changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
