from __future__ import annotations

from pathlib import Path

import pytest

from twincell.geometry.blade import BladeModel, blade_model
from twincell.world.blades import BladeShape, Part
from twincell.world.load import load_world
from twincell.world.model import World

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWINCELL_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="session")
def world_file() -> Path:
    return ROOT / "worlds" / "blade_cell.yaml"


@pytest.fixture(scope="session")
def world(world_file: Path) -> World:
    return load_world(world_file)


@pytest.fixture(scope="session")
def coarse() -> BladeModel:
    return blade_model(Part(shape=BladeShape(edge=0.0015)), ROOT)
