"""What lies on a blade's surface and changes its light: coating, oil, machining marks, stains.

None of them is geometry: a profiler sees a sound surface there. With cracks or without, they are
what a spectral detector can be deceived by.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from twincell.world._typed import typed
from twincell.world.units import AngleRange, Extent, FractionRange, Length, LengthRange

__all__ = ["Coating", "Finish", "MachiningMarks", "OilFilm", "Penetrant", "Spot", "Stain"]

Fraction = Annotated[float, Field(ge=0, le=1)]


@typed
class Spot:
    """A place on the airfoil, drawn from the seed."""

    side: Literal["suction", "pressure", "any"] = "any"
    """Which surface of the airfoil."""
    span: FractionRange = (0.2, 0.8)
    """Place along the span, 0 at the platform, 1 at the shroud."""
    chord: FractionRange = (0.25, 0.75)
    """Place along the chord, 0 at the leading edge."""
    angle: AngleRange = (0.0, 3.14159)
    """Direction on the surface [rad], 0 along the chord, pi/2 along the span."""


@typed
class Coating:
    """A layer on the whole airfoil."""

    kind: Literal["coating"]
    material: str = "thermal_barrier"
    """Optical material of the layer, as of furniture."""
    cover: Fraction = 1.0
    """Share of the metal's light that it hides."""
    unevenness: Fraction = 0.03
    """Standard deviation of its reflectance from place to place, as a share."""
    grain: Extent = 0.002
    """Extent of its light and dark places [m]."""


@typed
class OilFilm:
    """A film of oil: metal is darker when wet, and oil takes more of the blue."""

    kind: Literal["oil_film"]
    at: Spot = Spot()
    """Place and direction."""
    size: LengthRange = (0.008, 0.020)
    """Diameter [m]."""
    thickness: LengthRange = (5e-6, 40e-6)
    """Of the film [m]."""
    absorption: Annotated[float, Field(ge=0)] = 8000.0
    """At 450 nm [1/m]; it falls with the fourth power of the wavelength."""
    glow: Fraction = 0.05
    """Fluorescence under ultraviolet, as a share of penetrant's."""


@typed
class MachiningMarks:
    """Fine parallel lines, as grinding or milling leaves them."""

    kind: Literal["machining_marks"]
    at: Spot = Spot()
    """Place and direction."""
    size: LengthRange = (0.020, 0.040)
    """Diameter of the place where they are [m]."""
    pitch: LengthRange = (3e-4, 6e-4)
    """From one line to the next [m]."""
    contrast: FractionRange = (0.10, 0.25)
    """Largest share of light that a line takes; lines differ from one another."""


@typed
class Stain:
    """A round or drawn-out place of another colour: heat tint, a drop that dried, a pencil line."""

    kind: Literal["stain"]
    at: Spot = Spot()
    """Place and direction."""
    length: LengthRange = (0.004, 0.010)
    """Along the direction [m]."""
    width: LengthRange = (0.002, 0.006)
    """Across [m]; that of a thin stain may be below a pixel."""
    blue: FractionRange = (0.35, 0.6)
    """Share of light left at 450 nm."""
    infrared: FractionRange = (0.85, 1.0)
    """Share of light left at 940 nm; linear in between and beyond, within 0 to 1."""


@typed
class Penetrant:
    """Fluorescent penetrant that was washed off and has stayed in cracks.

    What seeps out fills the developer's pores to a width of (opening depth / 2) / (thickness / 2).
    """

    kind: Literal["penetrant"]
    developer: Length = 5e-5
    """Thickness of the developer's layer [m]; 0 for none: then a crack glows over its opening."""
    residue: Fraction = 0.01
    """Glow of what washing left on the sound surface, as a share of a full crack's."""


Finish = Annotated[
    Coating | OilFilm | MachiningMarks | Stain | Penetrant, Field(discriminator="kind")
]
