"""How much each feature of a piece of evidence counts, learnt on fresh synthetic photographs."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from twincell.inspection.photo_evidence import network_evidence
from twincell.inspection.photo_indications import FEATURES, find_pieces
from twincell.inspection.photo_synthesis import CRACK, cracked_surface

__all__ = ["calibrate", "fit_logistic"]

_SIZE = 320
"""Edge of the pictures [px]."""
_NEAR = np.ones((5, 5), np.uint8)


def calibrate(network: Path | None, pictures: int, seed: int) -> NDArray[np.float64]:
    """Weights of `FEATURES` and a constant by which a piece's log-odds of being crack follow.

    A piece is right if more than half of it lies within 2 px of a true crack.

    Args:
        network: ONNX file; the shipped one without it.
        pictures: how many synthetic photographs, none of them seen in training.
        seed: root of their chance.

    Returns:
        (5,): the weights, then the constant.
    """
    rows, right = [np.zeros((0, len(FEATURES)))], []
    for picture in range(pictures):
        # Training draws from roots of two numbers, so that a root of three is never one of its.
        grey, labels = cracked_surface(_SIZE, np.random.default_rng([seed, picture, 1]))
        pieces = find_pieces(grey, *network_evidence(grey, network))
        near = cv2.dilate((labels == CRACK).astype(np.uint8), _NEAR) > 0
        rows.append(pieces.features)
        right += [float(near[pieces.labels == n].mean() > 0.5) for n in pieces.numbers]
    return fit_logistic(np.concatenate(rows), np.array(right))


def fit_logistic(features: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logistic regression by Newton's method with a slight ridge.

    Args:
        features: (n, k).
        right: (n,) 0 or 1.

    Returns:
        (k + 1,): weights, then the constant.
    """
    known = np.column_stack([features, np.ones(len(features))])
    weights = np.zeros(known.shape[1])
    ridge = 1e-2
    for _ in range(50):
        chance = 1 / (1 + np.exp(-known @ weights))
        slope = known.T @ (right - chance) - ridge * weights
        bend = (known.T * (chance * (1 - chance))) @ known + ridge * np.eye(len(weights))
        weights += np.linalg.solve(bend, slope)
    return np.asarray(weights)
