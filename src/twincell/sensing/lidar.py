"""LiDARs: spinning multi-beam and solid-state raster.

Beams stand above one another; one firing (column) takes all beams. A spinning LiDAR's columns go
about z, from +x counter-clockwise; a raster's go over its azimuths. Intensity is calibrated for
range, as data sheets of such sensors say: 255 rho cos(theta), with rho the body's reflectance at
the LiDAR's wavelength and theta the incidence. `echoes` holds noise, drop-out and the rest.

With `effects.divergence` a beam has a width. Where the surroundings of a ray are not one plane,
four sub-rays at half the beam's radius stand beside the central one, and what lies within half a
pulse's length of the strongest part is one echo at the mean by energy: mixed pixels (Tang, Huber
and Akinci, "A comparative analysis of depth-discontinuity and mixed-pixel detection algorithms",
3DIM 2007). Elsewhere the central ray is the beam.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from twincell.errors import SensorError
from twincell.geometry.pose import Pose
from twincell.sensing.echoes import LIGHT, measure
from twincell.sensing.kernels import edges, mix
from twincell.sensing.scene import Placement, Scene
from twincell.sensing.types import Scan
from twincell.world.sensors import Lidar

__all__ = ["beams", "ranges", "scan"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

_BEND = 0.02
"""Second difference of 1/r, relative, from which on sub-rays are cast."""


def check(spec: Lidar) -> None:
    """Raise SensorError where no such LiDAR can be."""
    low, high = spec.reach
    if not 0 < low < high:
        raise SensorError(f"LiDAR reach {spec.reach} m; valid: 0 < nearest < farthest")
    bottom, top = spec.elevation
    if not -np.pi / 2 < bottom <= top < np.pi / 2 or (spec.rings > 1 and bottom == top):
        raise SensorError(
            f"LiDAR elevation {spec.elevation} rad for {spec.rings} rings; valid: "
            "-pi/2 < lowest < highest < pi/2"
        )
    if spec.noise < 0 or spec.rate <= 0:
        raise SensorError(
            f"LiDAR noise {spec.noise:g} m, rate {spec.rate:g} Hz; valid: noise >= 0, rate > 0"
        )
    if spec.pulse <= 0 or spec.resolution <= 0:
        raise SensorError(
            f"LiDAR pulse {spec.pulse:g} s, resolution {spec.resolution:g} m; valid: above zero"
        )
    first, last = spec.azimuth
    if spec.pattern == "raster" and not -np.pi <= first < last <= np.pi:
        raise SensorError(f"LiDAR azimuth {spec.azimuth} rad; valid: -pi <= first < last <= pi")


def beams(spec: Lidar) -> F64:
    """Unit directions in the sensor frame, shape (columns, rings, 3); ring 0 is the lowest."""
    check(spec)
    if spec.pattern == "raster":
        azimuth = np.linspace(*spec.azimuth, spec.columns)
    else:
        azimuth = 2 * np.pi * np.arange(spec.columns) / spec.columns
    elevation = np.linspace(*spec.elevation, spec.rings)
    flat = np.stack([np.cos(azimuth), np.sin(azimuth)], axis=1)
    out = np.empty((spec.columns, spec.rings, 3))
    out[:, :, :2] = flat[:, None, :] * np.cos(elevation)[None, :, None]
    out[:, :, 2] = np.sin(elevation)
    return out


@lru_cache(maxsize=16)
def _beams(spec: Lidar) -> F32:
    """`beams` in single precision, kept: they are asked for with each scan."""
    out = beams(spec).astype(np.float32)
    out.flags.writeable = False
    return out


def ranges(
    scene: Scene,
    spec: Lidar,
    sensor: Pose | Sequence[Pose],
    poses: Placement | Sequence[Placement],
    rng: np.random.Generator | None = None,
) -> tuple[F32, F32]:
    """Measure all beams of one turn.

    Args:
        scene: what there is.
        spec: the LiDAR.
        sensor: pose of the sensor frame in the world; one, or one for each of several equal
            parts of the turn (motion distortion).
        poses: of the bodies; one, or one for each of as many parts.
        rng: of the noise; without one the measurement is exact.

    Returns:
        Ranges [m] and intensities, shape (columns, rings). By REP-117 a range is -inf where
        something is too close and +inf where nothing returned.

    Raises:
        SensorError: an impossible configuration, or unequal numbers of poses.
    """
    directions = _beams(spec)
    sensors = [sensor] if isinstance(sensor, Pose) else list(sensor)
    placements = [poses] if isinstance(poses, Placement) else list(poses)
    parts = max(len(sensors), len(placements))
    sensors *= parts if len(sensors) == 1 else 1
    placements *= parts if len(placements) == 1 else 1
    if len(sensors) != len(placements) or parts == 0:
        raise SensorError(
            f"LiDAR: {len(sensors)} sensor poses for {len(placements)} body placements; "
            "valid: as many, or one of either"
        )
    shape = (spec.columns, spec.rings)
    true, power, cosine = (np.empty(shape, np.float32) for _ in range(3))
    rho = np.append(scene.reflectance(spec.wavelength), np.float32(0))
    turns = [s.rotation().astype(np.float32).T for s in sensors]
    bounds = np.linspace(0, spec.columns, parts + 1).astype(int)
    for i, (first, last) in enumerate(pairwise(bounds)):
        rays = directions[first:last].reshape(-1, 3) @ turns[i]
        hits = scene.cast(sensors[i].p, rays, placements[i])
        true[first:last] = hits.range.reshape(-1, spec.rings)
        cosine[first:last] = hits.cosine.reshape(-1, spec.rings)
        power[first:last] = (rho[hits.body] * hits.cosine).reshape(-1, spec.rings)
    if spec.effects.divergence:
        found = edges(true, spec.pattern == "spinning", _BEND)
        share = np.searchsorted(found, bounds * spec.rings)
        for i, (first, last) in enumerate(pairwise(share)):
            which = found[first:last]
            if len(which) == 0:
                continue
            rays = _around(directions.reshape(-1, 3)[which], spec.beam / 4) @ turns[i]
            hits = scene.cast(sensors[i].p, rays, placements[i])
            parted = np.empty((len(which), 5), np.float32)
            powers = np.empty_like(parted)
            parted[:, 0], powers[:, 0] = true.flat[which], power.flat[which]
            parted[:, 1:] = hits.range.reshape(-1, 4)
            powers[:, 1:] = (rho[hits.body] * hits.cosine).reshape(-1, 4)
            true.flat[which], power.flat[which] = mix(parted, powers, LIGHT * spec.pulse / 2)
    return measure(spec, true, power, cosine, rng)


def _around(directions: F32, angle: float) -> F32:
    """Unit directions at an angle about given ones, four each, shape (4 * k, 3)."""
    level = np.hypot(directions[:, 0], directions[:, 1])
    across = np.zeros_like(directions)
    across[:, 0] = -directions[:, 1] / level
    across[:, 1] = directions[:, 0] / level
    up = np.cross(directions, across)
    out = np.repeat(np.float32(np.cos(angle)) * directions[:, None], 4, axis=1)
    side = np.float32(np.sin(angle))
    out[:, 0] += side * across
    out[:, 1] -= side * across
    out[:, 2] += side * up
    out[:, 3] -= side * up
    return out.reshape(-1, 3)


def scan(
    scene: Scene,
    spec: Lidar,
    sensor: Pose | Sequence[Pose],
    poses: Placement | Sequence[Placement],
    stamp: float,
    rng: np.random.Generator | None = None,
) -> Scan:
    """One turn as a cloud; arguments and errors as `ranges`.

    Args:
        scene: what there is.
        spec: the LiDAR.
        sensor: pose or poses of the sensor.
        poses: placement or placements of the bodies.
        stamp: time of the first firing [s].
        rng: of the noise.

    Returns:
        Points in the sensor frame as it was at each firing: a moving sensor's cloud is distorted,
        as a real one is.
    """
    measured, intensity = ranges(scene, spec, sensor, poses, rng)
    column, ring = np.nonzero(np.isfinite(measured))
    points = _beams(spec)[column, ring] * measured[column, ring, None]
    firing = np.float32(1.0 / (spec.rate * spec.columns))
    return Scan(
        stamp=stamp,
        points=points,
        intensity=intensity[column, ring],
        time=column.astype(np.float32) * firing,
        ring=ring.astype(np.uint16),
    )
