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
  interference between pulsed terrestrial LIDAR scanners", IEEE IV 2015). `interference` does the
  same for LiDARs that are in the cell, from their beams.

Without their switches the noise is N(0, noise^2) and returns end sharply at P = 1.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

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
    return np.asarray(power * np.float32(_gain(spec)) / (ranges * ranges), np.float32)


def deviation(spec: Lidar, ranges: F32, power: F32, cosine: F32) -> F32:
    """Standard deviation of ranges [m]; arguments as `signal`, cosine of the incidence."""
    rows = zip(signal(spec, ranges, power).flat, ranges.flat, cosine.flat, strict=True)
    stretch = _stretch(spec)
    sigma = [_sigma(float(s), float(r), float(c), spec.noise, stretch) for s, r, c in rows]
    return np.array(sigma, np.float32).reshape(ranges.shape)


def kept(ratio: F32) -> F32:
    """Probability that an echo of a signal-to-noise ratio is detected."""
    flat = np.array([_phi(float(s) - _THRESHOLD) for s in np.ravel(ratio)], np.float32)
    return flat.reshape(np.shape(ratio))


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
    effects, shape = spec.effects, ranges.shape
    near, far = spec.reach
    none = np.empty(0, np.float32)
    chance = noise = none
    if effects.dropout and rng is not None:
        chance = rng.random(ranges.size, np.float32)
    if rng is not None and spec.noise > 0:
        noise = rng.standard_normal(ranges.size, np.float32)
    measured, intensity = _echoes(
        np.ascontiguousarray(ranges).reshape(-1),
        np.ascontiguousarray(power).reshape(-1),
        np.ascontiguousarray(cosine).reshape(-1),
        noise,
        chance,
        near,
        far,
        _gain(spec),
        spec.noise,
        _stretch(spec) if effects.range_noise else -1.0,
        spec.resolution if effects.quantisation else 0.0,
    )
    if effects.crosstalk and rng is not None:
        which = np.flatnonzero(rng.random(ranges.size, np.float32) < effects.crosstalk)
        foreign = rng.uniform(near, far, len(which)).astype(np.float32)
        if effects.quantisation:
            foreign = np.rint(foreign / spec.resolution) * np.float32(spec.resolution)
        first = foreign < measured[which]
        measured[which[first]] = foreign[first]
        intensity[which[first]] = rng.integers(1, 256, int(first.sum()))
    return measured.reshape(shape), intensity.reshape(shape)


def _gain(spec: Lidar) -> float:
    """Signal-to-noise ratio of power 1 at 1 m."""
    return float(_EDGE / TARGET * spec.reach[1] ** 2)


def _stretch(spec: Lidar) -> float:
    """Stretch of an echo over the pulse's own width, for 1 m and a tangent of 1."""
    return float(spec.beam / 4 / (LIGHT * spec.pulse / (2 * 2.355)))


@njit(cache=True)
def _phi(x: float) -> float:
    """Cumulative distribution of the standard normal."""
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


@njit(cache=True)
def _sigma(ratio: float, r: float, cosine: float, noise: float, stretch: float) -> float:
    """Standard deviation of a range [m], from its signal-to-noise ratio."""
    tangent2 = min(1.0 / max(cosine, 1e-3) ** 2 - 1.0, 1e4)
    scarce = min(max(100.0 / max(ratio, 1e-3), 0.25), 400.0)
    return noise * math.sqrt(scarce * (1.0 + (r * stretch) ** 2 * tangent2))


@njit(cache=True)
def _echoes(
    ranges: F32,
    power: F32,
    cosine: F32,
    noise: F32,
    chance: F32,
    near: float,
    far: float,
    gain: float,
    sigma: float,
    stretch: float,
    step: float,
) -> tuple[F32, F32]:
    """Measured ranges and intensities of flat arrays.

    Empty `noise` and `chance`, a negative `stretch` and a `step` of zero switch their effects off.
    """
    measured = np.empty(len(ranges), np.float32)
    intensity = np.empty(len(ranges), np.float32)
    for i in range(len(ranges)):
        r, p = ranges[i], power[i]
        light = 255.0 * min(p, np.float32(1.0))
        intensity[i] = np.rint(light) if step > 0 else light
        measured[i] = np.inf
        if not math.isfinite(r):
            continue
        ratio = p * gain / (r * r)
        if len(chance) == 0:
            lost = p * far**2 < TARGET * r * r
        else:  # beyond 6 standard deviations nothing is lost: less than 1 in 10^9
            lost = ratio < _THRESHOLD + 6.0 and chance[i] >= _phi(ratio - _THRESHOLD)
        if len(noise):
            spread = sigma if stretch < 0 else _sigma(ratio, r, cosine[i], sigma, stretch)
            r += np.float32(spread) * noise[i]
        if r < near:
            measured[i] = -np.inf
        elif not lost and r <= far:
            measured[i] = np.rint(r / step) * step if step > 0 else r
    return measured, intensity
