"""Probability of detection from hits and misses: the log-odds model of MIL-HDBK-1823A.

    POD(a) = 1 / (1 + exp(-(b0 + b1 ln a)))

fitted by maximum likelihood (MIL-HDBK-1823A, 2009, appendix G: binary response, logit link, ln a).
Confidence bounds are those of the likelihood ratio: a size stays in the interval while the best fit
that goes through it is less likely than the best fit of all by no more than half the quantile of
chi-square with one degree of freedom (profile likelihood; Cheng and Iles, Technometrics 25 (1983)
77, and 30 (1988) 97). Wald bounds, from the curvature at the maximum, are given beside them: they
are too narrow where observations are few.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq, minimize_scalar
from scipy.special import expit, logit
from scipy.stats import chi2, norm

from twincell.errors import StudyError

__all__ = ["HitMiss", "fit"]

Array = NDArray[np.float64]

_STEPS = 100
"""Newton steps before a fit counts as one without end."""
_STEEPEST = 1e4
"""Slope beyond which hits and misses count as separated."""
_FARTHEST = 30.0
"""How far on ln a a bound is looked for, each way; beyond, there is none."""


@dataclass(frozen=True)
class HitMiss:
    """A fitted curve.

    Attributes:
        intercept: b0, with a in metres.
        slope: b1.
        covariance: of (b0, b1), inverse Fisher information, shape (2, 2).
        log_likelihood: at the maximum.
        deviance: twice the log-likelihood lost against a model that fits every observation.
        x: ln a of the observations less `centre`, shape (n,).
        hit: 0 or 1, shape (n,).
        centre: mean of ln a.
    """

    intercept: float
    slope: float
    covariance: Array
    log_likelihood: float
    deviance: float
    x: Array
    hit: Array
    centre: float

    def pod(self, size: ArrayLike) -> Array:
        """Probability of detection of sizes [m]."""
        return np.asarray(expit(self.intercept + self.slope * np.log(np.asarray(size, float))))

    def size_at(self, probability: float) -> float:
        """The size that is found with a probability [m]."""
        return float(np.exp((logit(probability) - self.intercept) / self.slope))

    def upper_size(self, probability: float, confidence: float = 0.95) -> float:
        """One-sided upper bound of `size_at`: a90/95 is `upper_size(0.90, 0.95)` [m].

        Infinite where the data bound it nowhere.
        """
        target, limit = logit(probability), _loss(confidence)
        start = float(np.log(self.size_at(probability))) - self.centre

        def excess(x0: float) -> float:
            # every fit through (x0, target): b0 = target - b1 x0
            best = _maximise(lambda b1: _log_likelihood(target + b1 * (self.x - x0), self.hit))
            return self.log_likelihood - best - limit

        return float(np.exp(_crossing(excess, start) + self.centre))

    def pod_bounds(self, size: ArrayLike, confidence: float = 0.95) -> tuple[Array, Array]:
        """One-sided lower and upper bounds of the probability at each size [m].

        Each is a bound of its own at `confidence`; both together hold with 2 x confidence - 1.
        """
        limit = _loss(confidence)
        low, high = [], []
        for a in np.atleast_1d(np.asarray(size, float)):
            dx = self.x - (np.log(a) - self.centre)
            eta = self.intercept + self.slope * np.log(a)

            def excess(at: float, dx: Array = dx) -> float:
                best = _maximise(lambda b1: _log_likelihood(at + b1 * dx, self.hit))
                return self.log_likelihood - best - limit

            low.append(expit(_crossing(excess, eta, -1.0)))
            high.append(expit(_crossing(excess, eta)))
        return np.array(low), np.array(high)

    def wald_upper_size(self, probability: float, confidence: float = 0.95) -> float:
        """As `upper_size`, by the delta method on ln a [m]."""
        x = (logit(probability) - self.intercept) / self.slope
        gradient = np.array([1.0, x]) / self.slope
        deviation = float(np.sqrt(gradient @ self.covariance @ gradient))
        return float(np.exp(x + norm.ppf(confidence) * deviation))


def fit(sizes: ArrayLike, hits: ArrayLike) -> HitMiss:
    """Fit the model.

    Args:
        sizes: of the flaws, above 0, shape (n,) [m].
        hits: whether each was found, shape (n,).

    Raises:
        StudyError: sizes that are not above zero, no hit or no miss, hits and misses that do not
            overlap in size (the likelihood then has no maximum), or detection that does not grow
            with size.
    """
    a, y = np.asarray(sizes, float).ravel(), np.asarray(hits, float).ravel()
    if a.shape != y.shape or len(a) == 0 or not (np.isfinite(a) & (a > 0)).all():
        raise StudyError(
            f"{len(a)} sizes and {len(y)} results; valid: as many of both, sizes above 0 m"
        )
    found, missed = a[y > 0], a[y == 0]
    if len(found) == 0 or len(missed) == 0:
        raise StudyError(
            f"{len(found)} of {len(a)} flaws found: no curve can be fitted; valid: sizes from "
            "ones that are missed to ones that are found"
        )
    if missed.max() <= found.min():
        raise StudyError(
            f"all misses are at most {1e3 * missed.max():.3f} mm, all hits at least "
            f"{1e3 * found.min():.3f} mm long: the slope has no end; valid: more flaws between"
        )
    centre = float(np.log(a).mean())
    x = np.log(a) - centre
    design = np.stack([np.ones_like(x), x], axis=1)
    beta = np.zeros(2)
    value = _log_likelihood(design @ beta, y)
    for _ in range(_STEPS):
        p = expit(design @ beta)
        information = design.T @ (design * (p * (1 - p))[:, None])
        step = np.linalg.solve(information + 1e-12 * np.eye(2), design.T @ (y - p))
        share = 1.0
        while (new := _log_likelihood(design @ (beta + share * step), y)) < value - 1e-12:
            share /= 2
        beta, gained, value = beta + share * step, new - value, new
        if abs(gained) < 1e-12 and np.abs(step).max() < 1e-9:
            break
    if not 0 < beta[1] < _STEEPEST:
        raise StudyError(
            f"slope {beta[1]:.3g}: detection does not grow with size between "
            f"{1e3 * a.min():.3f} and {1e3 * a.max():.3f} mm; valid: a wider range, more flaws"
        )
    p = expit(design @ beta)
    covariance = np.linalg.inv(design.T @ (design * (p * (1 - p))[:, None]))
    # from centred ln a to ln a
    shift = np.array([[1.0, -centre], [0.0, 1.0]])
    return HitMiss(
        intercept=float(beta[0] - beta[1] * centre),
        slope=float(beta[1]),
        covariance=shift @ covariance @ shift.T,
        log_likelihood=value,
        deviance=-2.0 * value,
        x=x,
        hit=y,
        centre=centre,
    )


def _log_likelihood(eta: Array, y: Array) -> float:
    """Of independent hits and misses with log-odds eta."""
    return float((y * eta - np.logaddexp(0.0, eta)).sum())


def _loss(confidence: float) -> float:
    """Log-likelihood that a one-sided bound may lose."""
    return float(chi2.ppf(2 * confidence - 1, 1)) / 2


def _maximise(value: Callable[[float], float]) -> float:
    """Greatest value of a concave function of the slope."""
    found = minimize_scalar(lambda b1: -value(b1), bracket=(0.5, 5.0), options={"xtol": 1e-8})
    return float(-found.fun)


def _crossing(excess: Callable[[float], float], start: float, sign: float = 1.0) -> float:
    """Where `excess`, below zero at `start`, becomes zero; infinite where it does not."""
    reach = 0.05
    while reach < _FARTHEST:
        if excess(start + sign * reach) > 0:
            return float(brentq(excess, start, start + sign * reach, xtol=1e-9))
        reach *= 2
    return sign * np.inf
