"""Dark lines in a photograph by an oriented filter bank."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["line_strength"]

_TURNS = 16
_WIDTHS = (1.2, 2.2)
"""Half widths of the lines looked for [px]."""

_LENGTH = 5.0
"""Spread of a filter along its line [px]."""


def line_strength(even: NDArray[np.float32]) -> NDArray[np.float32]:
    """How strongly each pixel lies on a dark line.

    Second derivatives of Gaussians drawn out along 16 directions (the steerable ridge filter of
    Freeman and Adelson, 1991), the largest over directions and widths.

    Args:
        even: (h, w) photograph after `normalise`.

    Returns:
        (h, w), 0 to 1.
    """
    best = np.zeros(even.shape, np.float32)
    reach = 12
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float64)
    for turn in np.arange(_TURNS) * np.pi / _TURNS:
        along = x * np.cos(turn) + y * np.sin(turn)
        across = y * np.cos(turn) - x * np.sin(turn)
        for width in _WIDTHS:
            ratio = (across / width) ** 2
            kernel = (ratio - 1) * np.exp(-ratio / 2 - (along / _LENGTH) ** 2 / 2)
            kernel -= kernel.mean()
            kernel /= np.abs(kernel).sum() / 2
            answer = cv2.filter2D(even, cv2.CV_32F, kernel, borderType=cv2.BORDER_REFLECT)
            np.maximum(best, answer, out=best)
    return np.asarray(np.clip(best / 3.0, 0, 1), np.float32)
