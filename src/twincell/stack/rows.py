"""Rows of a campaign that are kept as it goes on."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from twincell.errors import TwincellError

__all__ = ["read_rows", "write_rows"]


def read_rows(
    path: Path, what: str, touch: Callable[[dict[str, Any]], object]
) -> list[dict[str, Any]]:
    """The rows that an earlier campaign has left, to go on with; none where there is no file.

    Args:
        path: of the file.
        what: its rows are, in the plural.
        touch: reads of a row what is asked of it later; fails where it is no such row.

    Raises:
        TwincellError: the file holds something else.
    """
    if not path.is_file():
        return []
    try:
        rows = list(json.loads(path.read_text(encoding="utf-8")))
        for row in rows:
            touch(row)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise TwincellError(
            f"{path} holds no {what} ({error!r}); move it away or give another folder"
        ) from None
    return rows


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows as JSON, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(list(rows), indent=1) + "\n", encoding="utf-8")
    part.replace(path)
