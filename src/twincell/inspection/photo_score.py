"""How right masks and scores are: F1 and IoU with tolerance, clIoU, AUROC."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from twincell.inspection.photo_files import Truth
from twincell.inspection.photo_skeleton import skeleton

__all__ = ["Tally", "auroc", "summary", "tally"]

Mask = NDArray[np.bool_]
_F1_TOLERANCE, _LINE_TOLERANCE = 2.0, 4.0


@dataclass(frozen=True)
class Tally:
    """One photograph's counts against its truth.

    Attributes:
        score: of the detector.
        cracked: whether the truth has any crack.
        found: whether the mask has any pixel.
        f1: F1 where a pixel counts when one of the other mask is within 2 px.
        iou: pixels in both over pixels in either.
        line: (hits, false, missed) pixels of the skeletons, 4 px tolerance.
        on_edges: predicted pixels on edges that are no cracks.
        predicted: predicted pixels.
    """

    score: float
    cracked: bool
    found: bool
    f1: float
    iou: float
    line: tuple[int, int, int]
    on_edges: int
    predicted: int


def _near(mask: Mask, distance: float) -> Mask:
    if not mask.any():
        return np.zeros_like(mask)
    away = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(away <= distance + 1e-3)


def tally(mask: Mask, score: float, truth: Truth) -> Tally:
    """Compare one mask (h, w) with its truth."""
    crack, edge = truth
    hits = int((mask & _near(crack, _F1_TOLERANCE)).sum())
    reached = int((crack & _near(mask, _F1_TOLERANCE)).sum())
    precision = hits / max(int(mask.sum()), 1)
    recall = reached / max(int(crack.sum()), 1)
    either = int((mask | crack).sum())
    thin, wanted = skeleton(mask), skeleton(crack)
    right = int((thin & _near(wanted, _LINE_TOLERANCE)).sum())
    missed = int((wanted & ~_near(thin, _LINE_TOLERANCE)).sum())
    return Tally(
        score=score,
        cracked=bool(crack.any()),
        found=bool(mask.any()),
        f1=2 * precision * recall / max(precision + recall, 1e-12),
        iou=int((mask & crack).sum()) / either if either else 1.0,
        line=(right, int(thin.sum()) - right, missed),
        on_edges=int((mask & edge).sum()),
        predicted=int(mask.sum()),
    )


def auroc(cracked: list[float], free: list[float]) -> float | None:
    """Chance that a cracked photograph scores above a free one (ties half); None without both."""
    if not cracked or not free:
        return None
    a, b = np.asarray(cracked)[:, None], np.asarray(free)[None, :]
    return float(((a > b) + 0.5 * (a == b)).mean())


def summary(tallies: list[Tally]) -> dict[str, float | int | None]:
    """The table over a folder: means over cracked photographs, pooled skeleton pixels."""
    cracked = [t for t in tallies if t.cracked]
    free = [t for t in tallies if not t.cracked]
    line = np.sum([t.line for t in tallies], axis=0) if tallies else np.zeros(3)
    predicted = sum(t.predicted for t in tallies)

    def share(part: float, whole: float) -> float | None:
        return round(float(part / whole), 4) if whole else None

    rank = auroc([t.score for t in cracked], [t.score for t in free])
    return {
        "f1": share(sum(t.f1 for t in cracked), len(cracked)),
        "iou": share(sum(t.iou for t in cracked), len(cracked)),
        "auroc": None if rank is None else round(rank, 4),
        "cliou": share(line[0], line.sum()),
        "free_with_detection": share(sum(t.found for t in free), len(free)),
        "on_edges": share(sum(t.on_edges for t in tallies), predicted),
        "cracked": len(cracked),
        "free": len(free),
    }
