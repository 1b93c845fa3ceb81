"""Pieces of evidence in a photograph and what speaks for each being a crack."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects

from twincell.inspection.photo_skeleton import skeleton

__all__ = ["FEATURES", "Pieces", "find_pieces"]

FEATURES = ("length", "evidence", "darkness", "joint")
"""Columns of `Pieces.features`: ln(length / 20 px), mean evidence of a crack along the middle line,
median share of the surroundings' light that is missing there, mean evidence of a joint around."""

_AROUND = 21
"""Window whose median is the brightness of the surroundings [px]."""
_LEAST = 4
"""Shorter middle lines are noise [px]."""
_LEVELS = (0.2, 0.5)
"""Evidence of a piece's faintest pixel, and that its surest must reach."""


class Pieces:
    """Connected pieces of evidence.

    Attributes:
        labels: (h, w) number of the piece at each pixel, 0 on none.
        numbers: (n,) the pieces' numbers in `labels`.
        features: (n, 4) what `FEATURES` names.
    """

    def __init__(
        self,
        labels: NDArray[np.int32],
        numbers: NDArray[np.intp],
        features: NDArray[np.float64],
    ) -> None:
        self.labels, self.numbers, self.features = labels, numbers, features
        self._boxes = find_objects(labels)

    def cut_out(self, number: int) -> tuple[NDArray[np.bool_], tuple[int, int]]:
        """A piece within its box, (h, w), true on it, and the box's first row and column."""
        box = self._boxes[number - 1]
        return self.labels[box] == number, (box[0].start, box[1].start)


def find_pieces(
    grey: NDArray[np.float32],
    crack: NDArray[np.float32],
    joint: NDArray[np.float32],
    levels: tuple[float, float] = _LEVELS,
) -> Pieces:
    """Hysteresis over the evidence, and the features of each piece.

    Args:
        grey: (h, w) grey values 0 to 255.
        crack: (h, w) evidence of cracks, 0 to 1.
        joint: (h, w) evidence of joints, 0 to 1.
        levels: evidence of a piece's faintest pixel, and that its surest must reach.
    """
    low, high = levels
    count, labels = cv2.connectedComponents((crack >= low).astype(np.uint8))
    sure = np.bincount(labels[crack >= high], minlength=count) > 0
    sure[0] = False
    middle = skeleton(sure[labels])
    at = labels[middle]
    length = np.bincount(at, minlength=count)
    around = cv2.medianBlur(np.clip(grey, 0, 255).astype(np.uint8), _AROUND).astype(np.float32)
    missing = 1 - cv2.GaussianBlur(grey, (0, 0), 0.6) / (around + 4)
    near = cv2.dilate(joint, np.ones((5, 5), np.uint8))
    numbers = np.flatnonzero(sure & (length >= _LEAST))
    order = np.argsort(at, kind="stable")
    stops = np.cumsum(length)
    dark = missing[middle][order]
    features = np.zeros((len(numbers), len(FEATURES)))
    for row, number in enumerate(numbers):
        own = slice(stops[number] - length[number], stops[number])
        features[row] = (
            np.log(length[number] / 20),
            crack[middle][order][own].mean(),
            np.clip(np.median(dark[own]), -0.2, 0.8),
            near[middle][order][own].mean(),
        )
    return Pieces(np.asarray(labels, np.int32), numbers, features)
