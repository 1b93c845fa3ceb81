"""What a study's trials say: curves, sizes, false calls, and where cracks are missed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twincell.errors import StudyError
from twincell.study.hitmiss import HitMiss, fit
from twincell.study.rates import rate_interval, share_interval
from twincell.study.trial import FlawRow, Trial

__all__ = ["Curve", "curve", "misses_by"]

F64 = NDArray[np.float64]

SIZES = 60
"""Points of a curve."""
BINS = 8
"""Groups of equal number, for the eye and against the model."""


@dataclass(frozen=True)
class Curve:
    """One case of a study.

    Attributes:
        case: its name.
        flaws: what became of each crack.
        model: the fitted one; None where the data allow none.
        reason: why not.
        sizes: at which the curve is given, shape (n,) [m].
        pod: shape (n,); NaN without a model.
        low: one-sided 95 % bound, shape (n,).
        high: likewise.
        bins: shortest, longest [m], found, in all, of groups of equal number.
        blades: inspected without regard to cracks.
        free: without a crack.
        calls: false indications on all blades.
        alarms: those told while lines were arriving.
        called: crack-free blades that were not accepted.
    """

    case: str
    flaws: tuple[FlawRow, ...]
    model: HitMiss | None
    reason: str
    sizes: F64
    pod: F64
    low: F64
    high: F64
    bins: tuple[tuple[float, float, int, int], ...]
    blades: int
    free: int
    calls: int
    alarms: int
    called: int

    def to_dict(self) -> dict[str, Any]:
        """The figures, for JSON: lengths in metres, None where there is none within the sizes."""
        found = [f for f in self.flaws if f.found]
        errors = np.array([f.measured - f.length for f in found])
        out: dict[str, Any] = {"case": self.case, "flaws": len(self.flaws), "found": len(found)}
        for key in ("a50", "a90", "a90_95", "a90_95_wald"):
            out[key] = None
        if self.model is not None:
            # beyond the sizes that were cut the curve says nothing
            for key, size in (
                ("a50", self.model.size_at(0.5)),
                ("a90", self.model.size_at(0.9)),
                ("a90_95", self.model.upper_size(0.9, 0.95)),
                ("a90_95_wald", self.model.wald_upper_size(0.9, 0.95)),
            ):
                out[key] = size if self.sizes[0] <= size <= self.sizes[-1] else None
            out["intercept"], out["slope"] = self.model.intercept, self.model.slope
        else:
            out["reason"] = self.reason
        out["streamed_before_verdict"] = sum(f.streamed for f in found)
        out["length_bias"] = float(errors.mean()) if found else None
        out["blades"], out["crack_free_blades"] = self.blades, self.free
        out["false_calls"], out["false_alarms_while_scanning"] = self.calls, self.alarms
        out["false_calls_per_blade"] = self.calls / self.blades
        out["false_calls_per_blade_95"] = list(rate_interval(self.calls, self.blades))
        if self.free:
            out["crack_free_blades_not_accepted"] = self.called
            out["crack_free_blades_not_accepted_95"] = list(share_interval(self.called, self.free))
        return out


def curve(case: str, trials: Sequence[Trial]) -> Curve:
    """The curve of a case.

    Args:
        case: its name.
        trials: of a study; those of other cases are left out.

    Raises:
        StudyError: no trial of the case.
    """
    own = [t for t in trials if t.case == case]
    if not own:
        raise StudyError(f"case '{case}': no trial; valid: {sorted({t.case for t in trials})}")
    flaws = tuple(f for t in own for f in t.flaws)
    lengths = np.array([f.length for f in flaws])
    sizes = np.geomspace(lengths.min(), lengths.max(), SIZES) if flaws else np.empty(0)
    pod = low = high = np.full(len(sizes), np.nan)
    model, reason = None, ""
    try:
        model = fit(lengths, [f.found for f in flaws])
        pod = model.pod(sizes)
        low, high = model.pod_bounds(sizes)
    except StudyError as error:
        reason = str(error)
    free = [t for t in own if not t.flaws]
    return Curve(
        case=case,
        flaws=flaws,
        model=model,
        reason=reason,
        sizes=sizes,
        pod=pod,
        low=low,
        high=high,
        bins=_bins(flaws),
        blades=len(own),
        free=len(free),
        calls=sum(t.false for t in own),
        alarms=sum(t.alarms for t in own),
        called=sum(t.decision != "accept" for t in free),
    )


def _bins(flaws: Sequence[FlawRow]) -> tuple[tuple[float, float, int, int], ...]:
    """Groups of equal number by size."""
    order = sorted(flaws, key=lambda f: f.length)
    groups = np.array_split(np.arange(len(order)), min(BINS, max(len(order) // 5, 1)))
    return tuple(
        (
            order[g[0]].length,
            order[g[-1]].length,
            sum(order[i].found for i in g),
            len(g),
        )
        for g in groups
        if len(g)
    )


def misses_by(flaws: Sequence[FlawRow], longer: float) -> list[dict[str, Any]]:
    """Found and missed among cracks of at least a length, by where and how they lie.

    Args:
        flaws: of one case.
        longer: [m].

    Returns:
        One entry a group: `what`, `from`, `to` (degrees or shares), `found`, `of`, and the 95 %
        interval of the share, `low` and `high`.
    """
    long = [f for f in flaws if f.length >= longer]
    out: list[dict[str, Any]] = []
    for what, values, edges in (
        ("angle to the laser line [deg]", [np.degrees(f.angle) for f in long], (0, 10, 20, 45, 90)),
        ("incidence [deg]", [np.degrees(f.incidence) for f in long], (0, 10, 20, 35, 70)),
        ("share of the span", [f.span for f in long], (0, 0.2, 0.5, 0.8, 1.0)),
    ):
        for low, high in pairwise(edges):
            here = [f for f, v in zip(long, values, strict=True) if low <= v < high]
            hits = sum(f.found for f in here)
            bounds = share_interval(hits, len(here)) if here else (0.0, 1.0)
            out.append(
                {"what": what, "from": low, "to": high, "found": hits, "of": len(here)}
                | {"low": bounds[0], "high": bounds[1]}
            )
    return out
