"""A spinning multi-beam LiDAR.

Beams stand above one another and turn about the sensor's z; one firing (column) takes all beams.
Azimuth starts at +x and grows counter-clockwise. A measured range is

    r = t + N(0, noise^2),   intensity = 255 rho cos(theta)

with rho the body's reflectance at 905 nm and theta the incidence: intensity is calibrated for
range, as data sheets of such sensors say. There is no return where the power of the Lambertian
target, rho cos(theta) (r0 / r)^2, falls below that of a 10 % target met head-on at the farthest
range `reach[1]`: the usual way in which data sheets state a reach.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from twincell.errors import SensorError
from twincell.geometry.pose import Pose
from twincell.sensing.materials import LIDAR_WAVELENGTH
from twincell.sensing.scene import Placement, Scene
from twincell.sensing.types import Scan
from twincell.world.sensors import Lidar

__all__ = ["beams", "ranges", "scan"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

_TARGET = 0.10
"""Reflectance of the target for which the farthest range holds."""


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


def beams(spec: Lidar) -> F64:
    """Unit directions in the sensor frame, shape (columns, rings, 3); ring 0 is the lowest."""
    check(spec)
    azimuth = 2 * np.pi * np.arange(spec.columns) / spec.columns
    elevation = np.linspace(*spec.elevation, spec.rings)
    flat = np.stack([np.cos(azimuth), np.sin(azimuth)], axis=1)
    out = np.empty((spec.columns, spec.rings, 3))
    out[:, :, :2] = flat[:, None, :] * np.cos(elevation)[None, :, None]
    out[:, :, 2] = np.sin(elevation)
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
    directions = beams(spec).astype(np.float32)
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
    measured = np.empty((spec.columns, spec.rings), np.float32)
    power = np.empty_like(measured)
    rho = np.append(scene.reflectance(LIDAR_WAVELENGTH), np.float32(0))
    bounds = np.linspace(0, spec.columns, parts + 1).astype(int)
    for i, (first, last) in enumerate(pairwise(bounds)):
        rays = directions[first:last].reshape(-1, 3) @ sensors[i].rotation().astype(np.float32).T
        hits = scene.cast(sensors[i].p, rays, placements[i])
        measured[first:last] = hits.range.reshape(-1, spec.rings)
        power[first:last] = (rho[hits.body] * hits.cosine).reshape(-1, spec.rings)
    if rng is not None and spec.noise > 0:
        noise = rng.standard_normal(measured.shape, np.float32)
        measured += np.float32(spec.noise) * noise
    near, far = spec.reach
    close = measured < near
    lost = (measured > far) | (power * far**2 < _TARGET * measured**2)
    measured[lost] = np.inf
    measured[close] = -np.inf
    return measured, np.float32(255.0) * np.minimum(power, np.float32(1.0))


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
    points = beams(spec).astype(np.float32)[column, ring] * measured[column, ring, None]
    firing = np.float32(1.0 / (spec.rate * spec.columns))
    return Scan(
        stamp=stamp,
        points=points,
        intensity=intensity[column, ring],
        time=column.astype(np.float32) * firing,
        ring=ring.astype(np.uint16),
    )
