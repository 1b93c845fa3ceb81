"""Chance of the line's twin, by counter: a draw depends on what it is for and on nothing else.

Every draw is the hash of seed, rollout and purpose, so that all plans meet the same shift (common
random numbers) and the order or number of threads cannot matter. The hash is the finaliser of
SplitMix64 (Steele, Lea and Flood, OOPSLA 2014), applied to each word in turn.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["BRANCH", "DURATION", "FAILURE", "MOST_FAILURES", "RESUME", "WINDOW", "exponential",
           "factor", "longer", "mean_longer", "mix", "uniform", "windows_of"]  # fmt: skip

F64 = NDArray[np.float64]

DURATION, BRANCH, FAILURE, WINDOW, RESUME = 1, 2, 3, 4, 5
_ATTEMPTS = 63
"""Of a draw by rejection; each is taken with at least even odds."""
MOST_FAILURES = 4
"""Of one resource in one rollout; further ones are left out."""


@njit(cache=True, inline="always")
def mix(x):  # type: ignore[no-untyped-def]
    """SplitMix64's finaliser of an unsigned 64-bit word."""
    x = np.uint64(x) + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@njit(cache=True)
def uniform(key: int, purpose: int, a: int, b: int, c: int) -> float:
    """In (0, 1), of a rollout's key and a purpose."""
    word = (np.uint64(purpose) * np.uint64(4096) + np.uint64(a)) * np.uint64(64) + np.uint64(b)
    h = mix(np.uint64(key) ^ mix(word * np.uint64(16) + np.uint64(c)))
    return (np.float64(h >> np.uint64(11)) + 0.5) * 1.1102230246251565e-16


@njit(cache=True)
def factor(key: int, purpose: int, a: int, b: int, c: int, spread: float) -> float:
    """Lognormal with mean 1; the normal deviate is that of Box and Muller (1958)."""
    if spread == 0.0:
        return 1.0
    u = uniform(key, purpose, a, b, 2 * c)
    v = uniform(key, purpose, a, b, 2 * c + 1)
    z = np.sqrt(-2.0 * np.log(u)) * np.cos(2.0 * np.pi * v)
    return float(np.exp(spread * z - 0.5 * spread * spread))


@njit(cache=True)
def longer(key: int, purpose: int, a: int, spread: float, least: float) -> float:
    """A `factor` of which is known that it is above `least`: work that has not ended yet.

    By rejection: plain normal deviates where at least every second one is above, else translated
    exponential ones (Robert, Statistics and Computing 5, 1995).
    """
    if spread == 0.0:
        return max(1.0, least)
    low = -np.inf if least <= 0.0 else (np.log(least) + 0.5 * spread * spread) / spread
    z = low
    for i in range(_ATTEMPTS):
        u = uniform(key, purpose, a, i, 0)
        v = uniform(key, purpose, a, i, 1)
        if low <= 0.0:
            z = np.sqrt(-2.0 * np.log(u)) * np.cos(2.0 * np.pi * v)
            if z > low:
                break
        else:
            rate = 0.5 * (low + np.sqrt(low * low + 4.0))
            z = low - np.log(u) / rate
            if v <= np.exp(-0.5 * (z - rate) ** 2):
                break
    return float(np.exp(spread * max(z, low) - 0.5 * spread * spread))


@njit(cache=True)
def mean_longer(spread: float, least: float) -> float:
    """Mean of `longer`: that of a lognormal with mean 1 above `least`."""
    if spread == 0.0 or least <= 0.0:
        return max(1.0, least)
    low = (np.log(least) + 0.5 * spread * spread) / spread
    above = math.erfc(low / math.sqrt(2.0))
    if above < 1e-280:  # so far out there is nothing but the edge
        return least
    return math.erfc((low - spread) / math.sqrt(2.0)) / above


@njit(cache=True)
def exponential(key: int, purpose: int, a: int, b: int, c: int, mean: float) -> float:
    """Exponential with a mean."""
    return float(-mean * np.log(uniform(key, purpose, a, b, c)))


@njit(cache=True)
def windows_of(
    key: int,
    now: float,
    known: F64,
    uptime: F64,
    repair: F64,
    slow: float,
    slow_speed: float,
    out: F64,
    count: NDArray[np.int64],
) -> None:
    """Known windows with their uncertain ends, and failures from `now` on.

    Args:
        key: of the rollout; with `slow` below 0 there are no failures and no uncertainty.
        now: [s].
        known: as `Line.windows`, shape (k, 5).
        uptime: shape (m,) [s].
        repair: shape (m,) [s].
        slow: chance that a failure slows and does not stop.
        slow_speed: then.
        out: filled with from, to, speed, shape (m, k + MOST_FAILURES, 3).
        count: filled with how many each resource has, shape (m,).
    """
    count[:] = 0
    for k in range(len(known)):
        r = int(known[k, 0])
        end = known[k, 2]
        if known[k, 4] > 0 and end > now and slow >= 0:
            # one that has begun has not ended yet
            length = end - known[k, 1]
            least = (now - known[k, 1]) / length
            end = known[k, 1] + length * longer(key, WINDOW, k, known[k, 4], least)
        out[r, count[r], 0], out[r, count[r], 1] = known[k, 1], end
        out[r, count[r], 2] = known[k, 3]
        count[r] += 1
    if slow < 0:
        return
    for r in range(len(uptime)):
        t = now
        for i in range(MOST_FAILURES):
            if not np.isfinite(uptime[r]):
                break
            t += exponential(key, FAILURE, r, i, 0, uptime[r])
            length = exponential(key, FAILURE, r, i, 1, repair[r])
            speed = slow_speed if uniform(key, FAILURE, r, i, 2) < slow else 0.0
            out[r, count[r], 0], out[r, count[r], 1], out[r, count[r], 2] = t, t + length, speed
            count[r] += 1
            t += length
