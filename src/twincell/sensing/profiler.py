"""A laser line profiler: a fan of rays in the x-z plane of its optical frame.

Ray j leaves the origin along (s_j, 0, 1), with the slopes s evenly spaced over +-width/2/standoff.
A point is measured along the view with noise N(0, noise^2). No light returns (NaN, REP-117) where
the angle between ray and surface exceeds `incidence`, outside of the range about `standoff`, and,
with a `baseline`, where something stands between the lit point and the camera, which sits at
(0, baseline, 0). The simulated wall of a crack steeper than `incidence` is therefore dark, as is
that of a real one. `glints` holds blur, speckle and polish, each with its switch.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from twincell.errors import SensorError
from twincell.geometry.pose import Pose
from twincell.sensing.fans import compose
from twincell.sensing.glints import GLARE, METALS, blurred, shine, speckle
from twincell.sensing.scene import Placement, Scene
from twincell.sensing.types import Profiles
from twincell.world.sensors import Profiler

__all__ = ["fan", "lines"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

_SKIN = 2e-4
"""Share of its way to a point at which a ray from the camera counts as blocked no more."""


def fan(spec: Profiler) -> F32:
    """Ray directions in the optical frame with z = 1, shape (points, 3).

    Raises:
        SensorError: an impossible configuration.
    """
    if min(spec.width, spec.standoff, spec.depth, spec.rate) <= 0 or spec.noise < 0:
        raise SensorError(
            f"profiler width {spec.width:g} m, standoff {spec.standoff:g} m, depth "
            f"{spec.depth:g} m, rate {spec.rate:g} Hz, noise {spec.noise:g} m; valid: above zero"
        )
    if spec.depth >= 2 * spec.standoff:
        raise SensorError(
            f"profiler depth {spec.depth:g} m about standoff {spec.standoff:g} m begins behind "
            f"the sensor; valid: depth below {2 * spec.standoff:g} m"
        )
    if not 0 < spec.incidence <= np.pi / 2:
        raise SensorError(f"profiler incidence {spec.incidence:g} rad; valid: in (0, pi/2]")
    half = spec.width / (2 * spec.standoff)
    if spec.effects.speckle and spec.aperture == 0:
        raise SensorError("profiler aperture 0 with speckle; valid: above 0")
    if spec.effects.polish and spec.roughness == 0:
        raise SensorError("profiler roughness 0 with polish; valid: above 0")
    out = np.zeros((spec.points, 3), np.float32)
    out[:, 0] = np.linspace(-half, half, spec.points)
    out[:, 2] = 1.0
    return out


def lines(
    scene: Scene,
    spec: Profiler,
    sensors: Sequence[Pose],
    poses: Placement | Sequence[Placement],
    stamps: Sequence[float] | F64,
    rng: np.random.Generator | None = None,
    baseline: float = 0.0,
) -> Profiles:
    """Measure m lines at once.

    Args:
        scene: what there is.
        spec: the profiler.
        sensors: pose of the optical frame in the world at each line.
        poses: of the bodies at each line, or one placement for all.
        stamps: time of each line [s].
        rng: of the noise; without one the lines are exact.
        baseline: distance of the camera from the laser along the optical y [m].

    Raises:
        SensorError: an impossible configuration, or unequal numbers of poses and stamps.
    """
    rays = fan(spec)
    placements = [poses] if isinstance(poses, Placement) else list(poses)
    times = np.asarray(stamps, float)
    m = len(sensors)
    if m == 0 or times.shape != (m,) or len(placements) not in (1, m):
        raise SensorError(
            f"profiler: {m} sensor poses, {len(times)} stamps, {len(placements)} placements; "
            "valid: one of each a line, placements also one for all"
        )
    near, far = spec.standoff - spec.depth / 2, spec.standoff + spec.depth / 2
    z, cosine, body = scene.cast_fan(sensors, rays, far, placements)
    lit = (z >= near) & (z <= far) & (cosine >= np.cos(spec.incidence))
    if baseline:
        lit &= _seen(scene, sensors, rays, z, placements, baseline)
    rho = np.append(scene.reflectance(spec.wavelength), np.float32(0))
    light = rho[body] * cosine
    if spec.effects.polish:
        metal = np.append([item.name in METALS for item in scene.materials], False)[body]
        light = shine(spec, light, cosine, metal)
        lit &= (light >= spec.threshold) & (light <= GLARE)
    if spec.effects.blur:
        z = blurred(spec, z, lit)
    if rng is not None and spec.effects.speckle:
        z = z + speckle(spec, z.shape, rng)
    noise = np.empty((0, 0), np.float32)
    if rng is not None and spec.noise > 0:
        noise = rng.standard_normal(z.shape, np.float32)
    points, intensity = compose(z, lit, light / np.float32(GLARE), rays, noise, spec.noise)
    return Profiles(times, points, intensity)


def _seen(
    scene: Scene,
    sensors: Sequence[Pose],
    rays: F32,
    z: F32,
    placements: Sequence[Placement],
    baseline: float,
) -> NDArray[np.bool_]:
    """Whether nothing stands between lit points and the camera, shape (m, k)."""
    seen = np.empty(z.shape, bool)
    camera = np.array([0.0, baseline, 0.0])
    depth = np.where(np.isfinite(z), z, np.float32(1))
    for i, sensor in enumerate(sensors):
        # from the camera, so that all rays of a line have one origin
        towards = sensor.rotate(depth[i, :, None] * rays - camera)
        placement = placements[i % len(placements)]
        seen[i] = scene.cast(sensor.apply(camera), towards, placement).range > 1 - _SKIN
    return seen
