"""From light to counts: EMVA 1288's linear model, compiled by numba.

Electrons N come from light; shot noise has variance N, read noise its own; what exceeds the full
well is lost; counts are electrons over the gain, rounded (EMVA Standard 1288, Release 4.0, sec. 2).
The Poisson law of few electrons is taken as a normal one: at ten electrons and 12 of read noise
its skewness is below a hundredth.

Deviates come from one fixed pool, in which each row of each band starts anywhere and either sign
is as likely: drawing new ones would take a third of an image's time.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

from twincell.world.sensors import Multispectral

__all__ = ["WHITE", "depth", "expose"]

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]
U16 = NDArray[np.uint16]

WHITE = 0.9
"""Share of the full well that a white surface gives, facing the lamp at its `distance`."""
_POOL = 1 << 20
"""Deviates in the pool."""


def depth(spec: Multispectral) -> int:
    """Bits of the counts."""
    return spec.bits if spec.effects.quantisation else 16


def expose(radiance: F32, spec: Multispectral, rng: np.random.Generator | None) -> U16:
    """Counts of one image.

    Args:
        radiance: of each band in units of a white surface's, shape (b, height, width).
        spec: the camera.
        rng: of the noise; without one there is none.
    """
    bands, height, width = radiance.shape
    out = np.empty(radiance.shape, np.uint16)
    shot = np.float32(rng is not None and spec.effects.shot_noise)
    read = np.float32(spec.read_noise if rng is not None and spec.effects.read_noise else 0)
    full = np.float32(2 ** depth(spec) - 1)
    well = np.float32(spec.full_well)
    pool = _pool()
    starts = np.zeros((bands, height), np.int64)
    signs = np.zeros((bands, height), np.float32)
    if rng is not None:
        starts = rng.integers(0, len(pool) - width, (bands, height))
        signs = np.where(rng.random((bands, height)) < 0.5, np.float32(-1), np.float32(1))
    _expose(
        radiance, np.float32(WHITE) * well, well, shot, read * read, full, pool, starts, signs, out
    )
    return out


@cache
def _pool() -> F32:
    """Standard normal deviates."""
    return np.random.default_rng(1288).standard_normal(_POOL, np.float32)


@njit(cache=True, error_model="numpy")
def _expose(
    radiance: F32,
    white: np.float32,
    well: np.float32,
    shot: np.float32,
    read: np.float32,
    full: np.float32,
    pool: F32,
    starts: I64,
    signs: F32,
    out: U16,
) -> None:
    """Rows of all bands; `read` is a variance, all numbers are float32 for speed."""
    scale = full / well
    half = np.float32(0.5)
    for b in range(radiance.shape[0]):
        for v in range(radiance.shape[1]):
            row, to = radiance[b, v], out[b, v]
            noise = pool[starts[b, v] : starts[b, v] + len(row)]
            sign = signs[b, v]
            for u in range(len(row)):
                mean = row[u] * white
                electrons = mean + sign * np.sqrt(shot * mean + read) * noise[u]
                electrons = min(max(electrons, np.float32(0)), well)
                to[u] = np.uint16(np.int32(electrons * scale + half))
