"""The shipped world, its movers' kinematics and collision checker, built once a session;
a folder's own conftest may have others of the same name."""

from __future__ import annotations

from pathlib import Path

import pytest

from twincell.assets import world_path
from twincell.geometry.blade import BladeModel
from twincell.geometry.catalogue import nominal
from twincell.geometry.description import RobotDescription, describe
from twincell.motion.kinematics import ArmModel
from twincell.motion.motions import CellMotions
from twincell.physics.collision import CollisionChecker
from twincell.world.load import load_world
from twincell.world.model import World

PATH = world_path("blade_cell")


@pytest.fixture(scope="session")
def base() -> Path:
    return PATH.parent


@pytest.fixture(scope="session")
def world() -> World:
    return load_world(PATH)


@pytest.fixture(scope="session")
def descriptions(world: World, base: Path) -> dict[str, RobotDescription]:
    return {name: describe(name, arm, base) for name, arm in world.arms.items()}


@pytest.fixture(scope="session")
def model(world: World, base: Path) -> BladeModel:
    return nominal(world.part, base)


@pytest.fixture(scope="session")
def arms(world: World, descriptions: dict[str, RobotDescription]) -> dict[str, ArmModel]:
    return {name: ArmModel(d, world.arms[name]) for name, d in descriptions.items()}


@pytest.fixture(scope="session")
def checker(
    world: World, descriptions: dict[str, RobotDescription], model: BladeModel
) -> CollisionChecker:
    return CollisionChecker(world, descriptions, model)


@pytest.fixture(scope="session")
def motions(
    world: World,
    descriptions: dict[str, RobotDescription],
    model: BladeModel,
    checker: CollisionChecker,
) -> CellMotions:
    return CellMotions(world, descriptions, checker.free, model.airfoil, model.grasp)
