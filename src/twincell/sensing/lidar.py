"""LiDARs: spinning multi-beam and solid-state raster.

Beams stand above one another; one firing (column) takes all beams. A spinning LiDAR's columns go
about z, from +x counter-clockwise; a raster's go over its azimuths. Intensity is calibrated for
range, as data sheets of such sensors say: 255 rho cos(theta), with rho the body's reflectance at
the LiDAR's wavelength and theta the incidence. `echoes` holds noise, drop-out and the rest.

With `effects.divergence` a beam has a width. Where the surroundings of a ray are not one plane,
sub-rays at half the beam's radius stand beside the central one, two left and right or two above
and below or all four, after where the plane ends. What lies within half a pulse's length of the
strongest part is one echo at the mean by energy: mixed pixels (Tang, Huber and Akinci, "A
comparative analysis of depth-discontinuity and mixed-pixel detection algorithms", 3DIM 2007).
Elsewhere the central ray is the beam.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from twincell.errors import SensorError
from twincell.geometry.pose import Pose
from twincell.sensing.background import Background
from twincell.sensing.echoes import LIGHT, TARGET, kept, measure, signal
from twincell.sensing.interference import Other, foreign
from twincell.sensing.kernels import cloud, edges, mix
from twincell.sensing.scene import Placement, Scene
from twincell.sensing.sweep import Grid, split, turned
from twincell.sensing.turns import Turn, cast_moving
from twincell.sensing.types import Scan
from twincell.world.sensors import Lidar

__all__ = ["PARTS", "beams", "other_lidar", "part_times", "ranges", "scan"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]

PARTS = 64
"""Parts of a turn with `effects.motion`: a person at 1.6 m/s moves 2.5 mm in one at 10 Hz."""
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
def _rays(spec: Lidar) -> tuple[F32, I32, I64]:
    """`beams` as rows, ring of each, first row of each column; kept, as each scan asks for them."""
    rays = np.ascontiguousarray(beams(spec).reshape(-1, 3), np.float32)
    rings = np.tile(np.arange(spec.rings, dtype=np.int32), spec.columns)
    columns = np.arange(spec.columns + 1, dtype=np.int64) * spec.rings
    for array in (rays, rings, columns):
        array.flags.writeable = False
    return rays, rings, columns


def part_times(spec: Lidar, start: float, parts: int = PARTS) -> F64:
    """Middles of equal parts of a turn, at which poses are to be asked for.

    Args:
        spec: the LiDAR.
        start: time of the first firing [s].
        parts: how many.

    Returns:
        Times, shape (parts,) [s]; one, the start, for a LiDAR without `effects.motion`.
    """
    if not spec.effects.motion:
        return np.array([start])
    parts = min(parts, spec.columns)
    return np.asarray(start + (np.arange(parts) + 0.5) / (parts * spec.rate))


def ranges(
    scene: Scene,
    spec: Lidar,
    sensor: Pose | Sequence[Pose],
    poses: Placement | Sequence[Placement],
    rng: np.random.Generator | None = None,
    *,
    others: Sequence[Other] = (),
    remember: bool = True,
) -> tuple[F32, F32]:
    """Measure all beams of one turn.

    Args:
        scene: what there is.
        spec: the LiDAR.
        sensor: pose of the sensor frame in the world; one, or one for each of several equal
            parts of the turn (motion distortion).
        poses: of the bodies; one, or one for each of as many parts.
        rng: of the noise; without one the measurement is exact.
        others: LiDARs that it may hear, with `effects.interference`.
        remember: whether what a LiDAR that stands still sees of what never moves is kept from
            turn to turn; the result is the same to the bit.

    Returns:
        Ranges [m] and intensities, shape (columns, rings). By REP-117 a range is -inf where
        something is too close and +inf where nothing returned.

    Raises:
        SensorError: an impossible configuration, or unequal numbers of poses.
    """
    turn, same = _turn(spec, sensor, poses)
    directions, rings, columns = _rays(spec)
    rays = directions.reshape(-1, 1, 3)
    background = _background(scene, spec, turn) if same and remember else None
    if background is None:
        world = turned(rays, columns, turn.bounds, turn.rotations, turn.positions)
        hits = scene.cast_still(world)
    else:
        hits = background.central()
    cast_moving(scene, rays, rings, columns, turn, hits)
    true, cosine, body = hits
    shape = (spec.columns, spec.rings)
    rho = np.append(scene.reflectance(spec.wavelength), np.float32(0))
    power = rho[body] * cosine
    if spec.effects.divergence:
        which = edges(true.reshape(shape), spec.pattern == "spinning", _BEND)
        t, cos, met = _beside(scene, spec, turn, which, background)
        mix(which, t, cos, met, rho, LIGHT * spec.pulse / 2, true, power)
    true, power, cosine = true.reshape(shape), power.reshape(shape), cosine.reshape(shape)
    measured, intensity = measure(spec, true, power, cosine, rng)
    if spec.effects.interference and others and rng is not None:
        _interfere(scene, spec, turn, true, power, others, rng, measured, intensity)
    return measured, intensity


def other_lidar(spec: Lidar, pose: Pose) -> Other:
    """A LiDAR as another one hears it.

    Args:
        spec: its configuration.
        pose: of its sensor frame in the world.
    """
    return Other(spec, pose, _rays(spec)[0].reshape(spec.columns, spec.rings, 3))


def _interfere(
    scene: Scene,
    spec: Lidar,
    turn: Turn,
    true: F32,
    power: F32,
    others: Sequence[Other],
    rng: np.random.Generator,
    measured: F32,
    intensity: F32,
) -> None:
    """Put foreign pulses that come first in the place of echoes; the last two are changed."""
    rays = _rays(spec)[0].reshape(spec.columns, spec.rings, 3)
    which, apparent, straight = foreign(scene, spec, rays, turn, true, others, rng)
    if spec.effects.dropout:
        sure = kept(signal(spec, true.flat[which], power.flat[which]))
        strong = rng.random(len(which)) < sure
    else:
        strong = power.flat[which] * spec.reach[1] ** 2 >= TARGET * true.flat[which] ** 2
    first = (strong | straight) & (apparent < measured.flat[which])
    which, apparent, straight = which[first], apparent[first], straight[first]
    if spec.effects.quantisation:
        apparent = np.rint(apparent / spec.resolution) * spec.resolution
    measured.flat[which] = apparent
    intensity.flat[which[straight]] = 255


def _turn(
    spec: Lidar, sensor: Pose | Sequence[Pose], poses: Placement | Sequence[Placement]
) -> tuple[Turn, bool]:
    """Parts of a turn, and whether the sensor stands still in it."""
    sensors = [sensor] if isinstance(sensor, Pose) else list(sensor)
    placements = [poses] if isinstance(poses, Placement) else list(poses)
    parts = max(len(sensors), len(placements))
    sensors *= parts if len(sensors) == 1 else 1
    placements *= parts if len(placements) == 1 else 1
    if len(sensors) != len(placements) or not 0 < parts <= spec.columns:
        raise SensorError(
            f"LiDAR: {len(sensors)} sensor poses for {len(placements)} body placements; "
            f"valid: as many, or one of either, at most {spec.columns}"
        )
    rows = np.array([s.as_array() for s in sensors])
    turn = Turn(
        _grid(spec),
        np.linspace(0, spec.columns, parts + 1).astype(np.int64),
        np.stack([s.rotation() for s in sensors]).astype(float),
        rows[:, :3].copy(),
        tuple(placements),
    )
    return turn, bool((rows == rows[0]).all())


def _grid(spec: Lidar) -> Grid:
    first, last = spec.azimuth if spec.pattern == "raster" else (0.0, 2 * np.pi)
    gaps = spec.columns - 1 if spec.pattern == "raster" else spec.columns
    bottom, top = spec.elevation
    return Grid(
        first, (last - first) / gaps, bottom, (top - bottom) / max(spec.rings - 1, 1) or 1.0
    )


def _background(scene: Scene, spec: Lidar, turn: Turn) -> Background:
    """What a LiDAR that stands still sees of what never moves; cast where it has moved since."""
    pose = turn.rotations[0].tobytes() + turn.positions[0].tobytes()
    known = scene.backgrounds.get(spec)
    if known is None or known.pose != pose:
        directions, _, columns = _rays(spec)
        rays = directions.reshape(-1, 1, 3)
        world = turned(rays, columns, turn.bounds, turn.rotations, turn.positions)
        known = scene.backgrounds[spec] = Background(pose, scene.cast_still, world)
    return known


def _beside(
    scene: Scene, spec: Lidar, turn: Turn, which: I64, background: Background | None
) -> tuple[F32, F32, I32]:
    """Range, cosine and body of pairs of sub-rays about some rays, shape (m, 2) each."""
    directions, rings, columns = _rays(spec)

    def world(some: I64) -> F32:
        rays = split(directions, some, spec.beam / 4)
        first = np.searchsorted(some, 2 * columns)
        return turned(rays, first, turn.bounds, turn.rotations, turn.positions)

    if background is None:
        t, cosine, body = scene.cast_still(world(which))
    else:
        t, cosine, body = background.around(which, world)
    rays = split(directions, which, spec.beam / 4)
    first = np.searchsorted(which, 2 * columns)
    hits = t.reshape(-1), cosine.reshape(-1), body.reshape(-1)
    cast_moving(scene, rays, rings[which // 2], first, turn, hits)
    return t.reshape(-1, 2), cosine.reshape(-1, 2), body.reshape(-1, 2)


def scan(
    scene: Scene,
    spec: Lidar,
    sensor: Pose | Sequence[Pose],
    poses: Placement | Sequence[Placement],
    stamp: float,
    rng: np.random.Generator | None = None,
    *,
    others: Sequence[Other] = (),
    remember: bool = True,
) -> Scan:
    """One turn as a cloud; arguments and errors as `ranges`.

    Args:
        scene: what there is.
        spec: the LiDAR.
        sensor: pose or poses of the sensor.
        poses: placement or placements of the bodies.
        stamp: time of the first firing [s].
        rng: of the noise.
        others: as in `ranges`.
        remember: as in `ranges`.

    Returns:
        Points in the sensor frame as it was at each firing: a moving sensor's cloud is distorted,
        as a real one is.
    """
    measured, intensity = ranges(scene, spec, sensor, poses, rng, others=others, remember=remember)
    points, light, time, ring = cloud(
        measured.reshape(-1),
        intensity.reshape(-1),
        _rays(spec)[0],
        spec.rings,
        1.0 / (spec.rate * spec.columns),
    )
    return Scan(stamp=stamp, points=points, intensity=light, time=time, ring=ring)
