"""From a photograph to a mask of cracks and one score."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from twincell.inspection.photo_lines import line_strength
from twincell.inspection.photo_normal import normalise
from twincell.inspection.photo_skeleton import skeleton

__all__ = ["PhotoCracks", "find_cracks"]

_MODEL = "photo_cracks.onnx"


@dataclass(frozen=True)
class _Limits:
    low: float
    """Least evidence of a pixel that hangs on to a sure one."""
    high: float
    """Evidence from which a pixel is sure."""
    length: int
    """Least length of a crack's skeleton [px]."""


_BY_NETWORK = _Limits(low=0.45, high=0.8, length=22)
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


def find_cracks(grey: NDArray[np.float32], method: str = "network") -> PhotoCracks:
    """Look for cracks: evidence a pixel, hysteresis, least length, no straight joints.

    Args:
        grey: (h, w) grey values 0 to 255.
        method: `network` (trained on synthetic photographs only) or `filters`.
    """
    even = normalise(grey)
    limits = _BY_NETWORK if method == "network" else _BY_FILTERS
    evidence = _ask(even) if method == "network" else line_strength(even)
    count, labels = cv2.connectedComponents((evidence >= limits.low).astype(np.uint8))
    sure = np.bincount(labels[evidence >= limits.high], minlength=count) > 0
    sure[0] = False
    mask = sure[labels]
    lines = skeleton(mask)
    kept = np.zeros(count, bool)
    score = 0.0
    for label in np.flatnonzero(sure):
        y, x = np.nonzero(lines & (labels == label))
        if len(y) < 2 or _is_joint(x, y, evidence.shape):
            continue
        # A long line of sure pixels is a crack; short or faint ones count for less.
        strength = float(evidence[y, x].mean())
        score = max(score, strength * len(y) / (len(y) + limits.length))
        kept[label] = len(y) >= limits.length
    return PhotoCracks(mask=kept[labels], score=round(score, 4))


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
def _network() -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    packed = (files("twincell.inspection") / _MODEL).read_bytes()
    return onnxruntime.InferenceSession(packed, options, providers=["CPUExecutionProvider"])


def _ask(even: NDArray[np.float32]) -> NDArray[np.float32]:
    """The network's evidence (h, w), 0 to 1; sides are mirrored up to multiples of eight."""
    height, width = even.shape
    rim = 16
    right, below = rim + -width % 8, rim + -height % 8
    padded = cv2.copyMakeBorder(even, rim, below, rim, right, cv2.BORDER_REFLECT_101)
    (cover,) = _network().run(None, {"photograph": padded[None, None]})
    inner: NDArray[np.float32] = cover[0, 0, rim : rim + height, rim : rim + width]
    return inner
