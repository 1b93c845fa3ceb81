"""Random fields of which the synthetic photographs are made."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["Grey", "clouds", "grain", "streaks", "waver"]

Grey = NDArray[Any]
"""Values of float32 (h, w)."""


def clouds(size: int, rng: np.random.Generator, finest: int = 8, coarsest: int = 0) -> Grey:
    """Smooth noise (size, size) of zero mean and unit spread, `coarsest` (half) to `finest` px."""
    out = np.zeros((size, size), np.float32)
    step = coarsest or size // 2
    fall = rng.uniform(0.2, 1.0)
    while step >= finest:
        cells = max(2, size // step + 2)
        noise = rng.normal(size=(cells, cells)).astype(np.float32)
        out += (step / size) ** fall * cv2.resize(
            noise, (size, size), interpolation=cv2.INTER_CUBIC
        )
        step //= 2
    return np.asarray((out - out.mean()) / (out.std() + 1e-6), np.float32)


def grain(size: int, rng: np.random.Generator, sigma: float, skew: float = 0.0) -> Grey:
    """Noise (size, size) of unit spread, `sigma` px wide, leaning to bright or dark by `skew`."""
    noise = rng.standard_normal((size, size), np.float32)
    if sigma > 0.25:
        noise = np.asarray(cv2.GaussianBlur(noise, (0, 0), sigma), np.float32)
    noise /= noise.std() + 1e-6
    return np.asarray(noise + skew * (noise**2 - 1), np.float32)


def streaks(size: int, rng: np.random.Generator, across: float, along: float) -> Grey:
    """Upright streaks (size, size) of unit spread; sizes in px."""
    few = max(2, int(size / max(along, 1.0)) + 2)
    noise = rng.standard_t(3, size=(few, size)).astype(np.float32)
    if across > 0.25:
        noise = np.asarray(cv2.GaussianBlur(noise, (0, 0), sigmaX=across, sigmaY=0.01), np.float32)
    whole: Grey = cv2.resize(np.clip(noise, -9, 9), (size, size), interpolation=cv2.INTER_CUBIC)
    return np.asarray(whole / (whole.std() + 1e-6), np.float32)


def waver(count: int, rng: np.random.Generator, sigma: float) -> Grey:
    """A random line (count,) of zero mean and unit spread, smooth over `sigma` samples."""
    few = max(4, int(count / max(sigma, 1.0)) + 3)
    noise = rng.normal(size=(few, 1)).astype(np.float32)
    line = cv2.resize(noise, (1, max(count, 2)), interpolation=cv2.INTER_CUBIC)[:count, 0]
    return np.asarray((line - line.mean()) / (line.std() + 1e-6), np.float32)
