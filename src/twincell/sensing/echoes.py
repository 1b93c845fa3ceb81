"""From what a LiDAR's beams met to what it measures.

With P = rho cos(theta) (r0 / r)^2 / 0.10, the echo of a Lambertian target as a share of that of a
10 % target met head-on at the farthest range r0 (Wehr and Lohr, "Airborne laser scanning", ISPRS
J. 54 (1999) 68), the signal-to-noise ratio is S = S0 P, with S0 = 5.0 (below).

- range noise: sigma^2 = noise^2 (100 / S) (1 + (s / w)^2), with sigma ~ 1 / sqrt(S) after
  Baltsavias, "Airborne laser scanning: basic relations and formulas", ISPRS J. 54 (1999) 199. The
  echo from a tilted surface is stretched by s = r beam / 4 tan(theta) against the pulse's own
  w = c pulse / (2 * 2.355) (Wagner et al., ISPRS J. 60 (2006) 100). 100 / S is at least 0.25:
  timing jitter does not vanish with more light.
- drop-out: a return is kept with probability Phi(S - T), T = 3.72: the threshold in standard
  deviations of Gaussian noise that gives 1 false return in 10,000, the rate at which data sheets
  state their reach. S0 = T + 1.28 keeps 90 % of the 10 % target at r0.
- quantisation: r to the nearest multiple of `resolution`; intensity to whole counts.
- cross-talk: a foreign pulse, not synchronised, arrives at any time alike; it takes the place of
  the own echo where it comes first (Kim, Eom and Park, "Investigation on the occurrence of mutual
  interference between pulsed terrestrial LIDAR scanners", IEEE IV 2015).

Without their switches the noise is N(0, noise^2) and returns end sharply at P = 1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from twincell.world.sensors import Lidar

__all__ = ["TARGET", "deviation", "kept", "measure", "signal"]

F32 = NDArray[np.float32]

TARGET = 0.10
"""Reflectance of the target for which the farthest range holds."""
LIGHT = 299_792_458.0
"""Speed of light [m/s]."""
_THRESHOLD = 3.72
_EDGE = _THRESHOLD + 1.28


def signal(spec: Lidar, ranges: F32, power: F32) -> F32:
    """Signal-to-noise ratio of echoes.

    Args:
        spec: the LiDAR.
        ranges: [m].
        power: reflectance times cosine of the incidence, of the ranges' shape.
    """
    return np.asarray(
        power * np.float32(_EDGE / TARGET * spec.reach[1] ** 2) / (ranges * ranges), np.float32
    )


def deviation(spec: Lidar, ranges: F32, power: F32, cosine: F32) -> F32:
    """Standard deviation of ranges [m]; arguments as `signal`, cosine of the incidence."""
    ratio = np.float32(100) / np.maximum(signal(spec, ranges, power), np.float32(1e-3))
    tangent2 = np.minimum(1 / np.maximum(cosine, np.float32(1e-3)) ** 2 - 1, np.float32(1e4))
    width = LIGHT * spec.pulse / (2 * 2.355)
    stretch2 = (ranges * np.float32(spec.beam / 4 / width)) ** 2 * tangent2
    scale = np.clip(ratio, np.float32(0.25), np.float32(400)) * (1 + stretch2)
    return np.asarray(np.float32(spec.noise) * np.sqrt(scale), np.float32)


def kept(ratio: F32) -> F32:
    """Probability that an echo of a signal-to-noise ratio is detected."""
    return np.asarray(ndtr(ratio - np.float32(_THRESHOLD)), np.float32)


def measure(
    spec: Lidar, ranges: F32, power: F32, cosine: F32, rng: np.random.Generator | None
) -> tuple[F32, F32]:
    """Apply all that comes after the optics.

    Args:
        spec: the LiDAR; its effects tell what is applied.
        ranges: true ones, inf where nothing was met [m].
        power: reflectance times cosine.
        cosine: of the incidence.
        rng: of all chance; without one only what is deterministic is applied.

    Returns:
        Ranges by REP-117 and intensities of 0 to 255, of the ranges' shape.
    """
    effects = spec.effects
    near, far = spec.reach
    measured = ranges.copy()
    if effects.dropout and rng is not None:
        with np.errstate(invalid="ignore", divide="ignore"):
            lost = rng.random(ranges.shape, np.float32) >= kept(signal(spec, ranges, power))
    else:
        lost = power * far**2 < TARGET * ranges**2
    met = np.isfinite(ranges)
    if rng is not None and spec.noise > 0:
        noise = rng.standard_normal(ranges.shape, np.float32)
        if effects.range_noise:
            safe = np.where(met, ranges, np.float32(1))
            noise *= deviation(spec, safe, power, cosine)
        else:
            noise *= np.float32(spec.noise)
        measured += noise
    lost |= measured > far
    close = measured < near
    intensity = np.float32(255.0) * np.minimum(power, np.float32(1.0))
    if effects.quantisation:
        step = np.float32(spec.resolution)
        measured = np.rint(measured / step) * step
        intensity = np.rint(intensity)
    measured[lost] = np.inf
    measured[close] = -np.inf
    if effects.crosstalk and rng is not None:
        which = np.flatnonzero(rng.random(ranges.shape, np.float32) < effects.crosstalk)
        foreign = rng.uniform(near, far, len(which)).astype(np.float32)
        first = foreign < measured.flat[which]
        measured.flat[which[first]] = foreign[first]
        intensity.flat[which[first]] = rng.integers(1, 256, int(first.sum()))
    return measured, intensity
