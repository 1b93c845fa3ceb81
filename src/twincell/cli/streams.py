"""Standard output for results alone, and for any terminal."""

from __future__ import annotations

import io
import os
import sys

__all__ = ["settle_streams"]


def settle_streams() -> None:
    """Keep standard output for what Python prints; what libraries print goes to standard error.

    Bullet and the URDF parsers write to file descriptor 1 by themselves, in the midst of an object
    of `--json`. Letters that a terminal does not have become question marks.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    old = sys.stdout
    try:
        os.fstat(sys.stderr.fileno())
        if not isinstance(old, io.TextIOWrapper) or old.fileno() != 1:
            return
        old.flush()
        results = os.dup(1)
        os.dup2(sys.stderr.fileno(), 1)
    except (OSError, AttributeError, ValueError):  # closed, or none of a process's own
        return
    file = os.fdopen(results, "wb", 0 if old.write_through else -1)
    sys.stdout = sys.__stdout__ = io.TextIOWrapper(  # type: ignore[misc]
        file,
        encoding=old.encoding,
        errors="replace",
        line_buffering=old.line_buffering,
        write_through=old.write_through,
    )
