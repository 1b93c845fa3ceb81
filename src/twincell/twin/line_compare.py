"""How one policy differs from another over scenarios: paired bootstrap of relative change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twincell.errors import ProductionError

__all__ = ["Change", "change", "mean_interval"]

F64 = NDArray[np.float64]


@dataclass(frozen=True)
class Change:
    """A figure and its 95 % interval."""

    change: float
    low: float
    high: float


def _means(values: F64, seed: int, draws: int) -> F64:
    """Means of resampled rows, shape (draws, columns); rows stay together: they are paired."""
    rng = np.random.default_rng(seed)
    n = len(values)
    if n < 2:
        raise ProductionError(f"bootstrap: {n} scenarios; valid: at least 2")
    weights = rng.multinomial(n, np.full(n, 1 / n), size=draws)
    return np.asarray(weights @ values / n)


def change(ours: F64, theirs: F64, seed: int = 0, draws: int = 10_000) -> Change | None:
    """Relative change of the mean, with the percentile interval (Efron and Tibshirani, 1993).

    Args:
        ours: a figure of each scenario, shape (n,).
        theirs: the same of the same scenarios, shape (n,).
        seed: of the resampling.
        draws: of it.

    Returns:
        None where a resampled mean of `theirs` is not above 0: there is nothing to relate to.
    """
    means = _means(np.stack([ours, theirs], axis=1), seed, draws)
    if not (means[:, 1] > 0).all():
        return None
    low, high = np.quantile(means[:, 0] / means[:, 1] - 1, [0.025, 0.975])
    return Change(float(ours.mean() / theirs.mean() - 1), float(low), float(high))


def mean_interval(values: F64, seed: int = 0, draws: int = 10_000) -> Change:
    """Mean with its percentile interval, of a figure of shape (n,)."""
    low, high = np.quantile(_means(values[:, None], seed, draws)[:, 0], [0.025, 0.975])
    return Change(float(values.mean()), float(low), float(high))
