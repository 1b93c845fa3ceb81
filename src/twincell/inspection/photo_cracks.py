"""From a photograph to a mask of cracks and one score."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twincell.inspection.photo_evidence import network_evidence
from twincell.inspection.photo_indications import find_pieces
from twincell.inspection.photo_joints import (
    ending_lines,
    joint_bands,
    line_reach,
    runs_through,
    straight_line,
)
from twincell.inspection.photo_lines import line_strength
from twincell.inspection.photo_normal import normalise

__all__ = ["PhotoCracks", "find_cracks"]

_WEIGHTS = (1.36, -0.84, 5.24, -3.57, -1.03)
"""Log-odds of a piece by its features and a constant, as `photo_calibration` learns them."""
_SURE = 0.5
"""Least probability of a piece that goes into the mask."""
_FILTER_LEVELS = (0.40, 0.62)
_FILTER_LENGTH = 30
"""Least length of a filtered line [px]."""
_FILTER_STRAIGHT = 0.12
"""Share of the photograph's longer side from which a straight filtered line is a joint."""


@dataclass(frozen=True)
class PhotoCracks:
    """What was found in one photograph.

    Attributes:
        mask: (h, w) true on cracks.
        score: how surely there is any crack at all, 0 to 1.
    """

    mask: NDArray[np.bool_]
    score: float


def find_cracks(
    grey: NDArray[np.float32], method: str = "network", network: Path | None = None
) -> PhotoCracks:
    """Look for cracks: evidence a pixel, pieces by hysteresis, a probability for each piece.

    Args:
        grey: (h, w) grey values 0 to 255.
        method: `network` (trained on synthetic photographs only) or `filters`.
        network: ONNX file of `inspect train`; the shipped one without it.

    Raises:
        InspectionError: `network` cannot be read or is no such network.
    """
    if method == "network":
        crack, joint = network_evidence(grey, network)
        ending = ending_lines(crack, joint)
        crack = np.where(ending, np.maximum(crack, joint), crack)
        joint = np.where(ending, np.float32(0), joint)
        crack = np.where(joint_bands(crack, joint), np.float32(0), crack)
        pieces = find_pieces(grey, crack, joint)
        odds = pieces.features @ np.array(_WEIGHTS[:-1]) + _WEIGHTS[-1]
        chance = 1 / (1 + np.exp(-odds))
        reach = line_reach(np.maximum(crack, joint))
        through = [runs_through(*pieces.cut_out(n), reach) for n in pieces.numbers]
        chance = chance * ~np.array(through, bool)
        kept = chance >= _SURE
    else:
        strength = line_strength(normalise(grey))
        pieces = find_pieces(grey, strength, np.zeros_like(strength), _FILTER_LEVELS)
        length = 20 * np.exp(pieces.features[:, 0])
        least = _FILTER_STRAIGHT * max(grey.shape)
        lines = [straight_line(*pieces.cut_out(n)) for n in pieces.numbers]
        straight = np.array([line is not None and line[2] > least for line in lines], bool)
        # A long line of sure pixels is a crack; short or faint ones count for less.
        chance = pieces.features[:, 1] * length / (length + _FILTER_LENGTH) * ~straight
        kept = (length >= _FILTER_LENGTH) & ~straight
    score = float(chance.max(initial=0.0))
    return PhotoCracks(np.isin(pieces.labels, pieces.numbers[kept]), round(score, 4))
