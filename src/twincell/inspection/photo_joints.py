"""Straight lines from side to side of a photograph: joints and plank edges, not cracks."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["joint_bands"]

_LEAN = 0.08
"""Most lean against an axis of the picture, as a tangent."""
_LEANS = 21
_EVIDENCE = 0.2
"""Evidence from which a pixel counts as line."""
_COVERED, _SURE = 0.5, 0.25
"""Share of a line on which there must be evidence of any line, and of a joint."""
_REACH = 3
"""Half width of what is taken for the joint [px]."""


def joint_bands(crack: NDArray[np.float32], joint: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Bands along lines that run through the picture nearly along one of its axes.

    The sums along leaning lines are a Radon transform of few angles.

    Args:
        crack: (h, w) evidence of cracks, 0 to 1; cracks and joints are mistaken for one another.
        joint: (h, w) evidence of joints, 0 to 1.

    Returns:
        (h, w) true on the bands.
    """
    return _upright(crack, joint) | _upright(crack.T, joint.T).T


def _upright(crack: NDArray[np.float32], joint: NDArray[np.float32]) -> NDArray[np.bool_]:
    height, width = crack.shape
    wide = np.ones((1, 3), np.uint8)
    both = [np.maximum(crack, joint), joint]
    both = [cv2.dilate((e > _EVIDENCE).astype(np.float32), wide) for e in both]
    bands = np.zeros((height, width), np.bool_)
    for lean in np.linspace(-_LEAN, _LEAN, _LEANS):
        shear = np.array([[1, lean, -lean * height / 2], [0, 1, 0]])
        back = np.array([[1, -lean, lean * height / 2], [0, 1, 0]])
        any_line, sure = (cv2.warpAffine(e, shear, (width, height)).mean(0) for e in both)
        columns = (any_line > _COVERED) & (sure > _SURE)
        if columns.any():
            drawn = np.repeat(columns[None].astype(np.uint8), height, 0)
            drawn = cv2.dilate(drawn, np.ones((1, 2 * _REACH + 1), np.uint8))
            straight = cv2.warpAffine(drawn, back, (width, height), flags=cv2.INTER_NEAREST)
            bands |= np.asarray(straight > 0)
    return bands
