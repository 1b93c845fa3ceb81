"""A camera with several narrow bands and a lamp beside its lens.

Radiance of a Lambertian surface under a small lamp at distance d, in band b (Horn, Robot Vision,
MIT Press 1986, ch. 10):

    L_b = rho_b (cos(theta_lamp) d0^2 / d^2 * lit + ambient)

with `lit` from a second ray to the lamp: a crack is dark because its geometry lies in shadow.
`optics` has the lens, `exposure` the chip; each effect has its switch in `spec.effects`.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from twincell.geometry.pose import Pose
from twincell.sensing.backdrop import backdrop
from twincell.sensing.exposure import depth, expose
from twincell.sensing.light import SKIN, irradiance
from twincell.sensing.optics import CameraInfo, camera_info, pixel_rays, vignetting
from twincell.sensing.scene import Placement, Scene
from twincell.sensing.types import SpectralImage
from twincell.world.sensors import Multispectral

__all__ = ["CameraInfo", "camera_info", "image"]

F32 = NDArray[np.float32]

_TILE = 120
"""Side of a tile [pixel]: its rays fit into the processor's cache and pass few bodies."""


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
    planes = _radiance(scene, spec, sensor, poses)
    if spec.effects.vignetting:
        planes *= vignetting(spec)
    if spec.effects.blur and spec.psf > 0:
        for plane in planes:
            cv2.GaussianBlur(plane, (0, 0), spec.psf, dst=plane, borderType=cv2.BORDER_REFLECT)
    counts = expose(planes, spec, rng)
    return SpectralImage(stamp, np.asarray(spec.bands, float), counts, info.k, depth(spec), info.d)


def _radiance(scene: Scene, spec: Multispectral, sensor: Pose, poses: Placement) -> F32:
    """Light from each pixel's centre, one plane a band, shape (b, height, width)."""
    turn = sensor.rotation().astype(np.float32).T
    table = (pixel_rays(spec).reshape(-1, 3) @ turn).reshape(spec.height, spec.width, 3)
    # one factor a body and band; the last is for rays that meet nothing
    rho = np.zeros((len(spec.bands), len(scene.materials) + 1), np.float32)
    rho[:, :-1] = np.array([m.at(spec.bands) for m in scene.materials], np.float32).T
    planes = np.empty((len(spec.bands), spec.height, spec.width), np.float32)
    lamp = sensor.apply(spec.lamp.place)
    still = backdrop(scene, sensor.p, table, lamp, 1 - SKIN, shadow=spec.effects.shadow)
    for tile in _tiles(spec):
        rays = table[tile].reshape(-1, 3)
        hits = scene.cast(sensor.p, rays, poses, None if still is None else still.part(tile))
        known = None
        if still is not None:
            same = hits.range == still.range[tile].ravel()
            known = np.where(same, still.lit[tile].ravel(), np.int8(-1))
        light = irradiance(scene, spec, sensor, rays, hits, poses, known)
        light += np.float32(spec.lamp.ambient)
        shape = planes[0][tile].shape
        for factor, plane in zip(rho, planes, strict=True):
            plane[tile] = (factor.take(hits.body, mode="wrap") * light).reshape(shape)
    return planes


def _tiles(spec: Multispectral) -> Iterator[tuple[slice, slice]]:
    """Rows and columns of tiles that cover the image."""
    for top in range(0, spec.height, _TILE):
        for left in range(0, spec.width, _TILE):
            yield slice(top, top + _TILE), slice(left, left + _TILE)
