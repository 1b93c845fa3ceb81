"""Evening out a photograph's lighting before anything looks for lines in it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["normalise"]

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
