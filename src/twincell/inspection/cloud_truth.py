"""Candidates of a cloud against the cracks that are really there; never seen by the detector."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from twincell.errors import InspectionError
from twincell.inspection.whole_cloud import Candidate

__all__ = ["Score", "TrueCrack", "f1", "read_truth", "score", "write_truth"]

F64 = NDArray[np.float64]

NEAR = 0.001
"""An indication whose middle lies this near to a crack's path is of that crack [m]."""
GRID = 0.0005
"""Places along a path and points of an indication are compared on this grid [m]."""


@dataclass(frozen=True)
class TrueCrack:
    """A crack as it was cut.

    Attributes:
        path: on the surface, end to end, CAD frame, shape (n, 3) [m].
        length: [m].
        opening: [m].
        depth: [m].
    """

    path: F64
    length: float
    opening: float
    depth: float


@dataclass(frozen=True)
class Score:
    """Cracks found and missed.

    Attributes:
        found: for each true crack whether a candidate lies on it.
        false: candidates that lie on none.
        f1: of cracks; 1 where there are none and none was found.
        iou: length of true paths that candidates cover, over that of both.
    """

    found: tuple[bool, ...]
    false: int
    f1: float
    iou: float


def write_truth(path: Path, cracks: Sequence[TrueCrack]) -> None:
    """Write a truth file: `{"cracks": [{"path": [[x, y, z], ...], "length", ...}]}` in m."""
    data = [
        {"path": c.path.tolist(), "length": c.length, "opening": c.opening, "depth": c.depth}
        for c in cracks
    ]
    path.write_text(json.dumps({"cracks": data}) + "\n", encoding="utf-8")


def read_truth(path: Path) -> tuple[TrueCrack, ...]:
    """Read what `write_truth` wrote.

    Raises:
        InspectionError: no such file, or another content.
    """
    valid = 'valid: JSON of {"cracks": [{"path": [[x, y, z], ...] in m of the CAD frame}, ...]}'
    try:
        data = json.loads(path.read_text(encoding="utf-8"))["cracks"]
        cracks = []
        for crack in data:
            line = np.asarray(crack["path"], float)
            if line.ndim != 2 or line.shape[1] != 3 or not np.isfinite(line).all():
                raise ValueError(f"a path of shape {line.shape}")
            arc = float(np.linalg.norm(np.diff(line, axis=0), axis=1).sum())
            sizes = [float(crack.get(k, np.nan)) for k in ("opening", "depth")]
            cracks.append(TrueCrack(line, float(crack.get("length", arc)), *sizes))
    except OSError as error:
        raise InspectionError(f"{path}: {error.strerror}; {valid}") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InspectionError(f"{path}: {type(error).__name__} {error}; {valid}") from None
    return tuple(cracks)


def score(candidates: Sequence[Candidate], truth: Sequence[TrueCrack]) -> Score:
    """Compare the cracks among candidates with the truth."""
    cracks = [c for c in candidates if c.size.kind == "crack"]
    trees = [cKDTree(_dense(t.path)) for t in truth]
    hit = [
        [bool(tree.query(c.size.center)[0] < NEAR) for tree in trees] for c in cracks
    ]  # fmt: skip
    found = tuple(any(row[i] for row in hit) for i in range(len(truth)))
    false = sum(not any(row) for row in hit)
    right = f1(sum(found), false, len(truth) - sum(found))
    return Score(found, false, right, _overlap(cracks, trees))


def f1(found: int, false: int, missed: int) -> float:
    """Harmonic mean of precision and recall; 1 where there is nothing to find and nothing is told.

    A crack of which several candidates tell is found once.
    """
    whole = 2 * found + false + missed
    return 2 * found / whole if whole else 1.0


def _overlap(cracks: Sequence[Candidate], trees: Sequence[cKDTree]) -> float:
    """Intersection over union along paths, within one cell of the grid."""
    truth = np.concatenate([t.data for t in trees]) if trees else np.empty((0, 3))
    given = np.concatenate([c.points for c in cracks]) if cracks else np.empty((0, 3))
    if len(truth) == 0 or len(given) == 0:
        return float(len(truth) == len(given))
    covered = float(np.isfinite(cKDTree(given).query(truth, distance_upper_bound=GRID)[0]).mean())
    off = ~np.isfinite(cKDTree(truth).query(given, distance_upper_bound=GRID)[0])
    # what lies on no path counts by the length that it claims
    arc = len(truth) * GRID / 5
    astray = len(np.unique(np.floor(given[off] / GRID), axis=0)) * GRID
    return covered * arc / (arc + astray)


def _dense(path: F64) -> F64:
    """Places along a path, a fifth of a grid cell apart."""
    along = np.r_[0.0, np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))]
    steps = np.linspace(0.0, along[-1], max(int(along[-1] / (GRID / 5)), 1) + 1)
    return np.stack([np.interp(steps, along, path[:, i]) for i in range(3)], axis=1)
