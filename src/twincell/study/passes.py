"""The profiler's passes over a clamped blade, as the cell makes them, without arms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from twincell.geometry.blade import BladeModel
from twincell.geometry.pose import Pose
from twincell.world.model import World

__all__ = ["Pass", "passes"]

# z of the optical frame looks along -x of the world, its x along y, its y down
_LOOK = Rotation.from_matrix(np.array([[0, 0, -1], [1, 0, 0], [0, -1, 0]])).as_quat()
_FIXTURE = np.array([0.55, 0.0, 0.73])
"""Where the fixture's plate is; any place does, as the sensor moves with it [m]."""


@dataclass(frozen=True)
class Pass:
    """One pass.

    Attributes:
        part: pose of the clamped part in the world.
        sensors: pose of the optical frame in the world at each line.
        in_part: pose of the optical frame in the part frame at each line.
    """

    part: Pose
    sensors: tuple[Pose, ...]
    in_part: tuple[Pose, ...]


def passes(world: World, model: BladeModel, phase: float = 0.0) -> tuple[Pass, ...]:
    """One pass a view: straight up the span at the standoff, a line every speed / rate.

    Args:
        world: its inspection, profiler and fixture.
        model: the CAD.
        phase: where the first line lies between two lines, 0 to 1.
    """
    plan = world.inspection
    spec = world.profilers()[plan.profiler]
    step = plan.speed / spec.rate
    low, high = model.airfoil[0] - plan.margin, model.airfoil[1] + plan.margin
    heights = np.arange(low + phase * step, high, step)
    out = []
    for angle in plan.views:
        part = Pose.of(_FIXTURE, [0.0, 0.0, angle]) @ Pose.at(world.fixture.place)
        sensors = tuple(Pose(_FIXTURE + np.array([spec.standoff, 0.0, z]), _LOOK) for z in heights)
        back = part.inverse()
        out.append(Pass(part, sensors, tuple(back @ s for s in sensors)))
    return tuple(out)
