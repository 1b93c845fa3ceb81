"""From a photograph to a mask of cracks and one score."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from twincell.errors import InspectionError
from twincell.inspection.photo_indications import find_pieces
from twincell.inspection.photo_joints import ending_lines, joint_bands, runs_through, straight_line
from twincell.inspection.photo_lines import line_strength
from twincell.inspection.photo_normal import normalise, two_views

__all__ = ["PhotoCracks", "find_cracks", "network_evidence"]

_MODEL = "photo_cracks.onnx"
_STRIDE = 16
"""Sides that the network takes are multiples of this [px]."""
_RIM = 16
"""Mirrored strip around what the network sees [px]."""


_WEIGHTS = (1.36, -0.84, 5.24, -3.57, -1.03)
"""Log-odds of a piece by its features and a constant, as `photo_calibration` learns them."""
_SURE = 0.5
"""Least probability of a piece that goes into the mask."""
_FILTER_LEVELS = (0.40, 0.62)
_FILTER_LENGTH = 30
"""Least length of a filtered line [px]."""


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
        lines = np.maximum(crack, joint)
        through = [runs_through(pieces.labels == n, lines) for n in pieces.numbers]
        chance = chance * ~np.array(through, bool)
        kept = chance >= _SURE
    else:
        strength = line_strength(normalise(grey))
        pieces = find_pieces(grey, strength, np.zeros_like(strength), _FILTER_LEVELS)
        length = 20 * np.exp(pieces.features[:, 0])
        straight = np.array([_is_joint(pieces.labels == n) for n in pieces.numbers], bool)
        # A long line of sure pixels is a crack; short or faint ones count for less.
        chance = pieces.features[:, 1] * length / (length + _FILTER_LENGTH) * ~straight
        kept = (length >= _FILTER_LENGTH) & ~straight
    score = float(chance.max(initial=0.0))
    return PhotoCracks(np.isin(pieces.labels, pieces.numbers[kept]), round(score, 4))


def network_evidence(
    grey: NDArray[np.float32], network: Path | None = None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What the network says; sides are mirrored up to multiples of what it takes.

    Args:
        grey: (h, w) grey values 0 to 255.
        network: as in `find_cracks`.

    Returns:
        Evidence of crack and of joint, (h, w) each, 0 to 1.
    """
    session = _network(network)
    height, width = grey.shape
    right, below = _RIM + -width % _STRIDE, _RIM + -height % _STRIDE
    padded = np.stack(
        [
            cv2.copyMakeBorder(view, _RIM, below, _RIM, right, cv2.BORDER_REFLECT_101)
            for view in two_views(grey)
        ]
    )
    (answer,) = session.run(None, {"views": padded[None]})
    inner = answer[0, :, _RIM : _RIM + height, _RIM : _RIM + width]
    return inner[0], inner[1]


def _is_joint(piece: NDArray[np.bool_]) -> bool:
    """Whether a piece (h, w) is long, straight and along an axis of the picture, as joints are."""
    line = straight_line(piece)
    return line is not None and line[2] > 0.12 * max(piece.shape)


@cache
def _network(path: Path | None) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    try:
        packed = (path or files("twincell.inspection") / _MODEL).read_bytes()
        session = onnxruntime.InferenceSession(packed, options, providers=["CPUExecutionProvider"])
        known = [i.name for i in session.get_inputs()] == ["views"]
    except Exception as error:  # onnxruntime raises whatever the broken bytes lead it to
        raise InspectionError(
            f"{path or _MODEL}: given: {error}; valid: an ONNX file of 'twincell inspect train'"
        ) from None
    if not known:
        raise InspectionError(
            f"{path}: given: another network; valid: an ONNX file of 'twincell inspect train'"
        )
    return session
