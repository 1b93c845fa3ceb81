"""Exact intervals of counts: shares (Clopper-Pearson) and rates (Garwood)."""

from __future__ import annotations

from scipy.stats import beta, chi2

from twincell.errors import StudyError

__all__ = ["rate_interval", "share_interval"]


def share_interval(hits: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Two-sided interval of a share: Clopper and Pearson, Biometrika 26 (1934) 404.

    Raises:
        StudyError: not 0 <= hits <= trials.
    """
    if not 0 <= hits <= trials:
        raise StudyError(f"{hits} hits of {trials}; valid: 0 to {trials}")
    tail = (1 - confidence) / 2
    low = 0.0 if hits == 0 else float(beta.ppf(tail, hits, trials - hits + 1))
    high = 1.0 if hits == trials else float(beta.ppf(1 - tail, hits + 1, trials - hits))
    return low, high


def rate_interval(events: int, exposure: float, confidence: float = 0.95) -> tuple[float, float]:
    """Two-sided interval of a Poisson rate: Garwood, Biometrika 28 (1936) 437.

    Args:
        events: how many happened.
        exposure: in what: blades, hours.
        confidence: of the interval.

    Raises:
        StudyError: less than no event, or no exposure.
    """
    if events < 0 or not exposure > 0:
        raise StudyError(f"{events} events in {exposure}; valid: at least 0, in more than 0")
    tail = (1 - confidence) / 2
    low = 0.0 if events == 0 else float(chi2.ppf(tail, 2 * events)) / 2
    return low / exposure, float(chi2.ppf(1 - tail, 2 * events + 2)) / 2 / exposure
