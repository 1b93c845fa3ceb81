"""Files of a command's results: whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from twincell.errors import TwincellError

__all__ = ["write_whole"]


def write_whole(files: Mapping[Path, bytes]) -> None:
    """Write files beside their place, then move each there; their folders are made.

    Raises:
        TwincellError: one cannot be written; nothing of it is left.
    """
    for path, content in files.items():
        part = path.with_name(f".{path.name}.new")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                part.write_bytes(content)
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)
        except OSError as error:
            raise TwincellError(f"{path}: cannot be written: {error.strerror}") from None
