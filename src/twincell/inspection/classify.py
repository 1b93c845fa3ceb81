"""What an indication is taken for: rules on contrast, depth and shape, each with its reason.

Each rule adds to the log-odds of one kind; the kind of the greatest sum wins and its confidence
is the softmax of the sums. The weights are judgements of engineering, not fitted to data.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from twincell.inspection.anomaly import Kind

__all__ = ["SLENDER", "WEIGHTS", "Evidence", "Judgement", "classify"]

F64 = NDArray[np.float64]

WEIGHTS = {
    "grey": 1.5,
    "coloured": 3.0,
    "deep": 3.0,
    "sound": 4.0,
    "faint": 4.0,
    "family": 3.0,
    "round": 3.0,
    "along_edge": 3.5,
    "long": 0.7,
    "both": 1.5,
}
"""Log-odds that each rule adds."""
COLOUR = 0.25
"""Spread of contrast over bands, as a share of its mean, from which it depends on wavelength."""
SIGMAS = 3.0
"""Standard errors that such a spread must also exceed."""
DEEP = 60e-6
"""Depth from which a groove is deeper than machining leaves [m]."""
SLENDER = 3.0
"""Least length over width of a line."""
EDGE = 0.0004
"""Within this of the CAD's edges an indication may be the edge [m]."""
CROSSED = 3.0
"""Lines of the profiler that do not all miss an open crack, where marks run beside it."""
LONE = 10.0
"""The same for a line that stands alone: blur may close a short crack to several lines."""
FAMILY = 3
"""Parallel neighbours, itself counted, that make marks."""


@dataclass(frozen=True)
class Evidence:
    """What is known of an indication.

    Attributes:
        contrast: missing light per band, shape (b,); None where no camera marked it.
        spread: standard error of `contrast`, shape (b,).
        depth: that the profiler measured [m]; NaN where it gave none (dark, or not looked at).
        profiler: the profiler reported an anomaly here.
        length: [m].
        width: [m].
        edge: distance to the CAD's edges [m].
        parallel: shallow lines of one direction around it, itself counted.
        crossed: lines of the profiler that would have met it, were it open; 0 where it was not
            looked at.
        confirmed: more of the profiler's points lie a little deep along it than by chance.
    """

    contrast: F64 | None
    spread: F64 | None
    depth: float
    profiler: bool
    length: float
    width: float
    edge: float = np.inf
    parallel: int = 1
    crossed: float = 0.0
    confirmed: bool = False


@dataclass(frozen=True)
class Judgement:
    """A kind, and why.

    Attributes:
        kind: of the greatest sum.
        confidence: softmax of the sums, 0 to 1.
        log_odds: sum of weights, by kind.
        reasons: of the rules that applied.
    """

    kind: Kind
    confidence: float
    log_odds: dict[Kind, float] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()


def coloured(contrast: F64, spread: F64) -> bool:
    """Whether the contrast depends on wavelength beyond its noise."""
    mean = float(np.mean(contrast))
    apart = float(np.ptp(contrast))
    return bool(
        apart > COLOUR * max(abs(mean), 1e-6)
        and apart > SIGMAS * float(np.sqrt(2.0) * np.max(spread))
    )


def classify(e: Evidence) -> Judgement:
    """Apply every rule."""
    odds: dict[Kind, float] = dict.fromkeys(get_args(Kind), 0.0)
    reasons: list[str] = []

    def add(kind: Kind, rule: str, reason: str) -> None:
        odds[kind] += WEIGHTS[rule]
        reasons.append(f"{kind} +{WEIGHTS[rule]:g}: {reason}")

    slender = e.length >= SLENDER * max(e.width, 1e-9)
    deep = e.profiler and e.depth >= DEEP
    dark = e.profiler and not np.isfinite(e.depth)
    tinted = e.contrast is not None and e.spread is not None and coloured(e.contrast, e.spread)
    if e.contrast is not None:
        if tinted:
            add("stain", "coloured", "contrast depends on wavelength, as a film's does")
        else:
            add("crack", "grey", "all bands are equally darker, as in a shadow of geometry")
        if e.profiler:
            add("crack", "both", "camera and profiler mark the same place")
    if deep and slender:
        add("crack", "deep", f"a narrow groove {1e6 * e.depth:.0f} um deep")
    if dark and slender:
        add("crack", "deep", "no laser light returns from a narrow gap")
    if e.confirmed and not e.profiler:
        add("crack", "faint", "the profiler's points lie a little deep along it")
    elif e.crossed >= (CROSSED if e.parallel > 1 else LONE) and not e.profiler:
        add(
            "stain" if tinted else "mark",
            "sound",
            f"{e.crossed:.0f} lines of the profiler cross it and find it sound",
        )
    if slender:
        add("crack", "long", "long and narrow")
    elif e.profiler:
        add("dent", "round", "the hollow is about as wide as long")
    if e.parallel >= FAMILY and not deep and not dark:
        add("mark", "family", f"one of {e.parallel} parallel shallow lines")
    if e.edge < EDGE:
        add("edge", "along_edge", "it runs along an edge of the CAD")
    best = max(odds, key=lambda k: odds[k])
    total = float(np.sum(np.exp(list(odds.values()))))
    return Judgement(best, float(np.exp(odds[best]) / total), odds, tuple(reasons))
