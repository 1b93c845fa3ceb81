"""Where blades and the hand are, from what was measured while nothing moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twincell.geometry.pose import Pose
from twincell.motion.reach import LIFT
from twincell.production.messages import Sighted
from twincell.production.motions import Motions
from twincell.production.targets import Targets
from twincell.world.model import World

__all__ = ["FIXTURE", "Place", "Standstill", "Whereabouts", "amiss", "look", "named"]

Array = NDArray[np.float64]

Place = tuple[str, int]
"""Rack and pocket; `FIXTURE` for the fixture."""
FIXTURE: Place = ("fixture", 0)

_NEAR = 0.008
"""A blade within this of a place stands in it [m]."""
_UPRIGHT = 0.97
"""Cosine of the most that its span may lean."""
_GRASPED = 0.015
"""A blade whose grasp is within this of the tip may be held [m]."""
_CLOSED = 0.9
"""Fingers nearer to each other than this share of their opening are not open."""
_BESIDE = 0.004
"""A tip within this of the line above a place is on it [m]."""
_TOP = 0.002
"""A tip this near to the line's upper end has left it [m]."""
_MOVED = 5e-4
"""A joint that has gone further has moved [rad or m]."""


@dataclass(frozen=True)
class Whereabouts:
    """What stands where.

    Attributes:
        blades: place of each; None for one that stands in none.
        held: the blade in the hand, None where it is empty.
        closed: whether the fingers are closed, or nearly so.
        over: the place on whose line the hand is: at it, or less than a lift above it.
        height: of the hand above that place [m].
        away: movers that are not at home.
    """

    blades: Mapping[str, Place | None]
    held: str | None
    closed: bool
    over: Place | None
    height: float
    away: tuple[str, ...]


def named(place: Place | None) -> str:
    """A place in words."""
    if place is None:
        return "in no place"
    return "in the fixture" if place == FIXTURE else f"in {place[0]}, pocket {place[1]}"


def amiss(blade: Pose, place: Pose) -> str:
    """What is wrong with a blade that has to stand at a place, in words; empty where nothing is.

    Args:
        blade: world pose of its part frame.
        place: where that has to be.
    """
    off = _apart(blade, place)
    upright = float(blade.rotation()[:, 2] @ place.rotation()[:, 2])
    if off < _NEAR and upright > _UPRIGHT:
        return ""
    lean = np.degrees(np.arccos(np.clip(upright, -1.0, 1.0)))
    return f"it is {off * 1e3:.0f} mm away from it and leans by {lean:.0f} degrees"


def look(world: World, motions: Motions, targets: Targets, sighted: Sighted) -> Whereabouts:
    """Find every blade and the hand.

    Args:
        world: racks, movers.
        motions: their kinematics.
        targets: where the tip is at each place.
        sighted: joints, fingers and blades, measured while nothing moved.
    """
    at = sighted.positions
    table = world.fixture.arm
    # the table may be turned: a blade in the fixture turns with it
    datum = motions.forward(table, at[table]) @ Pose.at(world.fixture.place)
    stands = {FIXTURE: datum} | targets.places
    blades = {name: _standing(pose, stands) for name, pose in sighted.blades.items()}
    tip = motions.forward(world.handler, at[world.handler])
    gripper = world.arms[world.handler].gripper
    closed = gripper is not None and sighted.opening < _CLOSED * gripper.open
    reach = {name: _apart(targets.grasped(pose), tip) for name, pose in sighted.blades.items()}
    nearest = min(reach, key=lambda name: reach[name], default=None)
    near = nearest is not None and reach[nearest] < _GRASPED
    over, height = _line(tip, {FIXTURE: targets.fixture()} | targets.pockets)
    homes = {m: np.asarray(arm.home, float) for m, arm in world.arms.items() if m in at}
    return Whereabouts(
        blades,
        nearest if closed and near else None,
        closed,
        over,
        height,
        tuple(m for m, home in homes.items() if np.max(np.abs(at[m] - home)) > 1e-3),
    )


def _apart(a: Pose, b: Pose) -> float:
    return float(np.linalg.norm(a.p - b.p))


def _standing(blade: Pose, places: Mapping[Place, Pose]) -> Place | None:
    place = min(places, key=lambda name: _apart(blade, places[name]))
    return None if amiss(blade, places[place]) else place


def _line(tip: Pose, places: Mapping[Place, Pose]) -> tuple[Place | None, float]:
    """The place that the tip is at or above, short of a whole lift."""
    for name, pose in places.items():
        off = tip.p - pose.p
        if np.hypot(off[0], off[1]) < _BESIDE and -_NEAR < off[2] < LIFT - _TOP:
            return name, max(0.0, float(off[2]))
    return None, 0.0


class Standstill:
    """Notices that movers and fingers have come to rest.

    Args:
        lasts: how long nothing may have moved [s]: a clamp or gripper that was told to move has
            done so by then, too.
    """

    def __init__(self, lasts: float = 1.0) -> None:
        self._lasts = lasts
        self._before: Array | None = None
        self._since = 0.0

    def update(self, now: float, positions: Mapping[str, Array], opening: float) -> bool:
        """Whether everything has stood for long enough.

        Args:
            now: time [s].
            positions: of the joints by mover, each shape (d,) [rad].
            opening: between the fingers [m].
        """
        rows = [*(positions[name] for name in sorted(positions)), [opening]]
        row = np.concatenate([np.asarray(r, float) for r in rows])
        if self._before is None or np.max(np.abs(row - self._before)) > _MOVED:
            self._before, self._since = row, now
        return now - self._since >= self._lasts
