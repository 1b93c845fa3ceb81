"""Thin dark lines in an image of several bands, told against the nominal CAD.

Counts are divided by the Lambertian shading that the CAD predicts (Horn, Robot Vision, MIT Press
1986, ch. 10), so that what is left is reflectance. A bank of oriented second-derivative line
filters (Freeman and Adelson, IEEE PAMI 13 (1991) 891) then marks dark lines in the bands' mean,
and a threshold with hysteresis (Canny, IEEE PAMI 8 (1986) 679) joins them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np
import trimesh
from numpy.typing import NDArray

from twincell.errors import InspectionError
from twincell.geometry.bodies import Body
from twincell.geometry.pose import Pose
from twincell.sensing.scene import Scene
from twincell.sensing.types import SpectralImage
from twincell.world.cameras import Lamp

__all__ = ["SpectralDetector", "SpectralIndication", "extent"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Mask = NDArray[np.bool_]
Window = tuple[slice, slice]

ORIENTATIONS = 12
"""Filters of the bank, over half a turn."""
SIGMA = 1.2
"""Half width of the lines that the bank is tuned to [pixel]."""
LENGTH = 4.0
"""Standard deviation of the filters along the line [pixel]."""
HIGH, LOW = 7.0, 4.0
"""Thresholds of the response, in robust standard deviations of the image's own responses."""
LEAST = 0.012
"""Least line response in log reflectance that is more than uneven material."""
FEWEST = 8
"""Pixels of an indication."""
MARGIN = 6
"""Kept clear of outlines, shadows' borders and creases of the CAD [pixel]."""
GRAZING = 0.35
"""Least cosine to the camera: below, a pixel covers too long a strip."""
CREASE = 0.99
"""Least dot product of normals of neighbouring pixels on a smooth surface."""
BACKGROUND = 25
"""Side of the neighbourhood that a line is compared to [pixel]."""


@dataclass(frozen=True)
class SpectralIndication:
    """A thin dark line in an image.

    Attributes:
        points: of its pixels on the nominal surface, part frame, shape (n, 3) [m].
        contrast: share of light that is missing against the surroundings, per band, shape (b,).
        spread: standard error of `contrast`, shape (b,).
        bands: centre wavelengths [nm], shape (b,).
        width: area over length [m]; not below a pixel.
        edge: distance to the nearest outline or crease of the CAD in the image [m].
        stamp: time of exposure [s].
        opening: width of a black gap that would take as much light [m].
    """

    points: F64
    contrast: F64
    spread: F64
    bands: F64
    width: float
    edge: float
    stamp: float
    opening: float = 0.0


class SpectralDetector:
    """Looks for dark lines on one part.

    Args:
        mesh: nominal CAD, part frame [m].
        lamp: of the camera.
        heights: lowest and highest z of the part that is looked at [m]; all of it without.
    """

    def __init__(
        self,
        mesh: trimesh.Trimesh,
        lamp: Lamp | None = None,
        heights: tuple[float, float] = (-np.inf, np.inf),
    ) -> None:
        self._lamp = lamp or Lamp()
        self._heights = heights
        self._corners: F64 = np.array(list(product(*mesh.bounds.T)))
        self._scene = Scene([Body("cad", mesh, "titanium", Pose.identity(), True)])

    def detect(
        self, image: SpectralImage, camera: Pose, distortion: F64 | None = None
    ) -> tuple[SpectralIndication, ...]:
        """Dark lines of one image, the largest first.

        Args:
            image: counts.
            camera: pose of the optical frame in the part frame.
            distortion: plumb_bob k1, k2, t1, t2, k3, shape (5,); the image's own if not given.

        Raises:
            InspectionError: counts of another shape than (bands, height, width).
        """
        if image.data.ndim != 3 or len(image.data) != len(image.bands) or not len(image.bands):
            raise InspectionError(
                f"image data of shape {image.data.shape} with {len(image.bands)} bands; "
                "valid: (bands, height, width), at least one band"
            )
        bent = image.distortion if distortion is None else distortion
        window = self._window(image, camera, bent)
        light, points, usable, pixel = self._expect(image, camera, bent, window)
        if not usable.any():
            return ()
        logs = np.stack([_reflectance(band[window], light, usable) for band in image.data])
        # a crack is dark in all bands, a stain in some: the mean shows both, at least noise
        grey = np.asarray(logs.mean(axis=0))
        response = _lines(grey, usable)
        # beside a line and beyond its ends the filters answer too: there the surface is not dark
        response[cv2.blur(grey - _mean(grey, usable), (3, 3)) > -LEAST / 2] = 0
        noise = _noise(response[usable])
        strong = usable & (response > max(HIGH * noise, LEAST))
        weak = usable & (response > max(LOW * noise, LEAST / 2))
        count, labels = cv2.connectedComponents(weak.astype(np.uint8), connectivity=8)
        sizes = np.bincount(labels.ravel(), minlength=count)
        kept = [i for i in np.unique(labels[strong]) if i > 0 and sizes[i] >= FEWEST]
        if not kept:
            return ()
        away = cv2.distanceTransform(usable.astype(np.uint8), cv2.DIST_L2, 5) + MARGIN
        clean = usable & ~cv2.dilate(weak.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
        below = np.stack([_mean(band, clean) - band for band in logs])
        spread = np.array([_noise(b[clean]) for b in below])
        out = []
        for i in sorted(kept, key=lambda k: -sizes[k]):
            at = labels == i
            core = at & (response >= np.median(response[at]))
            where = points[at].astype(float)
            size = float(np.median(pixel[at]))
            run = max(extent(where), size)
            out.append(
                SpectralIndication(
                    where,
                    1 - np.exp(-below[:, core].mean(axis=1)),
                    spread / np.sqrt(core.sum()),
                    image.bands,
                    float(max(at.sum() * size**2 / run, size)),
                    float(away[at].min() * size),
                    image.stamp,
                    float((1 - np.exp(-np.maximum(below[:, at].mean(axis=0), 0))).sum())
                    * size**2
                    / run,
                )
            )
        return tuple(out)

    def _window(self, image: SpectralImage, camera: Pose, distortion: F64) -> Window:
        """The rows and columns that the part can fill; all where it reaches behind the camera."""
        shape = image.data.shape[1:]
        corners = camera.inverse().apply(self._corners)
        if corners[:, 2].min() < 1e-3:
            return slice(0, shape[0]), slice(0, shape[1])
        at, _ = cv2.projectPoints(
            corners, np.zeros(3), np.zeros(3), image.camera_matrix, distortion
        )
        low = np.floor(at.reshape(-1, 2).min(axis=0)).astype(int) - MARGIN
        high = np.ceil(at.reshape(-1, 2).max(axis=0)).astype(int) + MARGIN
        (left, top), (right, bottom) = np.maximum(low, 0), np.maximum(high, 0)
        return slice(top, min(bottom, shape[0])), slice(left, min(right, shape[1]))

    def _expect(
        self, image: SpectralImage, camera: Pose, distortion: F64, window: Window
    ) -> tuple[F32, F32, Mask, F32]:
        """Light, place, use and size [m] of each pixel of a window, if the part were flawless."""
        v, u = np.mgrid[window]
        shape = v.shape
        if not v.size:
            nothing = np.zeros(shape, np.float32)
            return nothing, np.zeros((*shape, 3), np.float32), nothing.astype(bool), nothing
        pixels = np.stack([u, v], axis=-1).reshape(-1, 1, 2).astype(float)
        flat = cv2.undistortPoints(pixels, image.camera_matrix, distortion)
        rays = np.column_stack([flat.reshape(-1, 2), np.ones(len(pixels))])
        ways = (rays @ camera.rotation().T).astype(np.float32)
        placement = self._scene.place()
        hits = self._scene.cast(camera.p, ways, placement)
        seen = hits.body >= 0
        depth = np.where(seen, hits.range, np.float32(0))
        points = camera.p.astype(np.float32) + ways * depth[:, None]
        lamp = camera.apply(self._lamp.place).astype(np.float32)
        beams = points - lamp
        d2 = np.maximum((beams * beams).sum(axis=1), np.float32(1e-9))
        facing = np.maximum(-(hits.normal * beams).sum(axis=1) / np.sqrt(d2), 0)
        shadow = self._scene.cast(lamp.astype(float), beams, placement).range < 1 - 1e-3
        direct = np.where(shadow, 0, facing) * np.float32(self._lamp.distance**2) / d2
        light = self._lamp.ambient + direct
        usable = (seen & ~shadow & (hits.cosine > GRAZING)).reshape(shape)
        z = points[:, 2].reshape(shape)
        usable &= (z > self._heights[0]) & (z < self._heights[1])
        usable &= image.data[(slice(None), *window)].max(axis=0) < 2**image.bits - 1
        normal = hits.normal.reshape(*shape, 3)
        for axis in (0, 1):
            bent = (normal * np.roll(normal, 1, axis)).sum(axis=-1) < CREASE
            usable &= ~(bent | np.roll(bent, -1, axis))
        kernel = np.ones((2 * MARGIN + 1,) * 2, np.uint8)
        eroded = cv2.erode(usable.astype(np.uint8), kernel, borderValue=0)
        size = depth / image.camera_matrix[0, 0]
        return (
            np.asarray(light, np.float32).reshape(shape),
            np.asarray(points, np.float32).reshape(*shape, 3),
            np.asarray(eroded, np.bool_),
            np.asarray(size, np.float32).reshape(shape),
        )


def extent(points: F64) -> float:
    """Length of a cloud along its principal direction [m]."""
    if len(points) < 2:
        return 0.0
    off = points - points.mean(axis=0)
    return float(np.ptp(off @ np.linalg.svd(off, full_matrices=False)[2][0]))


def _reflectance(counts: NDArray[np.uint16], light: F32, usable: Mask) -> F32:
    """Log of reflectance in units of the surface's own median, 0 where unusable."""
    ratio = np.maximum(counts.astype(np.float32), 1) / light
    ratio /= np.median(ratio[usable])
    return np.asarray(np.where(usable, np.log(ratio), 0), np.float32)


def _mean(values: F32, usable: Mask) -> F32:
    """Mean of the usable pixels in a neighbourhood."""
    weight = usable.astype(np.float32)
    box = (BACKGROUND, BACKGROUND)
    total = cv2.boxFilter(values * weight, -1, box, normalize=False)
    return np.asarray(total / np.maximum(cv2.boxFilter(weight, -1, box, normalize=False), 1))


def _lines(values: F32, usable: Mask) -> F32:
    """Response to the dark line through each pixel, over all orientations."""
    level = np.where(usable, values - _mean(values, usable), 0).astype(np.float32)
    bank = [cv2.filter2D(level, -1, _kernel(a)) for a in range(ORIENTATIONS)]
    return np.asarray(np.max(bank, axis=0))


def _kernel(number: int) -> F32:
    """Second derivative of a Gaussian across a line; no sum, positive part of sum 1."""
    half = int(np.ceil(3 * LENGTH))
    y, x = np.mgrid[-half : half + 1, -half : half + 1].astype(float)
    angle = np.pi * number / ORIENTATIONS
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    q = (across / SIGMA) ** 2
    k = (q - 1) * np.exp(-q / 2 - (along / LENGTH) ** 2 / 2)
    k -= k.mean()
    return np.asarray(k / k[k > 0].sum(), np.float32)


def _noise(values: F32) -> float:
    """Robust standard deviation: 1.4826 x median absolute deviation."""
    return max(1.4826 * float(np.median(np.abs(values - np.median(values)))), 1e-4)
