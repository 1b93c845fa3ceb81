"""What stands still: furniture, racks, the clamp of the fixture, zones, and the visitor."""

from __future__ import annotations

from dataclasses import field
from typing import Annotated, Literal

from pydantic import Field

from twincell.world._typed import typed
from twincell.world.robots import Place
from twincell.world.units import (
    Duration,
    Extent,
    ExtentPair,
    Extents,
    Force,
    Length,
    Point2,
    Speed,
)

__all__ = ["Box", "Fixture", "Rack", "Visitor", "Zone"]


@typed
class Box:
    """A piece of furniture: table, pedestal, fence panel."""

    size: Extents
    """Edge lengths along x, y, z [m]."""
    place: Place
    """Pose of the centre in the world frame."""
    material: str = "painted_steel"
    """Optical material: concrete, painted_steel, steel, aluminium, titanium, polymer, rubber, skin,
    thermal_barrier, aluminide or cloth."""


@typed
class Rack:
    """Pockets in which blades stand upright, root down: the in-tray and the bins."""

    role: Literal["in_tray", "accept", "rework", "reject"]
    """What its blades are."""
    place: Place
    """Pose in the world frame: origin at the centre of the pockets' floor, z up."""
    rows: Annotated[int, Field(ge=1, strict=True)] = 2
    """Pockets along x."""
    columns: Annotated[int, Field(ge=1, strict=True)] = 3
    """Pockets along y."""
    pitch: ExtentPair = (0.08, 0.08)
    """Distance of neighbouring pockets along x and y, at least root, clearances and walls of 6 mm
    [m]."""
    clearance: Length = 0.002
    """Gap between the blade's root and a pocket's wall, on each side [m]."""
    depth: Length = 0.015
    """Height of the pockets' walls [m]."""


@typed
class Fixture:
    """The clamp in which a blade stands while it is inspected, on one arm's tip link."""

    arm: str
    """The mover that turns it (a rotary table)."""
    place: Place = field(default_factory=Place)
    """Pose of the clamped blade's frame in that mover's tip link."""
    clamp_force: Force = 400.0
    """Holding force [N]."""
    clamp_time: Duration = 0.4
    """Time from command to clamped or released [s]."""


@typed
class Zone:
    """A region of the floor, a polygon in the world's x-y plane."""

    role: Literal["warning", "protective", "walkway"]
    """A person in `warning` slows the cell, in `protective` stops it, in `walkway` may be."""
    polygon: tuple[Point2, ...]
    """Corners (x, y) [m], in order."""


@typed
class Visitor:
    """A person who sometimes walks in."""

    urdf: str = "package://example-robot-data/robots/human_description/robots/human.urdf"
    """The body, standing, feet on the floor; scaled to `height`."""
    path: tuple[Point2, ...]
    """Way-points (x, y) [m] on the floor, walked once forth and back."""
    times: tuple[Duration, ...]
    """When a walk starts [s]."""
    speed: Speed = 1.2
    """Walking speed [m/s]; ISO 13855 takes 1.6 m/s as the design value."""
    pause: Duration = 2.0
    """Time spent at the path's end before walking back [s]."""
    chance: Annotated[float, Field(ge=0, le=1)] = 1.0
    """Probability of each walk."""
    height: Extent = 1.75
    """Body height [m]."""
