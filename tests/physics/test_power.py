"""Energy: the motors' work against the work of lifting, m g h summed over the links."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from twincell.geometry.pose import Pose
from twincell.motion.limits import JointLimits
from twincell.motion.point_to_point import point_to_point
from twincell.physics.cell import PhysicsCell

ARM = "inspector"


def potential(description, arm, q: np.ndarray) -> float:
    """Sum of m g h over the links [J]."""
    total = 0.0
    for link in ET.fromstring(description.urdf).findall("link"):
        inertial = link.find("inertial")
        if inertial is None:
            continue
        mass = float(inertial.find("mass").get("value"))
        origin = inertial.find("origin")
        xyz = (
            (0, 0, 0) if origin is None else [float(x) for x in origin.get("xyz", "0 0 0").split()]
        )
        total += mass * 9.81 * float((arm.link_pose(q, link.get("name")) @ Pose.of(xyz)).p[2])
    return total


def test_motors_do_the_work_of_lifting(world, descriptions, model, arms):
    cell = PhysicsCell(world, descriptions, model)
    low = np.array(world.arms[ARM].home)
    high = low + np.array([0.0, 0.3, -0.9, 0.3, 0.0, 0.0])
    limits = JointLimits.of(descriptions[ARM], world.arms[ARM])
    motion = point_to_point(descriptions[ARM].joints, low, high, limits.slower(0.5))
    net = positive = 0.0
    steps = int(motion.duration / cell.dt) + 60
    for k in range(steps):
        q, v, _ = motion.sample((k + 1) * cell.dt)
        cell.command(ARM, q, v)
        before = cell.joints(ARM)[1]
        cell.step()
        _, speed, effort = cell.joints(ARM)
        # the effort of a step acts while the speed goes from before to after
        net += float(effort @ (before + speed)) / 2 * cell.dt
        positive += float(np.maximum(effort * speed, 0.0).sum()) * cell.dt
    lifted = potential(descriptions[ARM], arms[ARM], high) - potential(
        descriptions[ARM], arms[ARM], low
    )
    assert lifted > 20.0
    assert net == pytest.approx(lifted, rel=0.01)
    draw = world.arms[ARM].power
    assert cell.energy()[ARM] == pytest.approx(
        draw.idle * steps * cell.dt + positive / draw.efficiency, rel=1e-9
    )
    assert positive >= lifted * 0.99


def test_standing_draws_idle_power(world, descriptions, model):
    cell = PhysicsCell(world, descriptions, model)
    for _ in range(240):
        cell.step()
    for name, arm in world.arms.items():
        assert cell.power()[name] == pytest.approx(arm.power.idle, abs=0.1)
        assert cell.energy()[name] == pytest.approx(arm.power.idle, rel=0.01)
