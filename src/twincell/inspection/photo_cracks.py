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
from twincell.inspection.photo_lines import line_strength
from twincell.inspection.photo_normal import normalise, two_views
from twincell.inspection.photo_skeleton import skeleton

__all__ = ["PhotoCracks", "find_cracks", "network_evidence"]

_MODEL = "photo_cracks.onnx"
_STRIDE = 16
"""Sides that the network takes are multiples of this [px]."""
_RIM = 16
"""Mirrored strip around what the network sees [px]."""


@dataclass(frozen=True)
class _Limits:
    low: float
    """Least evidence of a pixel that hangs on to a sure one."""
    high: float
    """Evidence from which a pixel is sure."""
    length: int
    """Least length of a crack's skeleton [px]."""


_BY_NETWORK = _Limits(low=0.4, high=0.6, length=12)
_BY_FILTERS = _Limits(low=0.40, high=0.62, length=30)


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
    """Look for cracks: evidence a pixel, hysteresis, least length, no joints.

    Args:
        grey: (h, w) grey values 0 to 255.
        method: `network` (trained on synthetic photographs only) or `filters`.
        network: ONNX file of `inspect train`; the shipped one without it.

    Raises:
        InspectionError: `network` cannot be read or is no such network.
    """
    if method == "network":
        crack, joint = network_evidence(grey, network)
        limits = _BY_NETWORK
    else:
        crack = line_strength(normalise(grey))
        joint, limits = np.zeros_like(crack), _BY_FILTERS
    count, labels = cv2.connectedComponents((crack >= limits.low).astype(np.uint8))
    sure = np.bincount(labels[crack >= limits.high], minlength=count) > 0
    sure[0] = False
    lines = skeleton(sure[labels])
    kept = np.zeros(count, bool)
    score = 0.0
    for label in np.flatnonzero(sure):
        y, x = np.nonzero(lines & (labels == label))
        if len(y) < 2 or (method == "filters" and _is_joint(x, y, crack.shape)):
            continue
        # A long line of sure pixels is a crack; short or faint ones count for less.
        strength = float((crack[y, x] * (1 - joint[y, x])).mean())
        score = max(score, strength * len(y) / (len(y) + limits.length))
        kept[label] = len(y) >= limits.length
    return PhotoCracks(mask=kept[labels], score=round(score, 4))


def network_evidence(
    grey: NDArray[np.float32], network: Path | None = None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What the network says, the mean over the picture and its three mirror images.

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
    total = np.zeros(padded.shape, np.float32)
    for turned in (np.s_[:, :, :], np.s_[:, ::-1], np.s_[:, :, ::-1], np.s_[:, ::-1, ::-1]):
        (answer,) = session.run(None, {"views": np.ascontiguousarray(padded[turned])[None]})
        total += answer[0][turned]
    inner = total[:, _RIM : _RIM + height, _RIM : _RIM + width] / 4
    return inner[0], inner[1]


def _is_joint(x: NDArray[np.intp], y: NDArray[np.intp], shape: tuple[int, ...]) -> bool:
    """Whether a skeleton is long, straight and along an axis of the picture, as joints are."""
    points = np.stack([x, y], 1).astype(np.float64)
    points -= points.mean(0)
    _, spread, axes = np.linalg.svd(points, full_matrices=False)
    along = points @ axes[0]
    across = float(spread[1]) / np.sqrt(len(x))
    long = float(np.ptp(along)) > 0.12 * max(shape)
    return bool(long and across < 2.0 and np.abs(axes[0]).max() > np.cos(np.radians(6.0)))


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
