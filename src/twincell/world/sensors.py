"""Sensors: where each is mounted and how it measures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator
from pydantic_core import ArgsKwargs

from twincell.world._typed import typed
from twincell.world.cameras import CameraEffects, Lamp, Ultraviolet
from twincell.world.devices import LIDARS, PROFILERS
from twincell.world.robots import Place
from twincell.world.units import (
    AngleRange,
    Duration,
    Extent,
    ExtentPair,
    Frequency,
    Length,
    Opening,
    Wavelengths,
)

__all__ = [
    "Lidar",
    "LidarEffects",
    "Mount",
    "Multispectral",
    "Profiler",
    "ProfilerEffects",
    "Sensor",
]

Fraction = Annotated[float, Field(ge=0, le=1)]

LidarModel = Literal[
    "livox_hap", "ouster_os1_16", "ouster_os1_64", "ouster_os1_128", "velodyne_vlp_16"
]
ProfilerModel = Literal["keyence_lj_x8060", "keyence_lj_x8080", "keyence_lj_x8200"]


def _with_figures(given: Any, devices: Mapping[str, dict[str, Any]]) -> Any:
    """A sensor's keys, with the figures of its `model` where a key is not given."""
    if isinstance(given, ArgsKwargs):
        keys = _with_figures(dict(given.kwargs or {}), devices)
        return ArgsKwargs(given.args, keys)
    if not isinstance(given, Mapping) or not isinstance(given.get("model"), str):
        return given
    return {**devices.get(given["model"], {}), **given}


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
class LidarEffects:
    """What makes a LiDAR imperfect beyond constant noise (docs/sensors.md)."""

    range_noise: bool = False
    """`noise` grows as light gets scarce and as the beam falls in at an angle."""
    divergence: bool = False
    """The beam has a width: mixed points at edges."""
    dropout: bool = False
    """Weak echoes are lost by chance, instead of at a sharp limit."""
    quantisation: bool = False
    """Ranges come in steps of `resolution`, intensities in whole counts."""
    crosstalk: Fraction = 0.0
    """Share of firings that hear the pulse of a LiDAR that is not in the world file."""
    motion: bool = False
    """Bodies and the sensor's carrier move during the turn: each part of the cloud is where they
    were then. The stamp is the turn's begin."""
    interference: bool = False
    """Pulses of the cell's other LiDARs are heard where both beams meet in space and in time."""


@typed
class Lidar:
    """A LiDAR: spinning multi-beam or solid-state raster."""

    kind: Literal["lidar"]
    mount: Mount
    """Where it sits."""
    model: LidarModel | None = None
    """Device whose data sheet gives the figures of the keys that are not given here."""
    rings: Annotated[int, Field(ge=1, le=256, strict=True)] = 16
    """Beams above one another."""
    columns: Annotated[int, Field(ge=8, le=8192, strict=True)] = 900
    """Firings in one turn."""
    rate: Frequency = 10.0
    """Turns a second [Hz]."""
    elevation: AngleRange = (-0.2618, 0.2618)
    """Lowest and highest beam [rad]."""
    reach: ExtentPair = (0.3, 30.0)
    """Nearest and farthest range [m]."""
    noise: Length = 0.01
    """Standard deviation of a range [m]; with `effects.range_noise`, that at a signal-to-noise
    ratio of 100."""
    pattern: Literal["spinning", "raster"] = "spinning"
    """Full turns about z, or a raster over `azimuth`, column by column."""
    azimuth: AngleRange = (-0.6, 0.6)
    """First and last column of a raster, from x towards y [rad]."""
    wavelength: Annotated[float, Field(ge=400, le=1000)] = 905.0
    """Of the light [nm]."""
    beam: Opening = 0.003
    """Full divergence of a beam [rad]."""
    pulse: Duration = 5e-9
    """Full width of a pulse at half its height [s]."""
    resolution: Length = 0.004
    """Step of a range [m]."""
    effects: LidarEffects = LidarEffects()
    """Imperfections, each with its switch."""

    @model_validator(mode="before")
    @classmethod
    def _take_model(cls, given: Any) -> Any:
        return _with_figures(given, LIDARS)


@typed
class ProfilerEffects:
    """What makes a profiler imperfect beyond white noise (docs/sensors.md)."""

    blur: bool = False
    """Heights are averaged over `resolution` along the line."""
    speckle: bool = False
    """Correlated noise from the laser's speckle, of the triangulation's physical limit."""
    polish: bool = False
    """Polished metal throws light past the camera or glares into it: dark points."""


@typed
class Profiler:
    """A laser line profiler: one line of points in its optical x-z plane."""

    kind: Literal["profiler"]
    mount: Mount
    """Where it sits."""
    model: ProfilerModel | None = None
    """Device whose data sheet gives the figures of the keys that are not given here."""
    points: Annotated[int, Field(ge=16, le=8192, strict=True)] = 1280
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
    wavelength: Annotated[float, Field(ge=400, le=1000)] = 450.0
    """Of the laser [nm]."""
    resolution: Extent = 1e-4
    """Full width at half height of the blur along the line [m]."""
    triangulation: Opening = 0.44
    """Angle between laser and camera [rad]."""
    aperture: Fraction = 0.05
    """Sine of half the angle under which a point sees the camera's lens."""
    contrast: Fraction = 0.3
    """Speckle contrast, standard deviation over mean of the intensity."""
    gloss: Fraction = 0.9
    """Share of a metal's light that is mirrored in a lobe and not scattered."""
    roughness: Fraction = 0.12
    """RMS slope of the metal's facets, the width of that lobe."""
    threshold: Fraction = 0.05
    """Least light that is seen, as a share of what a white target scatters back head-on."""
    effects: ProfilerEffects = ProfilerEffects()
    """Imperfections, each with its switch."""

    @model_validator(mode="before")
    @classmethod
    def _take_model(cls, given: Any) -> Any:
        return _with_figures(given, PROFILERS)


@typed
class Multispectral:
    """A camera with several narrow bands."""

    kind: Literal["multispectral"]
    mount: Mount
    """Where it sits."""
    width: Annotated[int, Field(ge=16, le=4096, strict=True)] = 640
    """Columns."""
    height: Annotated[int, Field(ge=16, le=4096, strict=True)] = 480
    """Rows."""
    rate: Frequency = 2.0
    """Images a second [Hz]."""
    field_of_view: Opening = 0.70
    """Horizontal [rad]."""
    bands: Wavelengths = (450.0, 550.0, 650.0, 730.0, 840.0, 940.0)
    """Centre wavelengths [nm]."""
    bits: Annotated[int, Field(ge=8, le=16, strict=True)] = 12
    """Depth of quantisation."""
    lamp: Lamp = Lamp()
    """Light."""
    full_well: Annotated[float, Field(gt=0)] = 20_000.0
    """Electrons at full scale."""
    read_noise: Annotated[float, Field(ge=0)] = 12.0
    """Standard deviation of a reading [electrons]."""
    psf: Annotated[float, Field(ge=0, le=10)] = 0.6
    """Standard deviation of the point spread [pixel]."""
    distortion: tuple[float, float, float, float, float] = (-0.12, 0.04, 0.0, 0.0, 0.0)
    """Brown-Conrady k1, k2, t1, t2, k3, as `plumb_bob` of ROS and OpenCV's first five have it."""
    gloss: Fraction = 0.3
    """Share of a metal's light that is mirrored in a lobe and not scattered."""
    roughness: Annotated[float, Field(ge=0.02, le=1)] = 0.25
    """RMS slope of the metal's facets, the width of that lobe."""
    ultraviolet: Ultraviolet | None = None
    """The band in which penetrant glows; none where it is not given."""
    effects: CameraEffects = CameraEffects()
    """What an image is made of, each with its switch."""


Sensor = Annotated[Lidar | Profiler | Multispectral, Field(discriminator="kind")]
