"""Where a camera's pixels look: pinhole with Brown-Conrady distortion, and cos^4 vignetting.

A direction (x, y, 1) with r^2 = x^2 + y^2 is seen at

    x_d = x (1 + k1 r^2 + k2 r^4 + k3 r^6) + 2 t1 x y + t2 (r^2 + 2 x^2)

and y_d alike with t1 and t2 exchanged (D. C. Brown, "Close-range camera calibration",
Photogrammetric Engineering 37 (1971) 855; `plumb_bob` of sensor_msgs/CameraInfo). Rays are cast
through the pixel's centre, so its x_d is inverted by iteration.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twincell.errors import SensorError
from twincell.sensing.materials import WAVELENGTHS
from twincell.world.sensors import Multispectral

__all__ = ["CameraInfo", "camera_info", "pixel_rays", "project", "vignetting"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

_ROUNDS = 60
"""Iterations of the inverse; each gains about a digit at usual distortions."""
_CLOSE = 1e-3
"""Largest error of the inverse [pixel]; where more is left, the lens folds the image over."""


@dataclass(frozen=True)
class CameraInfo:
    """What sensor_msgs/CameraInfo wants.

    Attributes:
        width: columns.
        height: rows.
        k: intrinsics, shape (3, 3) [pixel].
        d: plumb_bob distortion k1, k2, t1, t2, k3, shape (5,); zeros for an ideal lens.
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
    low, high = WAVELENGTHS[0], WAVELENGTHS[-1]
    if not spec.bands or not all(low <= b <= high for b in spec.bands):
        raise SensorError(
            f"camera bands {spec.bands} nm; valid: at least one, {low:g} to {high:g} nm"
        )
    for key in ("excitation", "emission"):
        value = low if spec.ultraviolet is None else getattr(spec.ultraviolet, key)
        if not low <= value <= high:
            raise SensorError(
                f"camera ultraviolet.{key} {value:g} nm; valid: {low:g} to {high:g} nm"
            )
    f = spec.width / (2 * np.tan(spec.field_of_view / 2))
    k = np.array([[f, 0.0, (spec.width - 1) / 2], [0.0, f, (spec.height - 1) / 2], [0.0, 0.0, 1.0]])
    d = np.array(spec.distortion if spec.effects.distortion else np.zeros(5), float)
    p = np.hstack([k, np.zeros((3, 1))])
    return CameraInfo(spec.width, spec.height, k, d, np.eye(3), p)


def project(info: CameraInfo, points: ArrayLike) -> F64:
    """Pixels of points.

    Args:
        info: the camera.
        points: optical frame, shape (n, 3) [m].

    Returns:
        u and v, shape (n, 2) [pixel]; NaN for what is not before the camera.
    """
    at = np.asarray(points, float)
    z = np.where(at[:, 2] > 0, at[:, 2], np.nan)
    bent = _distort(at[:, :2] / z[:, None], info.d)
    return np.asarray(bent * info.k[[0, 1], [0, 1]] + info.k[:2, 2])


@lru_cache(maxsize=8)
def pixel_rays(spec: Multispectral) -> F32:
    """Direction of each pixel's centre with z = 1, optical frame, shape (height, width, 3).

    Raises:
        SensorError: an impossible configuration, or a distortion that folds the image over.
    """
    info = camera_info(spec)
    v, u = np.mgrid[: spec.height, : spec.width].astype(float)
    seen = np.stack([u, v], axis=-1).reshape(-1, 2)
    seen = (seen - info.k[:2, 2]) / info.k[[0, 1], [0, 1]]
    flat = seen.copy()
    if info.d.any():
        with np.errstate(all="ignore"):
            for _ in range(_ROUNDS):
                flat += seen - _distort(flat, info.d)
            error = np.abs(_distort(flat, info.d) - seen).max() * info.k[0, 0]
        if not error < _CLOSE:
            raise SensorError(
                f"camera distortion {tuple(info.d.tolist())} folds the image over within its "
                f"{spec.width} x {spec.height} pixels; valid: coefficients nearer to 0"
            )
    rays = np.ones((spec.height, spec.width, 3), np.float32)
    rays[:, :, :2] = flat.reshape(spec.height, spec.width, 2)
    rays.setflags(write=False)
    return rays


@lru_cache(maxsize=8)
def vignetting(spec: Multispectral) -> F32:
    """Share of light on each pixel, shape (height, width).

    The irradiance of a chip behind a lens goes with cos^4 of the angle to the axis (Horn, Robot
    Vision, MIT Press 1986, sec. 10.3).
    """
    rays = pixel_rays(spec)
    share = np.asarray(1 / (rays * rays).sum(axis=-1) ** 2, np.float32)
    share.setflags(write=False)
    return share


def _distort(at: F64, d: F64) -> F64:
    """Normalised coordinates as the lens moves them, shape (n, 2)."""
    k1, k2, t1, t2, k3 = d
    x, y = at[:, 0], at[:, 1]
    r2 = x * x + y * y
    radial = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
    return np.stack(
        [
            x * radial + 2 * t1 * x * y + t2 * (r2 + 2 * x * x),
            y * radial + t1 * (r2 + 2 * y * y) + 2 * t2 * x * y,
        ],
        axis=1,
    )
