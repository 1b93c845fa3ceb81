"""Whether the work of a world can be done: every pocket, the fixture, every pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twincell.errors import MotionError
from twincell.geometry.pose import Pose
from twincell.motion.linear import line_joints

if TYPE_CHECKING:
    from twincell.motion.motions import CellMotions

__all__ = ["LIFT", "reach_faults"]

LIFT = 0.16
"""How far above a standing blade a carried one passes its neighbours [m]."""


def reach_faults(motions: CellMotions) -> list[str]:
    """What cannot be reached, one line each: `key: what is wrong`."""
    return [*_homes(motions), *_places(motions), *_passes(motions)]


def _homes(motions: CellMotions) -> list[str]:
    return [
        f"arms.{name}.home: {list(arm.home)} is in collision; valid: joint positions where the "
        f"mover touches neither itself, another mover at home, furniture nor a rack"
        for name, arm in motions.world.arms.items()
        if not motions.free(name, np.asarray(arm.home, float))
    ]


def _places(motions: CellMotions) -> list[str]:
    faults = []
    handler = motions.world.handler
    arm = motions.arms[handler]
    for name, place in motions.places.items():
        rack, _, pocket = name.partition("/")
        key = f"racks.{rack}.place" if pocket else "fixture.place"
        what = f"pocket {pocket}" if pocket else "the fixture"
        grasp = place @ motions.grasp
        above = Pose(grasp.p + np.array([0.0, 0.0, LIFT]), grasp.q)
        try:
            rows = line_joints(arm, motions.reach(handler, above), grasp)
        except MotionError as error:
            faults.append(f"{key}: {what}: {error}; move it nearer to '{handler}'")
            continue
        if not all(motions.free(handler, q) for q in rows[:: max(1, len(rows) // 4)]):
            faults.append(f"{key}: '{handler}' at {what} would collide; give it more room")
    return faults


def _passes(motions: CellMotions) -> list[str]:
    inspection = motions.world.inspection
    table = motions.world.fixture.arm
    limits = motions.arms[table].limits
    faults = [
        f"inspection.views[{i}]: {view:g} rad is beyond '{table}', valid: "
        f"{limits.lower[0]:g} to {limits.upper[0]:g}"
        for i, view in enumerate(inspection.views)
        if not limits.within([view])
    ]
    for view in range(min(2, len(inspection.views))):
        try:
            sweep = motions.scan_pass(view)
        except MotionError as error:
            faults.append(f"inspection.arm: the pass over view {view}: {error}")
            continue
        if not all(motions.free(inspection.arm, q) for q in sweep.positions[::20]):
            faults.append(
                f"inspection.arm: '{inspection.arm}' would collide in the pass over view {view}"
            )
    return faults
