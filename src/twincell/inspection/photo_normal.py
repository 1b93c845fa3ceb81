"""Evening out a photograph's lighting before anything looks for lines in it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["normalise", "two_views"]

_SIGMA = 20.0
"""Width of the neighbourhood that counts as lighting [px]."""

_FLOOR = 1.5
"""Least spread of grey values [1/255]: what is weaker is the camera's own noise."""


def normalise(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """Subtract the local mean and divide by the local spread, half local and half of the image.

    Args:
        grey: (h, w) grey values, 0 to 255.

    Returns:
        (h, w) without unit; clipped to ±6.
    """
    mean = cv2.GaussianBlur(grey, (0, 0), _SIGMA, borderType=cv2.BORDER_REFLECT)
    rest = grey - mean
    local = cv2.GaussianBlur(rest * rest, (0, 0), 1.5 * _SIGMA, borderType=cv2.BORDER_REFLECT)
    spread = np.sqrt(0.5 * local + 0.5 * np.median(local) + _FLOOR**2)
    return np.asarray(np.clip(rest / spread, -6.0, 6.0), np.float32)


def two_views(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the network sees: contrast against the local spread, and against the local brightness.

    The first makes lines of dim and of bright pictures alike; the second keeps how much of the
    light a line swallows, which tells a crack from a smudge on an even surface.

    Args:
        grey: (h, w) grey values, 0 to 255.

    Returns:
        (2, h, w) without unit.
    """
    mean = cv2.GaussianBlur(grey, (0, 0), _SIGMA, borderType=cv2.BORDER_REFLECT)
    share = np.clip(3.0 * (grey - mean) / (mean + 8.0), -3.0, 3.0)
    return np.stack([normalise(grey), share.astype(np.float32)])
