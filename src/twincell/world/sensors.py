"""Sensors: where each is mounted and how it measures."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from twincell.world._typed import typed
from twincell.world.robots import Place
from twincell.world.units import (
    AngleRange,
    Extent,
    ExtentPair,
    Frequency,
    Length,
    Opening,
    Wavelengths,
)

__all__ = ["Lidar", "Mount", "Multispectral", "Profiler", "Sensor"]


@typed
class Mount:
    """Where a sensor sits."""

    arm: str | None = None
    """The arm that carries it; the world frame where none is named."""
    link: str | None = None
    """The link of that arm; its tip where none is named."""
    place: Place
    """Pose of the sensor frame in that link. LiDAR: x forward, z up. Profiler and camera: optical
    frame, z along the view, x to the right (along the laser line), y down (REP-103)."""


@typed
class Lidar:
    """A spinning multi-beam LiDAR."""

    kind: Literal["lidar"]
    mount: Mount
    """Where it sits."""
    rings: Annotated[int, Field(ge=1, le=256)] = 16
    """Beams above one another."""
    columns: Annotated[int, Field(ge=8, le=8192)] = 900
    """Firings in one turn."""
    rate: Frequency = 10.0
    """Turns a second [Hz]."""
    elevation: AngleRange = (-0.2618, 0.2618)
    """Lowest and highest beam [rad]."""
    reach: ExtentPair = (0.3, 30.0)
    """Nearest and farthest range [m]."""
    noise: Length = 0.01
    """Standard deviation of a range [m]."""


@typed
class Profiler:
    """A laser line profiler: one line of points in its optical x-z plane."""

    kind: Literal["profiler"]
    mount: Mount
    """Where it sits."""
    points: Annotated[int, Field(ge=16, le=8192)] = 1280
    """Points a line."""
    rate: Frequency = 250.0
    """Lines a second [Hz]."""
    width: Extent = 0.060
    """Length of the line at `standoff` [m]."""
    standoff: Extent = 0.150
    """Distance of the range's middle from the sensor [m]."""
    depth: Extent = 0.060
    """Extent of the range about `standoff` [m]."""
    noise: Length = 4e-6
    """Standard deviation along the view [m]."""
    incidence: Opening = 1.22
    """Largest angle between view and surface normal that returns light [rad]."""


@typed
class Multispectral:
    """A camera with several narrow bands."""

    kind: Literal["multispectral"]
    mount: Mount
    """Where it sits."""
    width: Annotated[int, Field(ge=16, le=4096)] = 640
    """Columns."""
    height: Annotated[int, Field(ge=16, le=4096)] = 480
    """Rows."""
    rate: Frequency = 2.0
    """Images a second [Hz]."""
    field_of_view: Opening = 0.70
    """Horizontal [rad]."""
    bands: Wavelengths = (450.0, 550.0, 650.0, 730.0, 840.0, 940.0)
    """Centre wavelengths [nm]."""
    bits: Annotated[int, Field(ge=8, le=16)] = 12
    """Depth of quantisation."""


Sensor = Annotated[Lidar | Profiler | Multispectral, Field(discriminator="kind")]
