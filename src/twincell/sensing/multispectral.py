"""A camera with several narrow bands and a lamp beside its lens.

Radiance of a Lambertian surface under a small lamp at distance d, in band b (Horn, Robot Vision,
MIT Press 1986, ch. 10):

    L_b = rho_b (cos(theta_lamp) d0^2 / d^2 * lit + ambient)

with `lit` from a second ray to the lamp: a crack is dark because its geometry lies in shadow.
Counts are EMVA 1288's linear model: electrons from exposure, shot noise sqrt(N), read noise,
then quantisation to `bits`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twincell.errors import SensorError
from twincell.geometry.pose import Pose
from twincell.sensing.scene import Placement, Scene
from twincell.sensing.types import SpectralImage
from twincell.world.sensors import Multispectral

__all__ = ["CameraInfo", "camera_info", "image"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

LAMP = (0.0, -0.06, 0.0)
"""Place of the lamp in the optical frame [m]: above the lens."""
DISTANCE = 0.25
"""At this distance a white surface facing the lamp fills 90 % of the range [m]."""
AMBIENT = 0.06
"""Light from all around, as a share of the lamp's at `DISTANCE`."""
FULL_WELL = 20_000.0
"""Electrons at full scale."""
READ_NOISE = 12.0
"""Standard deviation [electrons]."""
_BLOCK = 8192
"""Rays at a time: rows of an image that fit into the processor's cache."""
_SKIN = 2e-4
"""Share of its way to a point at which a ray from the lamp counts as blocked no more."""


@dataclass(frozen=True)
class CameraInfo:
    """What sensor_msgs/CameraInfo wants; an ideal lens.

    Attributes:
        width: columns.
        height: rows.
        k: intrinsics, shape (3, 3) [pixel].
        d: plumb_bob distortion k1, k2, t1, t2, k3, shape (5,).
        r: rectification, shape (3, 3).
        p: projection, shape (3, 4) [pixel].
    """

    width: int
    height: int
    k: F64
    d: F64
    r: F64
    p: F64


def camera_info(spec: Multispectral) -> CameraInfo:
    """Intrinsics of a camera with square pixels and the principal point in the middle.

    Raises:
        SensorError: a field of view or a band that cannot be.
    """
    if not 0 < spec.field_of_view < np.pi:
        raise SensorError(f"camera field_of_view {spec.field_of_view:g} rad; valid: in (0, pi)")
    if not spec.bands or not all(200 <= b <= 2000 for b in spec.bands):
        raise SensorError(f"camera bands {spec.bands} nm; valid: at least one, 200 to 2000 nm")
    f = spec.width / (2 * np.tan(spec.field_of_view / 2))
    k = np.array([[f, 0.0, (spec.width - 1) / 2], [0.0, f, (spec.height - 1) / 2], [0.0, 0.0, 1.0]])
    p = np.hstack([k, np.zeros((3, 1))])
    return CameraInfo(spec.width, spec.height, k, np.zeros(5), np.eye(3), p)


def image(
    scene: Scene,
    spec: Multispectral,
    sensor: Pose,
    poses: Placement,
    stamp: float,
    rng: np.random.Generator | None = None,
) -> SpectralImage:
    """Take one image.

    Args:
        scene: what there is.
        spec: the camera.
        sensor: pose of the optical frame in the world.
        poses: of the bodies.
        stamp: time of exposure [s].
        rng: of the noise; without one the image is exact but for quantisation.

    Raises:
        SensorError: an impossible configuration.
    """
    info = camera_info(spec)
    turn = sensor.rotation().astype(np.float32)
    # one factor a body and band; the last row is for rays that meet nothing
    rho = np.array([m.at(spec.bands) for m in scene.materials], np.float32)
    rho = np.vstack([rho, np.zeros((1, len(spec.bands)), np.float32)])
    data = np.empty((len(spec.bands), spec.height, spec.width), np.uint16)
    across = (np.arange(spec.width, dtype=np.float32) - info.k[0, 2]) / info.k[0, 0]
    rows = max(_BLOCK // spec.width, 1)
    for top in range(0, spec.height, rows):
        down = (np.arange(top, min(top + rows, spec.height)) - info.k[1, 2]) / info.k[1, 1]
        rays = np.ones((len(down), spec.width, 3), np.float32)
        rays[:, :, 0] = across
        rays[:, :, 1] = down[:, None]
        rays = rays.reshape(-1, 3) @ turn.T
        hits = scene.cast(sensor.p, rays, poses)
        seen = np.flatnonzero(hits.body >= 0)
        light = np.zeros(len(rays), np.float32)
        light[seen] = _light(scene, sensor, rays[seen], hits.range[seen], hits.normal[seen], poses)
        part = data[:, top : top + len(down)]
        for b in range(len(spec.bands)):
            counts = _expose(rho[:, b][hits.body] * light, spec.bits, rng)
            part[b] = counts.reshape(-1, spec.width)
    return SpectralImage(stamp, np.asarray(spec.bands, float), data, info.k, spec.bits)


def _expose(radiance: F32, bits: int, rng: np.random.Generator | None) -> F32:
    """Counts of one band."""
    electrons = radiance * np.float32(0.9 * FULL_WELL)
    if rng is not None:
        spread = np.sqrt(electrons + np.float32(READ_NOISE**2))
        spread *= rng.standard_normal(len(radiance), np.float32)
        electrons += spread
    full = np.float32(2**bits - 1)
    electrons *= full / np.float32(FULL_WELL)
    np.rint(electrons, out=electrons)
    return np.clip(electrons, 0, full, out=electrons)


def _light(scene: Scene, sensor: Pose, rays: F32, depth: F32, normal: F32, poses: Placement) -> F32:
    """Irradiance of seen points, as a share of that at `DISTANCE` facing the lamp, shape (k,)."""
    lamp = sensor.apply(LAMP)
    # from the lamp, so that all shadow rays have one origin
    ways = rays * depth[:, None] + (sensor.p - lamp).astype(np.float32)
    d2 = (ways * ways).sum(axis=1)
    facing = -(normal * ways).sum(axis=1) / np.sqrt(d2)
    light = np.full(len(rays), AMBIENT, np.float32)
    front = np.flatnonzero(facing > 0)
    hits = scene.cast(lamp, ways[front], poses)
    lit = front[hits.range > 1 - _SKIN]
    light[lit] += facing[lit] * np.float32(DISTANCE**2) / d2[lit]
    return light
