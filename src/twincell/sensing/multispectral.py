"""A camera with several narrow bands and a lamp beside its lens.

Radiance of a Lambertian surface under a small lamp at distance d, in band b (Horn, Robot Vision,
MIT Press 1986, ch. 10):

    L_b = rho_b (cos(theta_lamp) d0^2 / d^2 * lit + ambient)

with `lit` from a second ray to the lamp: a crack is dark because its geometry lies in shadow.
Under ultraviolet the lamp excites what glows (G. G. Stokes: what is emitted has less energy, so a
filter parts it from the lamp's own light):

    L_uv = (cos(theta_lamp) d0^2 / d^2 * lit) (glow + leak rho_excitation) + dark rho_emission

`optics` has the lens, `finish` what lies on surfaces, `grooves` what is narrower than a pixel,
`exposure` the chip; each effect has its switch in `spec.effects`.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from twincell.geometry.pose import Pose
from twincell.sensing.backdrop import backdrop
from twincell.sensing.exposure import depth, expose
from twincell.sensing.grooves import RAYS, groove_pixels, offsets
from twincell.sensing.light import SKIN
from twincell.sensing.optics import CameraInfo, camera_info, pixel_rays, vignetting
from twincell.sensing.radiance import View
from twincell.sensing.scene import Placement, Scene
from twincell.sensing.sightlines import sightlines
from twincell.sensing.types import SpectralImage
from twincell.world.sensors import Multispectral

__all__ = ["CameraInfo", "camera_info", "image"]

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]

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
    planes = _look(View(sightlines(scene), spec, sensor, poses))
    if spec.effects.vignetting:
        planes *= vignetting(spec)
    if spec.effects.blur and spec.psf > 0:
        for plane in planes:
            cv2.GaussianBlur(plane, (0, 0), spec.psf, dst=plane, borderType=cv2.BORDER_REFLECT)
    counts = expose(planes, spec, rng)
    bands = len(spec.bands)
    return SpectralImage(
        stamp,
        np.asarray(spec.bands, float),
        counts[:bands],
        info.k,
        depth(spec),
        info.d,
        counts[bands] if spec.ultraviolet is not None else None,
    )


def _look(view: View) -> F32:
    """Light on each pixel, shape (planes, height, width)."""
    spec, scene = view.spec, view.scene
    turn = view.sensor.rotation().astype(np.float32).T
    table = (pixel_rays(spec).reshape(-1, 3) @ turn).reshape(spec.height, spec.width, 3)
    planes = np.empty((view.planes, spec.height, spec.width), np.float32)
    lamp = view.sensor.apply(spec.lamp.place)
    shadow = spec.effects.shadow
    still = backdrop(scene, view.sensor.p, table, lamp, 1 - SKIN, view.poses, shadow=shadow)
    for tile in _tiles(spec):
        rays = table[tile].reshape(-1, 3)
        behind = None if still is None else still.part(tile)
        lit = None if still is None else still.lit[tile].ravel()
        light = view.radiance(rays, behind, lit)
        planes[:, *tile] = light.reshape(-1, *table[tile].shape[:2])
    if spec.effects.footprint:
        v, u = groove_pixels(scene, spec, view.sensor, view.poses)
        if len(v):
            planes[:, v, u] = _average(view, table, v, u)
    return planes


def _average(view: View, table: F32, v: I64, u: I64) -> F32:
    """Light on pixels as the mean of many rays over their area, shape (planes, n)."""
    rows, columns = table.shape[:2]
    low_u, high_u = np.maximum(u - 1, 0), np.minimum(u + 1, columns - 1)
    low_v, high_v = np.maximum(v - 1, 0), np.minimum(v + 1, rows - 1)
    right = (table[v, high_u] - table[v, low_u]) / (high_u - low_u)[:, None].astype(np.float32)
    down = (table[high_v, u] - table[low_v, u]) / (high_v - low_v)[:, None].astype(np.float32)
    off = offsets(v, u)
    rays = table[v, u][:, None] + off[:, :, :1] * right[:, None] + off[:, :, 1:] * down[:, None]
    light = view.radiance(rays.reshape(-1, 3), shrink=1 / np.sqrt(RAYS), deep=True)
    return np.asarray(light.reshape(view.planes, -1, RAYS).mean(axis=2))


def _tiles(spec: Multispectral) -> Iterator[tuple[slice, slice]]:
    """Rows and columns of tiles that cover the image."""
    for top in range(0, spec.height, _TILE):
        for left in range(0, spec.width, _TILE):
            yield slice(top, top + _TILE), slice(left, left + _TILE)
