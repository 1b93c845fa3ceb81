"""What a multispectral camera is made of: its lamp, its lens, its chip, each effect's switch."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from twincell.world._typed import typed
from twincell.world.units import Extent, Position, Wavelength

__all__ = ["CameraEffects", "Lamp", "Ultraviolet"]


@typed
class Lamp:
    """A small lamp beside the lens, and the light of the hall."""

    place: Position = (0.0, -0.06, 0.0)
    """In the camera's optical frame [m]; by default above the lens."""
    distance: Extent = 0.25
    """At this distance a white surface that faces the lamp fills 90 % of the range [m]."""
    ambient: Annotated[float, Field(ge=0, le=1)] = 0.06
    """Light from all around, as a share of the lamp's at `distance`."""


@typed
class CameraEffects:
    """What makes an image of a camera, each with its switch (docs/camera.md)."""

    shading: bool = True
    """The lamp's light goes with the cosine of its incidence and with 1 / distance^2."""
    shadow: bool = True
    """A second ray to the lamp: what something stands before is lit by ambient light alone."""
    gloss: bool = False
    """Metal mirrors a share of the lamp's light in a lobe, and scatters only the rest."""
    shot_noise: bool = True
    """Variance of as many electrons as there are."""
    read_noise: bool = True
    """Variance of `read_noise`^2 electrons."""
    quantisation: bool = True
    """Counts of `bits`; without it counts have 16 bit, the finest that an image carries."""
    footprint: bool = False
    """Pixels on narrow grooves average over their area, so that a crack darkens by its opening
    over the pixel's footprint, and ambient light reaches a groove's walls only as far as it can."""
    blur: bool = False
    """The lens and the pixels' size spread a point over `psf`."""
    vignetting: bool = False
    """Light falls with the fourth power of the cosine to the axis."""
    distortion: bool = False
    """Rays go through pixels that `distortion` has moved."""


@typed
class Ultraviolet:
    """One more image: the lamp in ultraviolet, the chip behind a filter for what glows."""

    excitation: Wavelength = 365.0
    """Of the lamp [nm]."""
    emission: Wavelength = 520.0
    """Of the penetrant, which the filter lets through [nm]."""
    leak: Annotated[float, Field(ge=0, le=1)] = 0.002
    """Share of the lamp's own light that passes the filter."""
    ambient: Annotated[float, Field(ge=0, le=1)] = 0.001
    """Visible light of the darkened hall at `emission`, in units of `lamp.ambient`'s."""
