"""What a laser line does on real surfaces.

- blur: heights along the line are convolved with a Gaussian of full width `resolution` at half
  height, over lit points only: the lens's point spread and the pixel's size.
- speckle: the centroid of a speckled spot is uncertain by
  delta_z = C lambda / (2 pi sin(u) sin(alpha)), with contrast C, the lens's half angle u and the
  triangulation angle alpha (Dorsch, Haeusler and Herrmann, "Laser triangulation: fundamental
  uncertainty in distance measurement", Appl. Opt. 33 (1994) 1306, doi 10.1364/AO.33.001306). It is
  correlated along the line over the speckles' size in the object, lambda / (2 sin(u)), here at
  least over the profiler's `resolution`.
- polish: metal scatters the share 1 - g of its light and mirrors g in a lobe about the mirror's
  direction. The lobe is Beckmann's distribution of facet slopes as Cook and Torrance, "A
  reflectance model for computer graphics", ACM Trans. Graph. 1 (1982) 7, use it, normalised as by
  Walter et al., "Microfacet models for refraction through rough surfaces", EGSR 2007: over a white
  Lambertian target it is exp(-(tan(delta) / m)^2) / (4 m^2). Masking, 1 / cos(delta)^4 and the
  cosines of both directions are left out; they are near one within the lobe of a polished metal.
  delta is the angle from the normal to the bisector of laser and camera; casting keeps only the
  incidence theta, so delta = |theta - alpha / 2| stands for it: exact where the normal lies in
  the triangulation plane and leans to the camera. Too little light is dark, and too much
  (`GLARE`) saturates.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from twincell.world.sensors import Profiler

__all__ = ["GLARE", "METALS", "blurred", "shine", "speckle", "speckle_deviation"]

F32 = NDArray[np.float32]

METALS = frozenset({"steel", "aluminium", "titanium"})
"""Materials that can be polished."""
GLARE = 4.0
"""Light, as a share of a white target's, that saturates the profiler's camera."""


def shine(spec: Profiler, light: F32, cosine: F32, metal: NDArray[np.bool_]) -> F32:
    """Light that returns from points, as a share of what a white target scatters head-on.

    Args:
        spec: the profiler.
        light: of a matt surface, reflectance times cosine.
        cosine: of the incidence, of the same shape.
        metal: which points can be polished.
    """
    delta = np.abs(np.arccos(np.clip(cosine, 0, 1)) - np.float32(spec.triangulation / 2))
    slope = np.tan(np.minimum(delta, np.float32(1.5))) / np.float32(spec.roughness)
    lobe = np.exp(-(slope**2)) / np.float32(4 * spec.roughness**2)
    gloss = np.float32(spec.gloss)
    return np.asarray(np.where(metal, light * (1 - gloss + gloss * lobe), light), np.float32)


def blurred(spec: Profiler, z: F32, lit: NDArray[np.bool_]) -> F32:
    """Heights at the profiler's lateral resolution, shape (m, k); unlit ones as they are."""
    sigma = _points(spec, spec.resolution) / 2.355
    weight = gaussian_filter1d(lit.astype(np.float32), sigma, axis=1, mode="constant")
    offset = np.where(lit, z - np.float32(spec.standoff), np.float32(0))
    mean = gaussian_filter1d(offset, sigma, axis=1, mode="constant")
    level = mean / np.maximum(weight, np.float32(1e-6)) + np.float32(spec.standoff)
    return np.asarray(np.where(lit, level, z), np.float32)


def speckle_deviation(spec: Profiler) -> float:
    """Standard deviation of heights from speckle [m]."""
    wavelength = 1e-9 * spec.wavelength
    sines = spec.aperture * np.sin(spec.triangulation)
    return float(spec.contrast * wavelength / (2 * np.pi * sines))


def speckle(spec: Profiler, shape: tuple[int, ...], rng: np.random.Generator) -> F32:
    """Correlated noise of heights [m], of a shape (m, k)."""
    length = max(spec.resolution, 1e-9 * spec.wavelength / (2 * spec.aperture))
    sigma = _points(spec, length) / 2.355
    white = rng.standard_normal(shape, np.float32)
    if sigma < 0.2:  # speckles smaller than the points' distance
        return np.asarray(np.float32(speckle_deviation(spec)) * white, np.float32)
    impulse = np.zeros(2 * int(4 * sigma + 1) + 1)
    impulse[len(impulse) // 2] = 1.0
    gain = float(np.linalg.norm(gaussian_filter1d(impulse, sigma)))
    smooth = gaussian_filter1d(white, sigma, axis=1, mode="wrap")
    return np.asarray(np.float32(speckle_deviation(spec) / gain) * smooth, np.float32)


def _points(spec: Profiler, length: float) -> float:
    """A length along the line in points."""
    return length * (spec.points - 1) / spec.width
