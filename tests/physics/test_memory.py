"""A world that nobody holds any more takes no memory: cells, checkers and arms come and go."""

from __future__ import annotations

import gc
import os

import numpy as np
import psutil
import pytest

from twincell.geometry.lumped import lump
from twincell.physics.bullet_arms import BulletArms
from twincell.physics.cell import PhysicsCell
from twincell.physics.collision import CollisionChecker

MOST = 60.0
"""Growth over all rounds after the first [MB]; a world takes 70, the shipped cell's 100."""


def resident() -> float:
    gc.collect()
    return psutil.Process(os.getpid()).memory_info().rss / 1e6


def growth(make, rounds):
    make()
    before = resident()
    for _ in range(rounds):
        make()
    return resident() - before


def test_dropped_cells_take_no_memory(world, descriptions, model):
    assert growth(lambda: PhysicsCell(world, descriptions, model), 2) < MOST


def test_dropped_checkers_take_no_memory(world, descriptions, model):
    assert growth(lambda: CollisionChecker(world, descriptions, model), 2) < MOST


@pytest.mark.parametrize("tidy", [True, False], ids=["closed", "dropped"])
def test_arms_take_no_memory_when_done_with(world, descriptions, tidy):
    arm = lump(descriptions["handler"], dict.fromkeys(descriptions["handler"].gripper_joints, 0.0))

    def come_and_go():
        arms = BulletArms(arm, 1, 250.0)
        if tidy:
            arms.close()

    assert growth(come_and_go, 3) < MOST


def test_a_cell_that_goes_leaves_a_world_of_the_same_number_alone(world, descriptions):
    arm = lump(descriptions["inspector"])
    first = BulletArms(arm, 1, 250.0)
    number = first.worlds[0][0]
    first.close()
    second = BulletArms(arm, 1, 250.0)
    assert second.worlds[0][0] == number
    first.close()
    del first
    gc.collect()
    second.drive(np.full((1, len(arm.joints)), 0.1), 10)
    assert np.all(second.v > 0.05)
