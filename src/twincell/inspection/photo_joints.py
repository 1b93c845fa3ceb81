"""Straight lines of a photograph: joints run from side to side of it, cracks may end within."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from twincell.inspection.photo_skeleton import skeleton

__all__ = ["ending_lines", "joint_bands", "line_reach", "runs_through", "straight_line"]

_LEAN = 0.08
"""Most lean against an axis of the picture, as a tangent."""
_LEANS = 21
_EVIDENCE = 0.2
"""Evidence from which a pixel counts as line."""
_COVERED, _SURE = 0.5, 0.25
"""Share of a line on which there must be evidence of any line, and of a joint."""
_REACH = 3
"""Half width of what is taken for the joint [px]."""
_FAINT, _THROUGH = 0.1, 0.5
"""Evidence that continues a joint, and the share of the picture's side along which it must."""
_ENDING, _CERTAIN = 0.25, 0.5
"""Share of the picture's side that a line which ends must have, and its surest evidence."""
_BORDER = 0.05
"""Share of the picture's side next to its border where a line may be the side of the part."""


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


def ending_lines(crack: NDArray[np.float32], joint: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Straight lines that look like joints and end within the picture: more likely cracks.

    Machined surfaces crack along their marks, so as straight as a joint; but a joint goes on to the
    far side of the part. Lines shorter than a quarter of the picture's side are left alone, as they
    may be what is left of a worn joint, and so are those along its border: the sides of the part.

    Args:
        crack: (h, w) evidence of cracks, 0 to 1.
        joint: (h, w) evidence of joints, 0 to 1.

    Returns:
        (h, w) true on the lines.
    """
    lines = np.maximum(crack, joint)
    reach = line_reach(lines)
    ending = np.zeros(lines.shape, np.bool_)
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(
        (lines >= _EVIDENCE).astype(np.uint8)
    )
    for number in range(1, count):
        left, top, width, height, _ = boxes[number].tolist()
        spans = np.array([height, width])
        if (spans < _ENDING * np.array(lines.shape)).all():
            continue
        box = np.s_[top : top + height, left : left + width]
        piece = labels[box] == number
        sure = joint[box][piece].max() >= _CERTAIN
        found = straight_line(piece, (top, left)) if sure else None
        if found is None:
            continue
        middle, way, length = found
        along = int(np.argmax(np.abs(way)))
        place = middle[1 - along] / lines.shape[1 - along]
        if length >= _ENDING * lines.shape[along] and _BORDER <= place < 1 - _BORDER:
            ending[box] |= piece & (not runs_through(piece, (top, left), reach))
    return ending


def straight_line(
    piece: NDArray[np.bool_], corner: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64], float] | None:
    """Middle, direction and length of a straight piece along an axis; None where it is none.

    Args:
        piece: true on it, (h, w) of its box.
        corner: first row and column of the box.
    """
    points = (np.argwhere(skeleton(piece)) + corner).astype(np.float64)
    if len(points) < 2:  # a disc
        return None
    middle = points.mean(0)
    _, spread, axes = np.linalg.svd(points - middle, full_matrices=False)
    across = float(spread[1]) / np.sqrt(len(points))
    if across > 2.0 or np.abs(axes[0]).max() < np.cos(np.radians(6.0)):
        return None
    return middle, axes[0], float(np.ptp((points - middle) @ axes[0]))


def line_reach(lines: NDArray[np.float32]) -> NDArray[np.float32]:
    """Evidence of any line (h, w), 0 to 1, carried 3 px to all sides: what `runs_through` takes."""
    return np.asarray(cv2.dilate(lines, np.ones((7, 7), np.uint8)), np.float32)


def runs_through(
    piece: NDArray[np.bool_], corner: tuple[int, int], reach: NDArray[np.float32]
) -> bool:
    """Whether a straight piece is part of a line from side to side, as joints and plank edges are.

    Args:
        piece: true on it, (h, w) of its box.
        corner: first row and column of the box.
        reach: `line_reach` of the whole photograph.
    """
    found = straight_line(piece, corner)
    if found is None:
        return False
    middle, way, _ = found
    upright = int(np.argmax(np.abs(way)))
    side = reach.shape[upright]
    steps = (np.arange(side) - middle[upright]) / way[upright]
    at = np.rint(middle + steps[:, None] * way).astype(int)
    at = at[((at >= 0) & (at < reach.shape)).all(1)]
    # Faint stretches count: the line is known already, only its ends are in question.
    return bool((reach[at[:, 0], at[:, 1]] > _FAINT).sum() > _THROUGH * side)


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
