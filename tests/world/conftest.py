from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "worlds" / "blade_cell.yaml"


@pytest.fixture(scope="session")
def shipped() -> Path:
    return SHIPPED


@pytest.fixture
def mutated(tmp_path: Path) -> Callable[..., Path]:
    """A copy of the shipped world with one text put in the place of another.

    In what is replaced `<#>` means any number, so that tuning the world breaks no test.
    """

    def make(*pairs: tuple[str, str]) -> Path:
        text = SHIPPED.read_text(encoding="utf-8")
        for old, new in pairs:
            pattern = re.escape(old).replace("<\\#>", r"-?[0-9.]+")
            text, count = re.subn(pattern, lambda _, new=new: new, text, count=1)
            assert count == 1, f"the shipped world has no {old!r}"
        path = tmp_path / "world.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return make
