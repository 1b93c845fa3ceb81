"""Stops of the real arms in Bullet: as far and as long as foretold, and within the limits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from twincell.assets import world_path
from twincell.geometry.catalogue import nominal
from twincell.geometry.description import describe
from twincell.motion.controller import TrajectoryController
from twincell.motion.limits import JointLimits
from twincell.motion.outcome import Standstill
from twincell.motion.point_to_point import point_to_point
from twincell.physics.cell import PhysicsCell
from twincell.world.load import load_world

PATH = world_path("blade_cell")
WORLD = load_world(PATH)
ARMS = {name: describe(name, arm, PATH.parent) for name, arm in WORLD.arms.items()}
DT = 1.0 / WORLD.physics_rate


@dataclass(frozen=True)
class Stopped:
    """What was measured: the report, joint speeds step by step, and where the arm came to rest."""

    report: Standstill
    speeds: NDArray[np.float64]
    travel: float


def stopped(mover: str, share: float, category: int, pace: float = 1.0) -> Stopped:
    """Swing a mover and stop it after a share of its way."""
    physics = PhysicsCell(WORLD, ARMS, nominal(WORLD.part, PATH.parent), 0, [])
    arm, limits = WORLD.arms[mover], JointLimits.of(ARMS[mover], WORLD.arms[mover])
    joints, home = ARMS[mover].joints, np.asarray(arm.home, float)
    controller = TrajectoryController(mover, joints, limits, home)
    turn = np.zeros(len(home))
    turn[0] = 0.6
    turn[1:4] = (0.2, -0.3, 0.1)[: len(turn) - 1]
    motion = point_to_point(joints, home, home + turn, limits.slower(pace))
    controller.accept(motion, 0.0)
    now, speeds = 0.0, []

    def step() -> None:
        nonlocal now
        q, v = controller.update(now, DT, physics.joints(mover)[0])
        physics.command(mover, q, v)
        physics.step()
        now += DT
        speeds.append(physics.joints(mover)[1].copy())

    while now < share * motion.duration:
        step()
    origin = physics.joints(mover)[0].copy()
    controller.stop(category, now)
    if category == 0:
        physics.power_off(mover)
    report = None
    while report is None:
        assert now < motion.duration + 5.0
        step()
        report = controller.take_standstill()
    for _ in range(24):  # a tenth of a second more
        step()
    travel = np.max(np.abs(physics.joints(mover)[0] - origin))
    return Stopped(report, np.array(speeds), float(travel))


@pytest.mark.parametrize("mover", ARMS)
@pytest.mark.parametrize(("share", "pace"), [(0.2, 1.0), (0.5, 1.0), (0.8, 1.0), (0.5, 0.1)])
def test_a_stop_goes_as_far_and_as_long_as_foretold(mover: str, share: float, pace: float) -> None:
    stop = stopped(mover, share, 2, pace)
    report = stop.report
    assert report.distance == pytest.approx(stop.travel, rel=0.01, abs=1e-5)
    assert report.distance == pytest.approx(report.predicted_distance, rel=0.02)
    took = report.standstill - report.accepted
    foretold = report.predicted_standstill - report.accepted
    # time comes in steps
    assert took == pytest.approx(foretold, rel=0.10, abs=2.01 * DT)


@pytest.mark.parametrize("mover", ARMS)
@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_measured_joints_keep_the_limits_while_they_stop(mover: str, share: float) -> None:
    stop = stopped(mover, share, 1)
    limits = JointLimits.of(ARMS[mover], WORLD.arms[mover])
    acceleration = np.diff(stop.speeds, axis=0) / DT
    assert np.all(np.abs(acceleration) <= 1.05 * limits.acceleration)
    # over three steps: in one, the solver's own noise shows
    jerk = (acceleration[3:] - acceleration[:-3]) / (3 * DT)
    assert np.all(np.abs(jerk) <= 1.10 * limits.jerk)


def test_power_off_foretells_nothing_and_still_measures() -> None:
    stop = stopped("inspector", 0.5, 0)
    assert np.isnan(stop.report.predicted_distance)
    assert 0.0 < stop.report.distance == pytest.approx(stop.travel, rel=0.05, abs=1e-4)
