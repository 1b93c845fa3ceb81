"""Files by which a run's folder says what it is and what came of it, read with care."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twincell.errors import TrainingError

__all__ = ["DESIGN", "RESULT", "read_design", "read_result"]

DESIGN, RESULT = "training.json", "result.json"
"""Of a run's folder, what it is; of a seed's, what came of it, written last."""

_OF_DESIGN: Mapping[str, type] = {"env": str, "algo": str, "options": dict}
_OF_RESULT: Mapping[str, type] = {
    "seed": int, "steps": int, "episodes": int, "successes": int, "success_rate": float,
}  # fmt: skip


def read_design(folder: Path) -> dict[str, Any]:
    """What the training in `folder` is.

    Raises:
        TrainingError: the folder holds none.
    """
    return _read(folder / DESIGN, _OF_DESIGN, "a folder of 'twincell train'")


def read_result(file: Path) -> dict[str, Any]:
    """What came of a seed.

    Raises:
        TrainingError: the file is not what `train_seed` writes.
    """
    return _read(file, _OF_RESULT, "as 'twincell train' writes it; without it the seed goes on")


def _read(file: Path, wanted: Mapping[str, type], valid: str) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise TrainingError(f"{file}: given: {fault}; valid: {valid}") from None
    table: dict[str, Any] = found if isinstance(found, dict) else {}
    wrong = [name for name, kind in wanted.items() if not isinstance(table.get(name), kind)]
    if wrong:
        said = ", ".join(f"{name} {table.get(name)!r}" for name in wrong)
        raise TrainingError(f"{file}: given: {said}; valid: {valid}")
    return table
