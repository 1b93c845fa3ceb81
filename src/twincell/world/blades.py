"""The parts: a parametric turbine blade or a mesh, its material, and the flaws cut into it."""

from __future__ import annotations

from dataclasses import field
from typing import Annotated, Literal

from pydantic import Field

from twincell.world._typed import typed
from twincell.world.finishes import Finish
from twincell.world.robots import Place, Share
from twincell.world.units import (
    Angle,
    AnglePair,
    AngleRange,
    Density,
    Extent,
    ExtentPair,
    Extents,
    FractionRange,
    LengthRange,
)

__all__ = ["Blade", "BladeShape", "Crack", "Part"]


@typed
class BladeShape:
    """A parametric blade, root down, span along +z; the frame's origin is the root's lower face.

    Sections are NACA four-digit thickness (NACA TR-460) on a circular-arc camber line.
    """

    span: Extent = 0.080
    """Height of the airfoil between platform and tip shroud [m]."""
    chord: ExtentPair = (0.042, 0.034)
    """Chord at hub and tip [m]."""
    thickness: tuple[Share, Share] = (0.16, 0.10)
    """Largest thickness over chord at hub and tip."""
    camber: Angle = 0.9
    """Turning of the camber line, leading to trailing edge [rad]."""
    twist: AnglePair = (0.30, -0.15)
    """Stagger angle at hub and tip [rad], about +z."""
    root: Extents = (0.050, 0.034, 0.030)
    """Block in which the blade is held, along x (chord), y, z [m]."""
    shroud: Extents = (0.042, 0.024, 0.014)
    """Tip block by which the gripper takes the blade, along x, y, z [m]; closed across y."""
    edge: Extent = 0.0006
    """Mesh edge length on the airfoil [m]."""


@typed
class Crack:
    """A crack's size and place; every quantity is a value or a range drawn from the seed."""

    length: LengthRange
    """Along the surface [m]."""
    opening: LengthRange
    """Opening width at the surface [m]."""
    depth: LengthRange
    """Below the surface [m]."""
    side: Literal["suction", "pressure", "any"] = "any"
    """Which surface of the airfoil."""
    span: FractionRange = (0.25, 0.75)
    """Place along the span, 0 at the platform, 1 at the shroud."""
    chord: FractionRange = (0.25, 0.75)
    """Place along the chord, 0 at the leading edge."""
    angle: AngleRange = (0.0, 3.14159)
    """Direction on the surface [rad], 0 along the chord, pi/2 along the span."""
    waviness: Annotated[float, Field(ge=0, le=0.5)] = 0.08
    """Deviation of the path from a straight line over its length."""


@typed
class Blade:
    """One part on the in-tray."""

    cracks: tuple[Crack, ...] = ()
    """Flaws cut into it as geometry: the ground truth, never shown to the detector."""
    finish: tuple[Finish, ...] = ()
    """What lies on its surface, on top of the part's own finish."""
    slot: Annotated[int, Field(ge=0, strict=True)] | None = None
    """Pocket of the in-tray; the order in the file where it is not given."""


@typed
class Part:
    """What all blades of the shift have in common."""

    shape: BladeShape = field(default_factory=BladeShape)
    """The parametric blade."""
    mesh: str | None = None
    """An STL or OBJ to use in place of the parametric airfoil, between root and shroud."""
    mesh_scale: Annotated[float, Field(gt=0)] = 0.001
    """Metres a mesh unit (STL files are mostly in mm)."""
    mesh_place: Place = field(default_factory=Place)
    """Pose of the mesh in the part frame; its lowest point is set on the platform's top."""
    density: Density = 4430.0
    """Of the alloy (Ti-6Al-4V: 4430 kg/m^3)."""
    material: str = "titanium"
    """Optical material, as of furniture."""
    finish: tuple[Finish, ...] = ()
    """What lies on all blades' surfaces, from the metal outwards; each blade's is drawn anew."""
