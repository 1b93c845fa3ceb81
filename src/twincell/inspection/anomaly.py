"""What the detector reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Anomaly", "Kind", "Severity", "Verdict"]

Kind = Literal["crack", "edge", "mark", "stain", "dent"]
Severity = Literal["minor", "major", "critical"]


@dataclass(frozen=True)
class Anomaly:
    """One indication on a part.

    Attributes:
        id: unique within the part's inspection.
        part: the blade's name.
        kind: what it is taken for.
        severity: by the world file's criteria: below `reject` minor, below `critical` major.
        confidence: 0 to 1.
        length: along the surface [m].
        opening: opening width [m].
        depth: below the surface [m].
        center: shape (3,), part frame [m].
        direction: unit vector of the crack's run, shape (3,), part frame.
        points: that it rests on, shape (n, 3), part frame [m].
        light: time at which light hit the newest of these points [s].
        detected: time at which the detector gave it [s].
    """

    id: str
    part: str
    kind: Kind
    severity: Severity
    confidence: float
    length: float
    opening: float
    depth: float
    center: NDArray[np.float64]
    direction: NDArray[np.float64]
    points: NDArray[np.float64]
    light: float
    detected: float


@dataclass(frozen=True)
class Verdict:
    """The judgement on a whole scan.

    Attributes:
        part: the blade's name.
        decision: where the blade goes, or `rescan` where the scan does not suffice.
        anomalies: cracks and dents of the scan, longest first.
        coverage: share of the airfoil's area that was seen, 0 to 1.
        residual: root mean square distance of scan to CAD after registration [m].
        harmless: marks, stains and edges that images show; longest first.
    """

    part: str
    decision: Literal["accept", "rework", "reject", "rescan"]
    anomalies: tuple[Anomaly, ...]
    coverage: float
    residual: float
    harmless: tuple[Anomaly, ...] = ()
